"""The command line: all commands under one name, in the order of a proposal's life, and how errors are printed."""

import tomllib
from pathlib import Path
from typing import Any

import click
from click.exceptions import Exit

from greenlight.acting import (
    approve,
    attach,
    changes,
    comment,
    decide,
    delegate,
    reassign,
    reject,
    remind,
    resubmit,
    take_back,
    withdraw,
)
from greenlight.auditing import audit
from greenlight.errors import GreenlightError
from greenlight.operating import ops
from greenlight.policies import policies
from greenlight.reading import download, list_proposals, show
from greenlight.session import complain
from greenlight.submitting import preview, submit
from greenlight.watching import watch

CLONE = Path(__file__).resolve().parents[1]

SECTIONS = {
    "Authors": (preview, submit, attach, resubmit, withdraw),
    "Approvers": (approve, reject, changes, decide, delegate, take_back),
    "Everybody": (list_proposals, show, watch, comment, remind, reassign, download),
    "Rules and records": (policies, audit),
    "Operators": (ops,),
}


class Commands(click.Group):
    """A group that lists its commands by role, and prints an error in two lines."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except GreenlightError as error:
            complain(error)
            raise Exit(error.status) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands of the help text."""
        del ctx
        width = max(len(each.name or "") for section in SECTIONS.values() for each in section)
        for title, commands in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(f"{each.name:<{width}}", each.get_short_help_str(200)) for each in commands])


def _print_version(context: click.Context, _option: click.Parameter, wanted: bool) -> None:
    """Print the version of the clone that the command belongs to."""
    if wanted and not context.resilient_parsing:
        project = tomllib.loads((CLONE / "pyproject.toml").read_text("utf-8"))["project"]
        click.echo(f"{project['name']} {project['version']}")
        context.exit()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Print the version."
)
def main() -> None:
    """Hand in design proposals, decide them, and see their outcomes.

    An ID may be shortened to its first characters. These environment variables are read:

    \b
      GREENLIGHT_USER  your name, in place of --as
      GREENLIGHT_URL   the address of Greenlight, in place of --url
      GREENLIGHT_KEY   a function key, if one is needed

    For completion in bash, put this into ~/.bashrc; for zsh or fish, use zsh_source or fish_source:

    \b
      eval "$(_GREENLIGHT_COMPLETE=bash_source greenlight)"

    Exit status: 0 done; 1 Greenlight said no, or the outcome is not an approval; 2 it could not be done.
    """


for section in SECTIONS.values():
    for command in section:
        main.add_command(command)
