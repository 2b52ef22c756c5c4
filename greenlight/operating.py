"""`ops`: what operators look at and do: workflows that need help, messages put aside, letters not sent."""

from collections.abc import Callable, Sequence
from datetime import datetime

import click
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from approvals.words.histories import history_in_words
from greenlight.api import Json
from greenlight.completion import proposal_ids
from greenlight.session import Session, print_json, with_json, with_session
from greenlight.texts import one_line
from greenlight.times import clock_time, distance, moment

_ID = click.argument("instance", metavar="ID", shell_complete=proposal_ids)
_WHY = click.option("-m", "--reason", default="", metavar="TEXT", help="Why; it is recorded.")
_YES = click.option("--yes", is_flag=True, help="Even if its proposal is still open.")
_LONGEST = 200
"""Characters of a message in the list; --json prints all that was kept."""


@click.group()
def ops() -> None:
    """Look after workflows, messages and letters; needs a function key.

    Every change is recorded under your name. Nothing here decides a proposal.
    """


@ops.command("list")
@with_json
@with_session
def list_operations(session: Session) -> None:
    """Show what needs attention, and the last automatic runs."""
    view = session.api.operations()
    if session.as_json:
        print_json(view)
        return
    now = moment(view["now"])
    _section(session, f"Stuck: {view['stuckCount']}", [
        (each["proposalId"], each["reason"], each["done"]) for each in view["stuck"]
    ])  # fmt: skip
    more = "+" if view["moreFailed"] else ""
    _section(session, f"Failed: {len(view['failed'])}{more}", [
        (each["instanceId"], each["workflow"], each["status"], each["reason"], _since(each["updatedAt"], now))
        for each in view["failed"]
    ])  # fmt: skip
    _section(session, f"Messages put aside: {len(view['messages'])}", _messages(view, now))
    _section(session, f"Letters not sent: {len(view['letters'])}", _letters(view, now))
    _section(session, "Last runs", [
        (each["name"], _since(each["at"], now), ", ".join(f"{name} {value}" for name, value in each["line"].items()))
        for each in view["runs"]
    ])  # fmt: skip
    _section(session, "What operators did last", [
        (_since(each["at"], now), each["by"], each["act"], each["target"], each["outcome"]) for each in view["acts"]
    ])  # fmt: skip


@ops.command()
@_ID
@with_json
@with_session
def history(session: Session, *, instance: str) -> None:
    """Show what a workflow did, one line per event; a proposal's workflow has the proposal's id."""
    view = session.on(instance, session.api.history)
    if session.as_json:
        print_json(view)
        return
    session.put(Text(f"{one_line(view['instanceId'])}: {one_line(view['name'])}, {view['runtimeStatus']}", "bold"))
    for line in history_in_words(view.get("historyEvents") or ()):
        at = f"{clock_time(line.at, seconds=True)}  " if line.at else ""
        session.put(Text.assemble((at, "dim"), (one_line(line.sentence), "red" if line.bad else "")))


@ops.command()
@_ID
@_WHY
@_YES
@with_json
@with_session
def terminate(session: Session, *, instance: str, reason: str, yes: bool) -> None:
    """End a workflow now.

    For an open proposal, add --yes: the sweep records the proposal as failed, and its people get a letter. It is
    better if its author ends it: greenlight withdraw ID
    """
    _act(session, instance, "terminate", reason, even_if_open=yes)


@ops.command()
@_ID
@_WHY
@with_json
@with_session
def rewind(session: Session, *, instance: str, reason: str) -> None:
    """Retry what failed in a failed workflow; a review cannot be rewound."""
    _act(session, instance, "rewind", reason)


@ops.command()
@_ID
@_WHY
@with_json
@with_session
def resume(session: Session, *, instance: str, reason: str) -> None:
    """Resume a suspended workflow."""
    _act(session, instance, "resume", reason)


@ops.command()
@_ID
@with_json
@with_session
def wake(session: Session, *, instance: str) -> None:
    """Make a review read its record again; repeating this does no harm."""
    _act(session, instance, "wake", "")


@ops.command()
@_ID
@_WHY
@_YES
@with_json
@with_session
def purge(session: Session, *, instance: str, reason: str, yes: bool) -> None:
    """Delete the history of a workflow that has ended; one line of it stays.

    For an open proposal, add --yes: the sweep starts its workflow again.
    """
    _act(session, instance, "purge", reason, even_if_open=yes)


@ops.group()
def poison() -> None:
    """Queue messages that could not be used."""


@poison.command("list")
@with_json
@with_session
def list_messages(session: Session) -> None:
    """Show them, with the reason."""
    _list(session, "messages", _messages, "No message was put aside.")


@poison.command("send")
@click.argument("message", metavar="ID")
@with_json
@with_session
def send_message(session: Session, *, message: str) -> None:
    """Process a message again, once; if it is refused again, it stays."""
    _tell(session, session.api.operate("poison", message, "send", by=session.api.access.person()))


@poison.command()
@click.argument("message", metavar="ID")
@with_json
@with_session
def discard(session: Session, *, message: str) -> None:
    """Remove a message from the list; its row is kept, with your name."""
    _tell(session, session.api.operate("poison", message, "discard", by=session.api.access.person()))


@ops.group()
def letters() -> None:
    """Letters that were not sent."""


@letters.command("list")
@with_json
@with_session
def list_letters(session: Session) -> None:
    """Show them, with the reason."""
    _list(session, "letters", _letters, "All letters were sent.")


@letters.command("send")
@click.argument("proposal", metavar="ID")
@click.argument("key", required=False)
@with_json
@with_session
def send_letter(session: Session, *, proposal: str, key: str | None) -> None:
    """Send a proposal's unsent letters, or the one with this KEY."""
    by = session.api.access.person()
    found = session.api.operations()["letters"]
    keys = [key] if key else [each["key"] for each in found if each["proposalId"] == proposal]
    if not keys:
        session.say("All letters of this proposal were sent.")
    for each in keys:
        _tell(session, session.api.operate("letters", proposal, each, "send", by=by))


def _act(session: Session, instance: str, act: str, reason: str, *, even_if_open: bool = False) -> None:
    more = {"reason": reason} | ({"evenIfOpen": True} if even_if_open else {})
    by = session.api.access.person()
    _tell(session, session.on(instance, lambda whole: session.api.operate("instances", whole, act, by=by, **more)))


def _tell(session: Session, done: Json) -> None:
    if session.as_json:
        print_json(done)
        return
    session.say(one_line(done["sentence"]))


def _list(
    session: Session,
    kind: str,
    rows: Callable[[Json, datetime], list[tuple[str, ...]]],
    none: str,
) -> None:
    view = session.api.operations()
    if session.as_json:
        print_json(view[kind])
        return
    found = rows(view, moment(view["now"]))
    if not found:
        session.say(none)
        return
    _section(session, "", found)


def _messages(view: Json, now: datetime) -> list[tuple[str, ...]]:
    return [
        (each["id"], _since(each["at"], now), each["reason"], one_line(each["body"])[:_LONGEST])
        for each in view["messages"]
    ]


def _letters(view: Json, now: datetime) -> list[tuple[str, ...]]:
    return [
        (each["proposalId"], each["key"], each["state"], _since(each["at"], now), each["reason"])
        for each in view["letters"]
    ]


def _section(session: Session, title: str, rows: Sequence[tuple[str, ...]]) -> None:
    """Print rows under a title; in a pipe they are separated by tabs, for programs that read lines."""
    if title:
        session.put(Text(title, "bold"))
    if not rows:
        return
    if not session.out.is_terminal:
        for row in rows:
            session.say("\t".join(one_line(each) for each in row))
        return
    table = Table.grid(padding=(0, 2))
    for row in rows:
        table.add_row(*(Text(one_line(each)) for each in row))
    session.put(Padding(table, (0, 0, 0, 2)))


def _since(text: str, now: datetime) -> str:
    return distance(moment(text), now)
