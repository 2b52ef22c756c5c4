"""HTML made of escaped pieces: whatever is not `Markup` already is text. Pure."""

from collections.abc import Iterable
from html import escape

_VOID = frozenset({"input", "link", "meta"})
"""Elements without an end; those of SVG all have one."""

Child = object
"""`Markup`, a value that is shown as its text, None for nothing, or several of these."""


class Markup(str):
    """A text that is HTML: nothing in it needs to be escaped any more."""

    __slots__ = ()


def tag(name: str, /, *children: Child, **attributes: object) -> Markup:
    """An element. `class_` is the attribute `class`, `aria_label` is `aria-label`.

    True is an attribute without a value; None and False leave it out.
    """
    inner = "".join(map(_html, children))
    start = f"<{name}{''.join(_attribute(*each) for each in attributes.items())}>"
    return Markup(start if name in _VOID else f"{start}{inner}</{name}>")


def joined(parts: Iterable[Child]) -> Markup:
    """Pieces one after the other."""
    return Markup("".join(map(_html, parts)))


def table(caption: str, heads: Iterable[str], rows: Iterable[Iterable[Child]]) -> Markup:
    """A table that scrolls by itself on a narrow screen; a sentence where there are no rows."""
    body = [tag("tr", *(tag("td", cell) for cell in row)) for row in rows]
    if not body:
        return tag("p", f"{caption}: none.", class_="none")
    head = tag("tr", *(tag("th", name, scope="col") for name in heads))
    whole = tag("table", tag("caption", caption), tag("thead", head), tag("tbody", *body))
    return tag("div", whole, class_="wide", tabindex="0", role="region", aria_label=caption)


def _html(child: Child) -> str:
    match child:
        case None:
            return ""
        case Markup():
            return child
        case list() | tuple():
            return joined(child)
        case _:
            return escape(str(child))


def _attribute(name: str, value: object) -> str:
    if value is None or value is False:
        return ""
    shown = name.rstrip("_").replace("_", "-")
    return f" {shown}" if value is True else f' {shown}="{escape(str(value))}"'
