"""The page on which visitors choose their name in development."""

from collections.abc import Sequence

from approvals.visible import one_line
from approvals.words.wording import people
from pages.rendering import Page, render

_MOST_NAMED = 6


def act_as_page(known: Sequence[str], *, name: str = "", fault: str = "") -> Page:
    """Return the page; `known` are the people whom policies ask, `name` is the present visitor."""
    shown = [one_line(each) for each in known]
    asked = people(tuple(shown[:_MOST_NAMED])) + (" and others" if len(shown) > _MOST_NAMED else "")
    return render("act_as.html", people=shown, asked=asked or "nobody yet", name=name, fault=fault)
