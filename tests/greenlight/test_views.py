"""What people read: a proposal on a page, the list, where something stands."""

from datetime import timedelta
from io import StringIO

import pytest
from rich.console import Console

from approvals.rules.state import FINAL as FINAL_STATES
from approvals.rules.state import Status
from greenlight import views
from greenlight.story import tell
from greenlight.views import STATUSES, line, listing, proposal, stage_bar, state, status_sentence
from tests.greenlight.played import BEGUN, PLAN, Played


@pytest.fixture(autouse=True)
def in_utc(monkeypatch):
    """Readers see their own time; here it is UTC."""
    monkeypatch.setattr(views, "clock_time", lambda instant: f"{instant:%a %d %b %Y, %H:%M}")


def text_of(renderable, width=80):
    """What is printed, without the spaces at the ends of lines."""
    shown = StringIO()
    Console(width=width, file=shown, markup=False).print(renderable)
    return "\n".join(row.rstrip() for row in shown.getvalue().splitlines())


@pytest.fixture
def bridge():
    """The footbridge in its first stage, one answer given for somebody else."""
    bridge = Played("footbridge", files=(PLAN,)).checked()
    bridge.do("delegate", **{"from": "Mara Lindqvist", "to": "Sami Virtanen"})
    return bridge.do("decisions", approver="Jonas Weber", decision="approve")


def test_the_states_equal_those_of_the_app():
    """The command line does not import the app to print a word."""
    assert set(STATUSES) == set(Status)
    assert set(views.FINAL) == FINAL_STATES


def test_a_page_shows_who_is_waited_for_and_until_when(bridge):
    """That is why people open it."""
    page = text_of(proposal(bridge.shown, (), bridge.now))
    assert "waits for    Amara Okafor and Sami Virtanen (for Mara Lindqvist)" in page.replace(
        "Sami Virtanen (for Mara Lindqvist) and Amara Okafor", "Amara Okafor and Sami Virtanen (for Mara Lindqvist)"
    )
    assert "deadline     Tue 24 Nov 2026, 09:04 (in 2 days 23 hours)" in page
    assert "cost         148,500 EUR" in page
    assert "site-plan.png" in page


def test_a_page_shows_the_stages_with_their_answers(bridge):
    """Past, present and future ones."""
    page = text_of(proposal(bridge.shown, (), bridge.now))
    assert "▶  design  asked now; Jonas Weber: approve" in page
    assert "·  works   to come: Piotr Nowak and Leila Haddad" in page


def test_a_page_fits_eighty_columns(bridge):
    """The default width of a terminal."""
    bridge.do("comments", by="Ines Carvalho", comment="x" * 500)
    page = text_of(proposal(bridge.shown, tell(bridge.raw), bridge.now))
    assert max(len(row) for row in page.splitlines()) <= 80


def test_a_proposal_with_requested_changes_shows_them():
    """The author is waited for, and the stage is paused."""
    lane = Played("cycle-lane").checked().do("changes", approver="Leila Haddad", comment="Keep two spaces.")
    page = text_of(proposal(lane.shown, (), lane.now))
    assert "waits for    Ines Carvalho, for the changes that Leila Haddad wants" in page
    assert "‖  traffic  on hold" in page
    assert text_of(status_sentence(lane.shown, lane.now), 200) == (
        "changes requested by Leila Haddad, until Mon 21 Dec 2026, 09:09 (in 30 days)"
    )


def test_the_state_is_one_sentence(bridge):
    """After every command that changes something."""
    assert text_of(status_sentence(bridge.shown, bridge.now), 200).startswith("in review: design waits for ")
    lights = Played("market-lights").checked().wait(hours=49).wait(hours=25)
    assert text_of(status_sentence(lights.shown, lights.now), 200).startswith("expired, stage")
    avenue = Played("tree-avenue").checked().do("withdraw", by="Tomasz Zielinski")
    assert text_of(status_sentence(avenue.shown, avenue.now), 200).startswith("withdrawn")


def test_each_stage_in_the_bar_has_a_mark(bridge):
    """For the live page."""
    assert text_of(stage_bar(bridge.shown)) == "▶ design → · works → · budget"
    assert "the documents are checked first" in text_of(stage_bar(Played("footbridge").shown))


def test_a_one_line_event_has_no_line_end(bridge):
    """For a log that is searched by line."""
    bridge.do("comments", by="Ines Carvalho", comment="two\nlines")
    words = line(tell(bridge.raw)[-1]).plain
    assert "\n" not in words
    assert words.endswith("Ines Carvalho comments (“two lines”)")


def row(**more):
    """A line of the list."""
    return {
        "proposalId": "3f2a1b9c4e0d4c0f8f0f1b2a3c4d5e6f",
        "title": "Mill Stream footbridge",
        "status": "inReview",
        "waitingFor": ["Amara Okafor"],
        "deadline": (BEGUN + timedelta(hours=30)).isoformat(),
    } | more


def test_the_list_has_one_line_for_each_proposal_in_eighty_columns():
    """With any title and any people."""
    rows = [row(), row(title="An endless title " * 9, waitingFor=["Somebody With A Long Name"] * 4)]
    shown = text_of(listing(rows, BEGUN)).splitlines()
    assert len(shown) == 3
    assert max(len(each) for each in shown) <= 80
    assert shown[1].split() == [
        "3f2a1b9c",
        "Mill",
        "Stream",
        "footbridge",
        "in",
        "review",
        "Amara",
        "Okafor",
        "1",
        "day",
        "6",
        "hours",
    ]


@pytest.mark.parametrize(
    ("left", "words"),
    [({"hours": 47, "minutes": 30}, "1 day 23 hours"), ({"seconds": 20}, "< 1 minute"), ({"hours": -1}, "over")],
)
def test_the_list_shows_the_time_left(left, words):
    """In two units; also after a deadline that nobody has processed yet."""
    shown = text_of(listing([row(deadline=(BEGUN + timedelta(**left)).isoformat())], BEGUN))
    assert shown.endswith(words)


def test_a_state_of_a_newer_app_is_shown_unchanged():
    """It must not vanish."""
    assert state("onHold").plain == "onHold"


def test_a_title_cannot_control_the_terminal(bridge):
    """Nor is markup in it interpreted."""
    page = text_of(proposal(bridge.shown | {"title": "[red]\x1b[2J"}, (), bridge.now))
    assert page.startswith("[red]\\u001b[2J")
