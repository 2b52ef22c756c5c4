"""`audit`: shows, saves, exports and checks the record of a proposal; a file is checked without a host."""

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click
from click.exceptions import Exit
from rich.text import Text

from approvals.record.chain import verify
from approvals.record.export import unpack, verify_export
from approvals.record.keys import Keyring, read_keyring
from approvals.record.verdict import STATE_NAMES, Anchor, State, Verdict
from approvals.validation import Invalid
from greenlight.api import Json
from greenlight.completion import proposal_ids
from greenlight.errors import NO, UNCHECKED, GreenlightError
from greenlight.files import read_bytes
from greenlight.session import Session, print_json, with_json, with_session
from greenlight.story import tell
from greenlight.texts import one_line
from greenlight.views import timeline

_ARCHIVE = b"PK"
"""Every zip archive begins with these bytes."""


@click.group()
def audit() -> None:
    """Show, export and check the record of a proposal."""


@audit.command("show")
@click.argument("given", metavar="ID", shell_complete=proposal_ids)
@click.option("--save", metavar="FILE", type=click.Path(path_type=Path), help="Write the record as it is stored.")
@with_json
@with_session
def show_record(session: Session, *, given: str, save: Path | None) -> None:
    """Show everything that happened, and the anchors to check it with later."""
    record = session.on(given, session.api.audit)
    if save:
        _save(save, session.on(given, session.api.record))
    if session.as_json:
        print_json(record)
        return
    session.put(timeline(tell(record["entries"])))
    session.put()
    _print_anchors(session, len(record["entries"]), record["head"])
    if save:
        session.say(f"Saved as {save}; check it any time: greenlight audit verify {save}", "dim")


@audit.command("export")
@click.argument("given", metavar="ID", shell_complete=proposal_ids)
@click.option(
    "-o", "--output", metavar="FILE", required=True, type=click.Path(path_type=Path), help="The file to write."
)
@click.option("--without-documents", is_flag=True, help="Write only the hashes of the files.")
@with_session
def export_record(session: Session, *, given: str, output: Path, without_documents: bool) -> None:
    """Write one zip archive: the record, its documents, and what is needed to check them without the app."""
    _save(output, session.on(given, partial(session.api.export, documents=not without_documents)))
    session.say(f"Exported to {output}; check it any time: greenlight audit verify {output}", "dim")


@audit.command("verify")
@click.argument("target", metavar="ID|FILE", shell_complete=proposal_ids)
@click.option("--head", metavar="HASH", help="Hash of the last entry, as shown earlier.")
@click.option("--entries", type=click.IntRange(min=1), metavar="N", help="Number of entries at that time.")
@click.option("--keys", metavar="FILE", type=click.Path(path_type=Path), help="Keys of the records, as id:key.")
@with_json
@with_session
def verify_record(session: Session, *, target: str, head: str | None, entries: int | None, keys: Path | None) -> None:
    """Check that a record is what was written, byte for byte.

    A FILE comes from `audit show --save` or `audit export`; it is checked here, without a host. The record of an ID is
    fetched and checked here; then the app, which has the keys, compares it with what it saw before.

    Only --head and --entries, which `audit show` prints, show that lines are missing at the end of a FILE. Only --keys
    shows who wrote the lines: without the keys, anybody could have made a file that passes.

    The exit status is 0 for a record that is whole, 1 for one that was changed, and 3 if nothing is wrong but not
    everything could be checked.
    """
    path = Path(target)
    anchors = (Anchor(head=head, entries=entries),) if head is not None or entries is not None else ()
    ring = _keys_of(keys) if keys else None
    # What looks like an id is one, even if a file without a suffix has the same name.
    if not path.suffix and path.parent == Path():
        verdict, files = session.on(target, partial(_checked_twice, session, anchors, ring)), None
    else:
        verdict, files = _checked_file(read_bytes(path), anchors, ring)
    if session.as_json:
        print_json(_as_json(verdict) | ({"files": files} if files else {}))
    else:
        _print_verdict(session, verdict, files)
    if not verdict.sound:
        raise Exit(NO)
    if not verdict.ok or (files and files["checked"] < files["named"]):
        raise Exit(UNCHECKED)


def _checked_file(content: bytes, anchors: tuple[Anchor, ...], keys: Keyring | None) -> tuple[Verdict, Json | None]:
    """Check a record, or an export with its documents; the second result is about the documents."""
    if not content.startswith(_ARCHIVE):
        return verify(content, keys=keys, anchors=anchors), None
    try:
        found = verify_export(unpack(content), keys=keys, anchors=anchors)
    except Invalid as error:
        raise GreenlightError(
            f"{str(error).capitalize()}.", "Export it again: greenlight audit export ID -o FILE"
        ) from None
    verdict = replace(found.record, state=State.DAMAGED, finding=found.finding) if found.finding else found.record
    return verdict, {"named": found.files, "checked": found.checked}


def _checked_twice(session: Session, anchors: tuple[Anchor, ...], keys: Keyring | None, proposal: str) -> Verdict:
    """Check the bytes here; if they pass, ask the app, which knows what it saw of the record before."""
    try:
        content = session.api.record(proposal)
    except GreenlightError:
        return _read_verdict(session.api.audit(proposal, verify=True)["verdict"])
    found = verify(content, keys=keys, anchors=anchors)
    return _read_verdict(session.api.audit(proposal, verify=True)["verdict"]) if found.sound else found


def _read_verdict(told: Json) -> Verdict:
    """Read the app's verdict on a record; an older app sends no state, and does not authenticate."""
    usual = State.NOT_AUTHENTICATED if told["ok"] else State.DAMAGED
    return Verdict(
        state=State(told.get("state", usual)),
        entries=told["entries"],
        authenticated=told.get("authenticated", 0),
        head=told["head"],
        finding=one_line(told["finding"]) if told["finding"] else None,
        line=told["line"],
    )


def _keys_of(path: Path) -> Keyring:
    """Read keys in the format of the app's setting, or one a line.

    Nobody here knows whether entries without authentication are older than the keys; they are reported as such.
    """
    parts = read_bytes(path).decode("utf-8", "replace").replace(",", "\n").split()
    try:
        return read_keyring(parts, since=datetime.max.replace(tzinfo=UTC))
    except Invalid as error:
        raise GreenlightError(f"{path} has no valid keys: {error}.", "Write them as id:key, one a line.") from None


def _save(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise GreenlightError(f"{path} cannot be written: {error.strerror}.", "Choose another place.") from error


def _print_anchors(session: Session, entries: int, head: str) -> None:
    session.say(f"entries  {entries}")
    session.say(f"head     {one_line(head)}")


def _print_verdict(session: Session, verdict: Verdict, files: Json | None) -> None:
    if not verdict.sound:
        _print_damage(session, verdict)
        return
    if verdict.ok:
        session.put(Text.assemble(("✓ ", "green"), "The record is what was written."))
    else:
        session.say(f"? Nothing wrong was found: {verdict.finding}.", "yellow")
    _print_anchors(session, verdict.entries, verdict.head)
    if files:
        session.say(f"files    {files['checked']} of {files['named']} are here, as they were recorded")
    if verdict.state is State.NOT_ANCHORED:
        session.say("Keep entries and head; --head and --entries also show whether the end was cut off.", "dim")


def _print_damage(session: Session, verdict: Verdict) -> None:
    finding = f"The record is not what was written, it is {STATE_NAMES[verdict.state]}: {verdict.finding}."
    session.put(Text.assemble(("✗ ", "bold red"), finding))
    if verdict.entries:
        before = "The entry before it is" if verdict.entries == 1 else f"The {verdict.entries} entries before it are"
        session.say(f"{before} unchanged.", "dim")


def _as_json(verdict: Verdict) -> Json:
    return {
        "state": verdict.state.value,
        "ok": verdict.ok,
        "entries": verdict.entries,
        "authenticated": verdict.authenticated,
        "head": verdict.head,
        "finding": verdict.finding,
        "line": verdict.line,
    }
