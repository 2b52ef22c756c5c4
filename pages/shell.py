"""What is around every page of somebody who is signed in: where they are, who they are, and where else they can go."""

from dataclasses import dataclass
from typing import Any

from pages.rendering import Page, render

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


def framed(template: str, shell: Shell, **shown: Any) -> Page:
    """Return a page with what is around it."""
    return render(template, shell=shell, tabs=[each for each in TABS if each[0] not in shell.closed], **shown)
