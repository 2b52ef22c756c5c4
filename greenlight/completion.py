"""What a shell completes behind a command: ids of proposals, with their titles, and names of policies.

Nothing is ever printed about what goes wrong: a person who presses the tabulator has asked for nothing yet.
"""

import os

import click
from click.shell_completion import CompletionItem

from greenlight.access import DEFAULT_URL, find_access
from greenlight.api import Api
from greenlight.errors import GreenlightError
from greenlight.files import POLICIES, policy_names
from greenlight.texts import one_line, short_id

_MOST = 100
"""The newest proposals, one page of the list."""


def proposal_ids(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the ids of proposals that begin so, the newest first; none where Greenlight does not answer."""
    given = context.params
    try:
        access = find_access(given.get("url") or DEFAULT_URL, given.get("user"), os.environ.get("GREENLIGHT_KEY"))
        with Api(access) as api:
            rows = api.page(top=_MOST)["proposals"]
    except GreenlightError:
        return []
    return [
        CompletionItem(short_id(row["proposalId"]), help=one_line(row["title"]))
        for row in rows
        if row["proposalId"].startswith(incomplete)
    ]


def policies_and_files(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the names of policies that begin so; where none does, the shell completes files."""
    names = [name for name in policy_names(POLICIES) if name.startswith(incomplete)]
    return [CompletionItem(name) for name in names] or [CompletionItem(incomplete, type="file")]
