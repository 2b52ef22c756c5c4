"""`audit`: the record of a proposal, shown, saved and checked; also without a host, from a file alone."""

from functools import partial
from pathlib import Path

import click
from click.exceptions import Exit
from rich.text import Text

from approvals.record.chain import Verdict, verify
from greenlight.api import Json
from greenlight.errors import NO, GreenlightError
from greenlight.files import read_bytes
from greenlight.session import Session, connected, print_json, with_json
from greenlight.story import tell
from greenlight.texts import one_line
from greenlight.views import timeline


@click.group()
def audit() -> None:
    """Look into the record of a proposal, and check it."""


@audit.command("show")
@click.argument("given", metavar="ID")
@click.option("--save", metavar="FILE", type=click.Path(path_type=Path), help="Write the record as it lies in storage.")
@with_json
@connected
def show_record(session: Session, *, given: str, save: Path | None, as_json: bool) -> None:
    """Show everything that happened, with the anchors to check it against later."""
    record = session.on(given, session.api.audit)
    if save:
        _save(save, session.on(given, session.api.record))
    if as_json:
        print_json(record)
        return
    session.put(timeline(tell(record["entries"])))
    session.put()
    _print_anchors(session, len(record["entries"]), record["head"])
    if save:
        session.say(f"Saved as {save}; check it any time: greenlight audit verify {save}", "dim")


@audit.command("verify")
@click.argument("target", metavar="ID|FILE")
@click.option("--head", metavar="HASH", help="Hash of the last entry, as it was shown before.")
@click.option("--entries", type=click.IntRange(min=1), metavar="N", help="How many entries there were then.")
@with_json
@connected
def verify_record(session: Session, *, target: str, head: str | None, entries: int | None, as_json: bool) -> None:
    """Check that a record is what was written, byte for byte.

    A FILE is one that `audit show --save` wrote; it is checked here, without a host. The record of an ID is fetched and
    checked here, and the app holds it against what it saw of it before. That lines are missing at the end of a FILE
    shows by --head and --entries, which `audit show` prints.
    """
    path = Path(target)
    # What looks like an id is one, even where a file happens to have its name without a suffix.
    is_file = bool(path.suffix) or path.parent != Path()
    if is_file:
        verdict = verify(read_bytes(path), expected_head=head, expected_entries=entries)
    else:
        verdict = session.on(target, partial(_checked_twice, session, head, entries))
    if as_json:
        print_json(_as_json(verdict))
    else:
        _print_verdict(session, verdict, anchored=not is_file or head is not None or entries is not None)
    if not verdict.ok:
        raise Exit(NO)


def _checked_twice(session: Session, head: str | None, entries: int | None, proposal: str) -> Verdict:
    """Check the bytes here; where they are well, ask the app, which knows what it saw of the record before."""
    found = verify(session.api.record(proposal), expected_head=head, expected_entries=entries)
    if not found.ok:
        return found
    told = session.api.audit(proposal, verify=True)["verdict"]
    finding = one_line(told["finding"]) if told["finding"] else None
    return Verdict(ok=told["ok"], entries=told["entries"], head=told["head"], finding=finding, line=told["line"])


def _save(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise GreenlightError(f"{path} cannot be written: {error.strerror}.", "Choose another place.") from error


def _print_anchors(session: Session, entries: int, head: str) -> None:
    session.say(f"entries  {entries}")
    session.say(f"head     {one_line(head)}")


def _print_verdict(session: Session, verdict: Verdict, *, anchored: bool) -> None:
    if verdict.ok:
        session.put(Text.assemble(("✓ ", "green"), "The record is what was written."))
        _print_anchors(session, verdict.entries, verdict.head)
        if not anchored:
            session.say("Keep these two; with --head and --entries a cut end shows as well.", "dim")
        return
    session.put(Text.assemble(("✗ ", "bold red"), f"The record is not what was written: {verdict.finding}."))
    if verdict.entries:
        before = (
            "The entry before it is as it was"
            if verdict.entries == 1
            else f"The {verdict.entries} before it are as they were"
        )
        session.say(f"{before} written.", "dim")


def _as_json(verdict: Verdict) -> Json:
    return {
        "ok": verdict.ok,
        "entries": verdict.entries,
        "head": verdict.head,
        "finding": verdict.finding,
        "line": verdict.line,
    }
