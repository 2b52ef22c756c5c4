"""Following a proposal: what is new is told once, a short absence is borne, and the exit status is the outcome."""

import json
from io import StringIO

import pytest
from rich.console import Console

from greenlight.errors import AnswerLost, Unreachable
from greenlight.story import tell
from greenlight.watching import PATIENCE, Page, Watch
from tests.greenlight.played import Played


class Following:
    """An API that is a step further at each look; an error stands for a look that fails."""

    def __init__(self, *steps):
        self._steps = list(steps)
        self._last = None

    def proposal(self, _):
        step = self._steps.pop(0) if self._steps else self._last
        if isinstance(step, Exception):
            raise step
        self._last = step
        return step[0]

    def audit(self, _):
        return {"entries": self._last[1]}


def step(played):
    """What the API shows now."""
    return played.shown, played.raw


@pytest.fixture
def played():
    """The library's terrace at three moments."""
    played = Played("library-roof")
    moments = [step(played), step(played.checked())]
    played.do("decisions", approver="Sven Dahl", decision="reject")
    return [*moments, step(played)]


@pytest.fixture
def watch():
    """A watch that takes no time, with what it has seen."""

    def watching(*steps):
        seen, pauses, missed = [], [], []
        clock = iter(range(0, 10_000, 10))
        following = Watch(
            api=Following(*steps),
            proposal="3f2a1b9c",
            see=lambda _view, entries: seen.extend(entry["number"] for entry in entries),
            miss=missed.append,
            pause=pauses.append,
            clock=lambda: next(clock),
        )
        return following, seen, pauses, missed

    return watching


def test_every_event_is_shown_once(watch, played):
    """Whenever the proposal is read."""
    following, seen, _, _ = watch(played[0], played[0], played[1], played[1], played[2])
    assert following.run()["status"] == "rejected"
    assert seen == [1, 2, 3, 4, 5, 6]


def test_polls_become_less_frequent_while_nothing_happens(watch, played):
    """And frequent again after an event."""
    following, _, pauses, _ = watch(*[played[0]] * 30, played[1], played[2])
    following.run()
    assert pauses[:2] == [0.5, 0.65]
    assert max(pauses) == 10.0
    assert pauses[-1] == 0.5


def test_a_short_outage_does_not_end_the_watch(watch, played):
    """A host restarts, and the proposal goes on."""
    away = Unreachable("away", "")
    following, seen, _, missed = watch(played[0], away, AnswerLost("lost", ""), played[2])
    assert following.run()["status"] == "rejected"
    assert seen[-1] == 6
    assert len(missed) == 2


def test_a_long_outage_ends_the_watch(watch, played):
    """After two minutes."""
    following, _, _, missed = watch(played[0], *[Unreachable("away", "")] * 100)
    with pytest.raises(Unreachable):
        following.run()
    assert len(missed) == PATIENCE // 10


def test_a_host_that_was_never_reachable_is_reported_at_once(watch):
    """Nobody waits two minutes for a wrong address."""
    following, _, _, missed = watch(Unreachable("away", ""))
    with pytest.raises(Unreachable):
        following.run()
    assert missed == []


def test_in_a_pipe_each_event_has_a_line(run, server, played):
    """Exit status 1: the proposal was rejected."""
    view, entries = played[2]
    server.will(200, view).will(200, view).will(200, {"entries": entries})
    result = run("watch", "3f2a1b9c", "--url", server.url)
    assert result.exit_code == 1
    assert len(result.output.splitlines()) == len(entries)
    assert result.output.splitlines()[-1].endswith("the end: rejected (decided by Sven Dahl · stage 'safety and use')")


def test_json_output_has_a_line_for_each_entry_and_the_end_last(run, server, played):
    """So that a program need not poll itself."""
    view, entries = played[2]
    server.will(200, view).will(200, view).will(200, {"entries": entries})
    result = run("watch", "3f2a1b9c", "--json", "--url", server.url)
    assert result.exit_code == 1
    assert [json.loads(row) for row in result.stdout.splitlines()] == [*entries, view]


def test_an_approval_is_exit_status_zero(run, server):
    """A script can go on after it."""
    kerbs = Played("kerb-repairs").checked().wait(hours=25)
    server.will(200, kerbs.shown).will(200, kerbs.shown).will(200, {"entries": kerbs.raw})
    assert run("watch", "3f2a1b9c", "--url", server.url).exit_code == 0


def test_an_unknown_id_is_exit_status_two(run, server):
    """It is no outcome."""
    server.refuses(404, "There is no proposal.")
    assert run("watch", "3f2a1b9c", "--url", server.url).exit_code == 2


def test_the_live_page_fits_a_small_terminal(played):
    """The state stays above the newest events."""
    shown = StringIO()
    console = Console(file=shown, width=80, height=14, force_terminal=True, color_system=None)
    page = Page(console=console)
    console.print(page)
    view, entries = played[1]
    page.turn(view, tell(entries))
    console.print(page)
    page.miss(Unreachable("Greenlight does not answer.", ""))
    console.print(page)
    text = shown.getvalue()
    assert "in review: safety and use waits for" in text
    assert "▶ safety and use" in text
    assert "Greenlight does not answer. Trying again ..." in text
    assert "hands it in" not in text
    page.turn(*_last(played))
    console.print(page.whole())
    assert "the end: rejected" in shown.getvalue()


def _last(played):
    view, entries = played[2]
    return json.loads(json.dumps(view)), tell(entries)
