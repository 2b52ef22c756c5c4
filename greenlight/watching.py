"""`watch`: follows a proposal to its end, as a live page on a terminal and as one line per event in a pipe."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import click
from click.exceptions import Exit
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from greenlight.api import Api, Json
from greenlight.completion import proposal_ids
from greenlight.errors import NO, AnswerLost, Unreachable
from greenlight.session import Session, print_json, with_json, with_session
from greenlight.story import Event, tell
from greenlight.texts import one_line
from greenlight.times import present
from greenlight.views import FINAL, line, stage_bar, status_sentence, timeline

SHORTEST_PAUSE = 0.5
LONGEST_PAUSE = 10.0
"""Seconds between two polls: short after an event, long while nothing happens."""
PATIENCE = 120.0
"""Seconds that a host may be away, as during a restart."""
LINES_BESIDE = 8
"""Lines of the live page above the events, and one for the prompt below."""
LINES_AN_EVENT = 3
"""Lines that an event may take."""
STOPPED = 130


@dataclass(slots=True, kw_only=True)
class Watch:
    """Polls one proposal; calls `see` with it and the new entries of its record."""

    api: Api
    proposal: str
    see: Callable[[Json, Sequence[Json]], None]
    miss: Callable[[Unreachable], None]
    pause: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    _told: int = field(default=0, init=False)

    def run(self) -> Json:
        """Return the proposal as it ended; raises Unreachable if the host stays away."""
        length = SHORTEST_PAUSE
        while True:
            view = self._look()
            entries = list[Json]()
            if view["entries"] > self._told:
                entries = [each for each in self._record() if each["number"] > self._told]
                self._told = max([self._told, *(each["number"] for each in entries)])
                length = SHORTEST_PAUSE
            self.see(view, entries)
            if view["status"] in FINAL:
                return view
            self.pause(length)
            length = min(length * 1.3, LONGEST_PAUSE)

    def _look(self) -> Json:
        return self._patiently(lambda: self.api.proposal(self.proposal))

    def _record(self) -> list[Json]:
        entries: list[Json] = self._patiently(lambda: self.api.audit(self.proposal))["entries"]
        return entries

    def _patiently(self, ask: Callable[[], Json]) -> Json:
        give_up = self.clock() + PATIENCE
        while True:
            try:
                return ask()
            except Unreachable as error:
                # A host that never answered is reported at once.
                if self.clock() > give_up or (self._told == 0 and not isinstance(error, AnswerLost)):
                    raise
                self.miss(error)
                self.pause(1.0)


@click.command()
@click.argument("given", metavar="ID", shell_complete=proposal_ids)
@with_json
@with_session
def watch(session: Session, *, given: str) -> None:
    """Follow a proposal to its end.

    With --json, each new entry of the record is one line of JSON; the last line is the proposal as it ended.

    Exit status: 0 approved, 1 another end, 2 if it could not be followed. Ctrl-C stops watching, not the proposal.
    """
    proposal = str(session.proposal(given)["proposalId"])
    try:
        ended = _follow(session)(session, proposal)
    except KeyboardInterrupt:
        session.say("Stopped watching; the proposal goes on.", "dim")
        raise Exit(STOPPED) from None
    if ended["status"] != "approved":
        raise Exit(NO)


def _follow(session: Session) -> Callable[[Session, str], Json]:
    """Return how events are shown: for programs, on a terminal, or in a log."""
    if session.as_json:
        return _in_json
    return _live if session.out.is_terminal else _in_lines


def _in_json(session: Session, proposal: str) -> Json:
    def see(_view: Json, entries: Sequence[Json]) -> None:
        for entry in entries:
            print_json(entry, indent=None)

    ended = Watch(api=session.api, proposal=proposal, see=see, miss=lambda _: None).run()
    print_json(ended, indent=None)
    return ended


def _in_lines(session: Session, proposal: str) -> Json:
    def see(_view: Json, entries: Sequence[Json]) -> None:
        for event in tell(entries):
            click.echo(line(event).plain)

    return Watch(api=session.api, proposal=proposal, see=see, miss=lambda _: None).run()


def _live(session: Session, proposal: str) -> Json:
    page = Page(console=session.out)
    with Live(page, console=session.out, refresh_per_second=4, transient=True) as live:

        def see(view: Json, entries: Sequence[Json]) -> None:
            page.turn(view, tell(entries))
            live.refresh()

        ended = Watch(api=session.api, proposal=proposal, see=see, miss=page.miss).run()
    session.put(page.whole())
    return ended


@dataclass(slots=True, kw_only=True)
class Page:
    """What a terminal shows while it waits."""

    console: Console
    _view: Json | None = field(default=None, init=False)
    _events: list[Event] = field(default_factory=list, init=False)
    _missing: str = field(default="", init=False)
    _spinner: Spinner = field(default_factory=lambda: Spinner("dots"), init=False)

    def turn(self, view: Json, events: Sequence[Event]) -> None:
        """Show the status now."""
        self._view, self._missing = view, ""
        self._events.extend(events)

    def miss(self, error: Unreachable) -> None:
        """Show that the host does not answer now."""
        self._missing = f"{error.happened} Trying again ..."

    def __rich__(self) -> RenderableType:
        """Draw the page as it is while watching."""
        if self._view is None:
            return self._spinner
        now: RenderableType = Text(self._missing, "yellow") if self._missing else self._render_waiting()
        latest = max(1, (self.console.height - LINES_BESIDE) // LINES_AN_EVENT)
        return Group(self._head(self._view), now, "", timeline(self._events[-latest:]))

    def whole(self) -> RenderableType:
        """Draw what is left on the terminal at the end."""
        assert self._view  # there is an end only of what was seen
        return Group(
            self._head(self._view), timeline(self._events), "", status_sentence(self._view, present(self._view))
        )

    def _head(self, view: Json) -> RenderableType:
        return Group(Text(one_line(view["title"]), "bold"), stage_bar(view), "")

    def _render_waiting(self) -> RenderableType:
        assert self._view  # drawn only with one
        table = Table.grid(padding=(0, 1, 0, 0))
        table.add_row(self._spinner, status_sentence(self._view, present(self._view)))
        return table
