"""The commands that only read: the list, one proposal on a page, a document of it."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.text import Text

from greenlight.api import Json
from greenlight.completion import proposal_ids
from greenlight.errors import GreenlightError
from greenlight.session import Session, print_json, with_json, with_session
from greenlight.story import tell
from greenlight.texts import one_line
from greenlight.times import present
from greenlight.views import STATUSES, listing, proposal

_ID = click.argument("given", metavar="ID", shell_complete=proposal_ids)
_LARGEST_PAGE = 100


@click.command("list")
@click.option("--status", type=click.Choice(STATUSES, case_sensitive=False), help="One of the nine states.")
@click.option("--approver", metavar="NAME", help="Only those that wait for this person.")
@click.option("--author", metavar="NAME")
@click.option("-n", "--limit", type=click.IntRange(min=1), default=25, show_default=True, help="How many at most.")
@click.option("--all", "everything", is_flag=True, help="All of them.")
@click.option("--token", metavar="TOKEN", help="Continue after the end of a list with --json.")
@with_json
@with_session
def list_proposals(
    session: Session, *, limit: int, everything: bool, token: str | None, **narrowed: str | None
) -> None:
    """List proposals, the newest first.

    In a pipe, each line has the whole id, the status, the title and the people that the proposal waits for, separated
    by tabs.
    """
    rows, rest = _collect(session, None if everything else limit, token, narrowed)
    if session.as_json:
        print_json({"proposals": rows, "continuationToken": rest})
        return
    if not session.out.is_terminal:
        for row in rows:
            waiting = ", ".join(one_line(each) for each in row["waitingFor"])
            click.echo("\t".join((row["proposalId"], row["status"], one_line(row["title"]), waiting)))
        return
    if not rows:
        session.say("There are no such proposals." if any(narrowed.values()) else "There are no proposals yet.")
        return
    session.put(listing(rows, datetime.now(UTC)))
    if rest:
        session.say(f"These are the newest {len(rows)}; for more, --limit {2 * limit} or --all.", "dim")


@click.command()
@_ID
@with_json
@with_session
def show(session: Session, *, given: str) -> None:
    """Show everything about a proposal.

    Its status, the people it waits for, the deadline, its documents, and what happened.
    """
    view = session.proposal(given)
    if session.as_json:
        print_json(view)
        return
    record = session.api.audit(view["proposalId"])
    session.put(proposal(view, tell(record["entries"]), present(view)))


@click.command()
@_ID
@click.argument("name")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, allow_dash=True), help="The file to write; - is standard output."
)
@with_session
def download(session: Session, *, given: str, name: str, output: Path | None) -> None:
    """Download a document of a proposal."""
    content = session.on(given, lambda whole: session.api.attachment(whole, name))
    if str(output) == "-":
        sys.stdout.buffer.write(content)
        return
    # Another person chose the name: only its last part is used, and it never overwrites a file.
    path = output or Path(Path(name).name)
    if output is None and path.exists():
        raise GreenlightError(f"{path} already exists.", "Choose another file: --output FILE.")
    try:
        path.write_bytes(content)
    except OSError as error:
        raise GreenlightError(f"{path} cannot be written: {error.strerror}.", "Choose another --output.") from error
    session.put(Text(f"{one_line(path)}, {len(content):,} bytes"))


def _collect(
    session: Session, limit: int | None, token: str | None, narrowed: dict[str, str | None]
) -> tuple[list[Json], str | None]:
    """Return rows of as many pages as it takes, and the token of the rest."""
    rows = list[Json]()
    while limit is None or len(rows) < limit:
        top = _LARGEST_PAGE if limit is None else min(limit - len(rows), _LARGEST_PAGE)
        page = session.api.page(top=top, token=token, **narrowed)
        rows += page["proposals"]
        token = page.get("continuationToken")
        if not token:
            break
    return rows, token
