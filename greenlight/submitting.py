"""`submit` and `preview`: hand in a proposal, or ask who would have to approve it.

The proposal comes from a file, from options, or from both.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click

from approvals.words.wording import money, rule_name
from greenlight.completion import policies_and_files
from greenlight.errors import GreenlightError
from greenlight.files import files_of, read_attachment, read_object
from greenlight.session import Session, print_json, with_json, with_session
from greenlight.texts import one_line, short_id
from greenlight.times import moment
from greenlight.views import foreseen

Form = dict[str, Any]


def _describing(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that describe a proposal."""
    for option in (
        click.option(
            "--policy",
            metavar="NAME|FILE",
            shell_complete=policies_and_files,
            help="A policy of the app, or a JSON file of your own.",
        ),
        click.option("--department"),
        click.option("--currency", help="Three letters, as in EUR."),
        click.option("--cost", type=float),
        click.option("--author", help="The author, if not you."),
        click.option("--summary"),
        click.option("--title"),
        click.argument("file", required=False, type=click.Path(path_type=Path, allow_dash=True)),
    ):
        command = option(command)
    return command


@click.command()
@_describing
@click.option(
    "--attach", multiple=True, metavar="FILE|FOLDER", type=click.Path(path_type=Path), help="May be repeated."
)
@click.option("--id", "chosen", metavar="ID", help="An id of your choice; handing it in twice makes one proposal.")
@with_json
@with_session
def submit(
    session: Session, *, file: Path | None, attach: tuple[Path, ...], chosen: str | None, **options: Any
) -> None:
    """Hand in a proposal.

    FILE is JSON with the same fields as the options; - is standard input. Options win. Its attachments may be names of
    files in its folder. A FOLDER means all its files, without hidden ones and subfolders.

    \b
      greenlight submit --title "Footbridge" --cost 148500 --attach plan.pdf
      greenlight submit proposal.json --policy two-stages
    """
    form = _form(session, file, attach, options)
    if not form.get("title"):
        raise GreenlightError("The proposal has no title.", 'Add --title "…", or name a JSON FILE that has one.')
    answer = session.api.submit(form, chosen)
    if session.as_json:
        print_json(answer)
        return
    proposal = str(answer["proposalId"])
    cost = f", {money(form['cost'], form.get('currency', 'EUR'))}" if form.get("cost") else ""
    session.say(f"Handed in: {one_line(form['title'])}{cost}", "bold")
    session.say(f"  id     {proposal}")
    session.say(f"  next   greenlight watch {short_id(proposal)}")


@click.command()
@_describing
@with_json
@with_session
def preview(session: Session, *, file: Path | None, **options: Any) -> None:
    """Say who would have to approve a proposal.

    Takes FILE and options as `submit` does, but hands nothing in.

    \b
      greenlight preview --policy footbridge-works --cost 148500
    """
    answer = session.api.preview({"title": "a proposal", **_form(session, file, (), options)})
    if session.as_json:
        print_json(answer)
        return
    session.say(f"Under {rule_name(answer['policy'], answer['policyVersion'])}", "bold")
    for number, way in enumerate(({"stages": answer["stages"], "findings": ()}, *answer["otherWays"])):
        if number:
            session.say(f"If the checks say {' or '.join(', '.join(each) for each in way['findings'])}:", "bold")
        session.put(foreseen(way["stages"], moment(answer["now"])))
    if kept := answer["keepAnswersOn"]:
        session.say(f"Answers are kept if only this changes: {', '.join(kept)}")


def _form(session: Session, file: Path | None, attach: Iterable[Path], options: Form) -> Form:
    """Return what is posted."""
    form = read_object(file) if file else {}
    form |= {name: value for name, value in options.items() if value is not None}
    if options.get("policy"):
        form["policy"] = _policy(options["policy"])
    inside = form.get("attachments", [])
    if not isinstance(inside, list):
        raise GreenlightError(f"The attachments of {file} are not a list.", "Put them between [ and ].")
    beside = Path() if file is None or str(file) == "-" else file.parent
    enclosures = [read_attachment(beside / each) if isinstance(each, str) else each for each in inside]
    enclosures += [read_attachment(path) for path in files_of(attach)]
    form.setdefault("author", session.api.access.user)
    if not form["author"]:
        session.api.access.person()
    return {**form, "attachments": enclosures} if enclosures else form


def _policy(given: str) -> str | Form:
    """Return the name of one of the app's policies, or the policy of a file."""
    path = Path(given)
    return read_object(path) if path.suffix == ".json" or path.parent != Path() else given
