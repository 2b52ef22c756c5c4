"""What every command gets: the API, a console, and the options for the address and the person."""

import functools
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TextIO, TypeVar

import click
from rich.console import Console, RenderableType
from rich.text import Text

from greenlight.access import DEFAULT_URL, find_access
from greenlight.api import Api, Json
from greenlight.errors import GreenlightError, NotFound
from greenlight.texts import plain

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One run of one command."""

    api: Api
    out: Console
    as_json: bool = False
    """Whether a program reads what is printed."""
    _whole: dict[str, str] = field(default_factory=dict)
    """The full ids, by shortened ones."""

    def on(self, given: str, do: Callable[[str], Found]) -> Found:
        """Do something with the proposal that an id, or its beginning, names; raises Unknown."""
        try:
            return do(self._whole.get(given, given))
        except NotFound as error:
            if given in self._whole:
                raise
            self._whole[given] = self._looked_up(given, error)
        return do(self._whole[given])

    def proposal(self, given: str) -> Json:
        """Return a proposal as it stands."""
        return self.on(given, self.api.proposal)

    def say(self, text: str, style: str = "") -> None:
        """Print a line for a person; the terminal wraps a long one, so that it can be copied whole."""
        put(self.out, Text(text, style), soft_wrap=True)

    def put(self, what: RenderableType = "") -> None:
        """Print something that takes more than a line."""
        put(self.out, what)

    def _looked_up(self, given: str, error: NotFound) -> str:
        """Return the whole id; raises `error` if the id was whole already."""
        whole = self.api.full_id(given)
        if whole == given:
            raise error
        return whole


def console(stream: TextIO | None = None) -> Console:
    """Return a console that shows text as it is: no markup, no emoji codes; colour on terminals only."""
    return Console(file=stream or sys.stdout, highlight=False, markup=False, emoji=False)


def put(out: Console, what: RenderableType, *, soft_wrap: bool = False) -> None:
    """Print something; in a pipe, without the spaces that pad tables."""
    if out.is_terminal:
        out.print(what, soft_wrap=soft_wrap)
        return
    with out.capture() as captured:
        out.print(what, soft_wrap=soft_wrap)
    click.echo("\n".join(row.rstrip() for row in captured.get().rstrip("\n").split("\n")), file=out.file)


def print_json(value: Any, *, indent: int | None = 2) -> None:
    """Print JSON for another program; a terminal that would act on control characters gets them escaped."""
    click.echo(json.dumps(value, indent=indent, ensure_ascii=sys.stdout.isatty() or _is_narrow(sys.stdout)))


def _is_narrow(stream: TextIO) -> bool:
    """Say whether a stream cannot hold every character."""
    return not (stream.encoding or "utf-8").lower().replace("-", "").startswith("utf")


def with_session(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command `--as` and `--url`, and a session as its first argument, which knows of `--json`."""

    @click.option("--as", "user", metavar="NAME", envvar="GREENLIGHT_USER", help="Who you are.  [GREENLIGHT_USER]")
    @click.option(
        "--url",
        metavar="URL",
        envvar="GREENLIGHT_URL",
        default=DEFAULT_URL,
        help=f"Greenlight's address; default: {DEFAULT_URL}.  [GREENLIGHT_URL]",
    )
    @functools.wraps(command)
    def run(*, user: str | None, url: str, as_json: bool = False, **arguments: Any) -> None:
        # Not an option: others on the machine can read a command line.
        access = find_access(url, user, os.environ.get("GREENLIGHT_KEY"))
        with Api(access) as api:
            command(Session(api=api, out=console(), as_json=as_json), **arguments)

    return run


def with_json(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")(command)


def complain(error: GreenlightError) -> None:
    """Print to standard error what happened and what to do."""
    err = console(sys.stderr)
    lines = [Text.assemble(("error: ", "bold red"), plain(error.happened))]
    lines += [Text(f"  - {plain(detail)}") for detail in error.details]
    lines += [Text(f"  {plain(error.what_to_do)}")] if error.what_to_do else []
    for line in lines:
        put(err, line, soft_wrap=True)
