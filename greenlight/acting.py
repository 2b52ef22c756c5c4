"""The commands that act on a proposal: one verb each. Each prints the proposal's status afterwards."""

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import click
from rich.padding import Padding
from rich.text import Text

from greenlight.api import Json
from greenlight.completion import proposal_ids
from greenlight.errors import GreenlightError
from greenlight.files import content_type, files_of, read_bytes
from greenlight.session import Session, print_json, with_json, with_session
from greenlight.texts import one_line
from greenlight.times import present
from greenlight.views import status_sentence

_ID = click.argument("proposal", metavar="ID", shell_complete=proposal_ids)
_WHY = click.option("-m", "--comment", default="", metavar="TEXT", help="Your comment.")
_READ = "Hash of what you read, from `show`; needed if it has changed since you were asked."
_WHAT = click.option("-m", "--comment", required=True, metavar="TEXT", help="What should be changed.")


def _document_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say which document an answer is about."""
    with_round = click.option(
        "--round", type=click.IntRange(min=1), metavar="N", help="The same, by number of the round."
    )
    return click.option("--document", metavar="HASH", help=_READ)(with_round(command))


@click.command()
@_ID
@_WHY
@_document_options
@with_json
@with_session
def approve(session: Session, *, proposal: str, comment: str, **about: Any) -> None:
    """Approve a proposal."""
    _decide(session, proposal, "approve", comment, "You approved", about)


@click.command()
@_ID
@_WHY
@_document_options
@with_json
@with_session
def reject(session: Session, *, proposal: str, comment: str, **about: Any) -> None:
    """Reject a proposal."""
    _decide(session, proposal, "reject", comment, "You rejected", about)


@click.command()
@_ID
@click.argument("word")
@_WHY
@_document_options
@with_json
@with_session
def decide(session: Session, *, proposal: str, word: str, comment: str, **about: Any) -> None:
    """Answer with a word that the policy defines."""
    _decide(session, proposal, word, comment, f"You answered “{one_line(word)}” to", about)


@click.command()
@_ID
@_WHAT
@_document_options
@with_json
@with_session
def changes(session: Session, *, proposal: str, comment: str, **about: Any) -> None:
    """Ask the author for changes; the clock stops."""
    body = {"approver": session.api.access.person(), "comment": comment, **_given_options(about)}
    _act(session, proposal, "changes", body, "You asked for changes to")


@click.command()
@_ID
@click.option("--title")
@click.option("--summary")
@click.option("--cost", type=float)
@click.option("--currency")
@click.option("--department")
@click.option(
    "--attach",
    "files",
    multiple=True,
    metavar="FILE|FOLDER",
    type=click.Path(path_type=Path),
    help="New documents; may be repeated.",
)
@_WHY
@with_json
@with_session
def resubmit(session: Session, *, proposal: str, files: tuple[Path, ...], **options: Any) -> None:
    """Hand a proposal in again after changes.

    What you leave out stays as it is.
    """
    body = {name: value for name, value in options.items() if value not in (None, "")}
    _attach(session, proposal, files_of(files))
    _act(session, proposal, "resubmit", {"by": session.api.access.person(), **body}, "You resubmitted")


@click.command()
@_ID
@click.argument("files", metavar="FILE|FOLDER...", nargs=-1, required=True, type=click.Path(path_type=Path))
@with_json
@with_session
def attach(session: Session, *, proposal: str, files: tuple[Path, ...]) -> None:
    """Add documents, or replace those of the same name.

    A FOLDER means all its files, without hidden ones and subfolders.
    """
    documents = files_of(files)
    answers = _attach(session, proposal, documents)
    _tell(session, proposal, answers, f"You attached {', '.join(one_line(path.name) for path in documents)} to")


@click.command()
@_ID
@click.argument("text")
@with_json
@with_session
def comment(session: Session, *, proposal: str, text: str) -> None:
    """Add a comment; it decides nothing."""
    _act(session, proposal, "comments", {"by": session.api.access.person(), "comment": text}, "You commented on")


@click.command()
@_ID
@click.option("--to", required=True, metavar="NAME", help="The person who answers for you.")
@_WHY
@with_json
@with_session
def delegate(session: Session, *, proposal: str, to: str, comment: str) -> None:
    """Let somebody else answer for you.

    The record keeps both names.
    """
    body = {"from": session.api.access.person(), "to": to, "comment": comment}
    _act(session, proposal, "delegate", body, f"{one_line(to)} answers for you on")


@click.command("take-back")
@_ID
@_WHY
@with_json
@with_session
def take_back(session: Session, *, proposal: str, comment: str) -> None:
    """Take back a task that you delegated."""
    body = {"by": session.api.access.person(), "comment": comment}
    _act(session, proposal, "takeBack", body, "You have your task back on")


@click.command()
@_ID
@click.option("--from", "owner", metavar="NAME", help="The owner of the task, if not you.")
@click.option("--to", required=True, metavar="NAME", help="The new owner of the task.")
@_WHY
@with_json
@with_session
def reassign(session: Session, *, proposal: str, owner: str | None, to: str, comment: str) -> None:
    """Give a task to somebody else for good."""
    person = session.api.access.person()
    body = {"from": owner or person, "to": to, "by": person, "comment": comment}
    _act(session, proposal, "reassign", body, f"{one_line(to)} has the task now on")


@click.command()
@_ID
@with_json
@with_session
def remind(session: Session, *, proposal: str) -> None:
    """Remind the people who have not answered."""
    _act(
        session, proposal, "remind", {"by": session.api.access.person()}, "Those who have not answered are reminded of"
    )


@click.command()
@_ID
@click.option("-m", "--reason", default="", metavar="TEXT", help="Why.")
@with_json
@with_session
def withdraw(session: Session, *, proposal: str, reason: str) -> None:
    """Withdraw a proposal that you handed in."""
    _act(session, proposal, "withdraw", {"by": session.api.access.person(), "reason": reason}, "You withdrew")


def _decide(session: Session, proposal: str, word: str, comment: str, done: str, about: Json) -> None:
    body = {"approver": session.api.access.person(), "decision": word, "comment": comment, **_given_options(about)}
    _act(session, proposal, "decisions", body, done)


def _given_options(about: Json) -> Json:
    """Return the options that were given."""
    return {name: value for name, value in about.items() if value is not None}


def _act(session: Session, proposal: str, verb: str, body: Json, done: str) -> None:
    answer = session.on(proposal, lambda whole: session.api.act(whole, verb, body))
    _tell(session, proposal, answer, done)


def _attach(session: Session, proposal: str, files: Iterable[Path]) -> list[Json]:
    """Store documents and return the answers; all files are read before the first is sent."""
    answers = list[Json]()
    for path, content in [(path, read_bytes(path)) for path in files]:
        try:
            answers.append(session.on(proposal, partial(_put, session, path, content)))
        except GreenlightError as error:
            error.happened = f"{path}: {error.happened}"
            raise
    return answers


def _put(session: Session, path: Path, content: bytes, proposal: str) -> Json:
    return session.api.attach(proposal, path.name, content, content_type(path))


def _tell(session: Session, proposal: str, answer: Json | list[Json], done: str) -> None:
    """Print what was done and the new status, or the app's answer as JSON."""
    if session.as_json:
        print_json(answer)
        return
    view = session.proposal(proposal)
    session.put(Text(f"{done} “{one_line(view['title'])}”.", "bold"))
    session.put(Padding(Text("Now ").append_text(status_sentence(view, present(view))).append("."), (0, 0, 0, 2)))
