"""Reports: figures for those who may read them, as a page, as pictures and as CSV."""

import csv
import io
import xml.etree.ElementTree as ET

import pytest

from clients.ui.reports import get_report, show_reports
from gateways import report_rows
from tests.clients.front import FORM, Front
from tests.clients.ui.pages import Browser, Shown
from tests.security.test_s13_headers_and_markup import faults

PATH = "/api/ui/reports"


@pytest.fixture(autouse=True)
def _readers(monkeypatch):
    """Everybody may read, and what is known is asked for anew."""
    monkeypatch.setenv("AUTH_MODE", "development")
    monkeypatch.setenv("REPORT_READERS", "*")
    report_rows._report_rows_of.cache_clear()


async def read(name: str) -> Shown:
    """Ask for a part of the report."""
    return await Browser(user="Mara").get(get_report, f"{PATH}/{name}", {"name": name})


async def ended(client, title: str, stage: str) -> None:
    """Let a proposal be approved in a stage of that name."""
    front = Front(client)
    policy = {"stages": [{"name": stage, "approvers": ["Mara"]}]}
    proposal = await front.begin({**FORM, "title": title, "policy": policy})
    assert (await front.act(proposal, "decisions", {"approver": "Mara", "decision": "approve"})).status == 200
    await front.check(proposal)


async def waiting(client, stage: str) -> None:
    """Let a proposal wait in a stage of that name."""
    front = Front(client)
    await front.check(await front.begin({**FORM, "policy": {"stages": [{"name": stage, "approvers": ["Cem"]}]}}))


async def test_an_ended_proposal_is_in_the_figures(client):
    """In its stage and its month."""
    await ended(client, "Reported", "reporting")
    await waiting(client, "open")
    page = await Browser(user="Mara").get(show_reports, PATH)
    assert page.status == 200
    assert "reporting" in page.html
    assert "<bdi>open</bdi>" in page.html
    rows = list(csv.reader(io.StringIO((await read("outcomes.csv")).html.lstrip("\ufeff"))))
    assert rows[0][:3] == ["month", "submitted", "approved"]
    assert int(rows[-1][2]) >= 1


@pytest.mark.parametrize("name", ["outcomes.svg", "stages.svg"])
async def test_a_chart_is_a_picture_without_script_that_the_headers_allow(client, name):
    """It loads nothing from elsewhere."""
    await ended(client, "Drawn", "<drawn> & stage")
    chart = await read(name)
    assert chart.status == 200
    assert ET.fromstring(chart.html).tag.endswith("svg")
    assert "<script" not in chart.html
    assert 'href="http' not in chart.html
    assert faults(chart.headers) == []


async def test_a_cell_is_never_a_formula(client):
    """A stage may have any name."""
    await ended(client, "Summed", "=SUM(A1)")
    cells = [row[0] for row in csv.reader(io.StringIO((await read("stages.csv")).html.lstrip("\ufeff")))]
    assert "'=SUM(A1)" in cells
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]


@pytest.mark.parametrize("name", ["nothing.csv", "stages.pdf", "stages", "../x"])
async def test_an_unknown_report_is_404(name):
    """With a page that says so."""
    assert (await read(name)).status == 404


@pytest.mark.parametrize(("readers", "status"), [("", 403), ("Jonas; Ines", 403), ("jonas; MARA", 200), ("*", 200)])
async def test_only_people_named_by_the_setting_see_reports(monkeypatch, readers, status):
    """They cover everybody's proposals."""
    monkeypatch.setenv("REPORT_READERS", readers)
    assert (await Browser(user="Mara").get(show_reports, PATH)).status == status
    assert (await read("outcomes.csv")).status == status
