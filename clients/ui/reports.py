"""ShowReports, GetReport: how long stages take and where proposals wait, as a page, as pictures and as CSV."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache

import azure.durable_functions as df
import azure.functions as func

from approvals.reports import Report, report
from clients.web.freshness import keep
from clients.web.headers import page_headers
from clients.web.identity import level
from clients.web.outages import answers_outages
from clients.web.page_outages import unavailable
from clients.web.page_replies import explain, show_kept
from clients.web.responses import send
from clients.web.roles import READERS, may_read_reports
from clients.web.visitors import Visitor, shell, visitor
from gateways import clock
from gateways.report_rows import MOST_REPORTED, Rows, open_report_rows
from pages.charts import outcomes_chart, stages_chart, style_of
from pages.reports import as_csv, reports_page, tables

bp = df.Blueprint()

_CHARTS: dict[str, Callable[[Report], str]] = {"outcomes.svg": outcomes_chart, "stages.svg": stages_chart}


@bp.function_name(name="ShowReports")
@bp.route(route="ui/reports", methods=["GET"], auth_level=level())
@answers_outages(unavailable)
async def show_reports(req: func.HttpRequest) -> func.HttpResponse:
    """Show the page to somebody who may read reports, else 403."""
    who = _reader(req)
    if isinstance(who, func.HttpResponse):
        return who
    return show_kept(req, reports_page(shell(who, "reports"), await _report(), most=MOST_REPORTED))


@bp.function_name(name="GetReport")
@bp.route(route="ui/reports/{name}", methods=["GET"], auth_level=level())
@answers_outages(unavailable)
async def get_report(req: func.HttpRequest) -> func.HttpResponse:
    """Return a chart of the page as SVG, or one of its tables as CSV: 404 for what is neither."""
    who = _reader(req)
    if isinstance(who, func.HttpResponse):
        return who
    name = req.route_params["name"]
    table, dot, kind = name.partition(".")
    if name in _CHARTS:
        svg = await asyncio.to_thread(_draw_chart, name, await _report())
        return keep(req, send(svg, headers=page_headers(style_of(svg)), mimetype="image/svg+xml"))
    found = tables(await _report()) if (dot, kind) == (".", "csv") else {}
    if table not in found:
        return explain(404, "There is no such report", "The reports page lists all reports.")
    headers = page_headers("") | {"Content-Disposition": f'attachment; filename="{table}.csv"'}
    return keep(req, send(as_csv(found[table]), headers=headers, mimetype="text/csv"))


@lru_cache(maxsize=2 * len(_CHARTS))
def _draw_chart(name: str, report: Report) -> str:
    """Draw a chart of the same report once, for everybody who looks at it and for whoever has it already."""
    return _CHARTS[name](report)


async def _report() -> Report:
    """Return the report. It is read and added up in a thread, so that other requests need not wait."""
    return await asyncio.to_thread(_latest)


def _latest() -> Report:
    return _added_up(open_report_rows().read(), clock.now().replace(second=0, microsecond=0))


@lru_cache(maxsize=2)
def _added_up(rows: Rows, minute: datetime) -> Report:
    """Add the same rows up once a minute, for the page, its charts and its tables."""
    return report(rows.proposals, now=minute)


def _reader(req: func.HttpRequest) -> Visitor | func.HttpResponse:
    who = visitor(req)
    if isinstance(who, func.HttpResponse):
        return who
    if may_read_reports(who.name):
        return who
    return explain(
        403,
        "You may not read reports",
        "Reports cover everybody's proposals.",
        f"An operator can add your name to the setting {READERS}.",
    )
