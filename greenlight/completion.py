"""Shell completion: ids of proposals, with their titles, and names of policies.

Errors are never printed: a person who presses Tab has not run a command yet.
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
    """Return the ids of proposals that begin with the text, the newest first; none if Greenlight does not answer."""
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
    """Return the names of policies that begin with the text; if there are none, the shell completes files."""
    names = [name for name in policy_names(POLICIES) if name.startswith(incomplete)]
    return [CompletionItem(name) for name in names] or [CompletionItem(incomplete, type="file")]
