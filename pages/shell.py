"""What is around every page of somebody who is signed in: where they are, who they are, and where else they can go."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pages.rendering import Page, render
from pages.scripts import script_address

TABS = (("inbox", "Inbox"), ("submit", "Hand in"), ("reports", "Reports"), ("operations", "Operations"))
"""The last part of each page's address, and what it is called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """Who looks at which page."""

    person: str
    may_change: bool
    """Whether they may choose to be somebody else."""
    here: str = ""
    """The tab that the page belongs to; empty for a page of none."""
    closed: frozenset[str] = frozenset()
    """The tabs that are not open to them, which are not shown."""


def render_in_shell(template: str, shell: Shell, *, state: str = "", scripts: Sequence[str] = (), **shown: Any) -> Page:
    """Return a page with what is around it.

    `state`, from `state_of`, changes when what the page shows changes, but not as time passes. A page with a state asks
    now and then whether it is still true, and says so if not. `scripts` are the files of `pages/static/` that improve
    this page.
    """
    files = ("times.js", *(("fresh.js",) if state else ()), *scripts)
    state = state_of(shell, state) if state else ""
    page = render(
        template,
        shell=shell,
        tabs=[each for each in TABS if each[0] not in shell.closed],
        state=state,
        scripts=[script_address(each) for each in files],
        **shown,
    )
    return replace(page, scripts=True, state=state)


def state_of(*parts: object) -> str:
    """Return a short digest of what a page shows, for `render_in_shell`; the `repr` of each part says all of it."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
