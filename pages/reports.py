"""The page of reports: how long stages take, where proposals wait, who is overdue, and how proposals ended."""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import datetime

from approvals.reports import OUTCOMES, Report
from approvals.visible import one_line
from pages.rendering import Page
from pages.shell import Shell, render_in_shell, state_of

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes a text that begins so for a formula."""


def reports_page(shell: Shell, report: Report, *, most: int) -> Page:
    """Return the page; its charts are pictures of their own, under `reports/…svg`. `most` proposals are reported."""
    return render_in_shell(
        "reports.html",
        shell,
        state=state_of(report),
        report=report,
        most=most,
        outcomes=OUTCOMES,
        months=[
            {"name": each.month, "submitted": each.submitted, "counts": dict(each.outcomes)} for each in report.months
        ],
        waiting=[_row(each.stage, each.count, each.oldest) for each in report.waiting],
        overdue=[_row(each.person, each.count, each.oldest) for each in report.overdue],
    )


def _row(name: str, count: int, oldest: datetime) -> dict[str, object]:
    return {"name": one_line(name), "count": count, "oldest": oldest}


def tables(report: Report) -> Mapping[str, Sequence[Sequence[object]]]:
    """Return the tables of a report by name, each with its headings in the first row."""
    return {
        "stages": [
            ("stage", "count", "medianHours", "percentile90Hours"),
            *((each.stage, each.count, round(each.median, 2), round(each.percentile_90, 2)) for each in report.stages),
        ],
        "waiting": [
            ("stage", "count", "waitingSince"),
            *((each.stage, each.count, each.oldest.isoformat()) for each in report.waiting),
        ],
        "overdue": [
            ("person", "count", "firstDeadline"),
            *((each.person, each.count, each.oldest.isoformat()) for each in report.overdue),
        ],
        "outcomes": [
            ("month", "submitted", *OUTCOMES),
            *((each.month, each.submitted, *dict(each.outcomes).values()) for each in report.months),
        ],
    }


def as_csv(rows: Sequence[Sequence[object]]) -> bytes:
    """Return a table as CSV in UTF-8 with its mark, which spreadsheets need; no cell of it is a formula."""
    text = io.StringIO()
    csv.writer(text).writerows([[_plain(cell) for cell in row] for row in rows])
    return text.getvalue().encode("utf-8-sig")


def _plain(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
