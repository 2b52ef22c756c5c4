"""Markdown of people as passive HTML: no raw HTML, no pictures from elsewhere, no script."""

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from approvals.visible import visible

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.renderer import RendererHTML
    from markdown_it.token import Token

LONGEST_RENDERED = 32 * 1024
"""Characters. The parser takes up to a second for that many of the worst kind, and four times as long for twice."""

_TAGS = frozenset(
    {
        "p", "br", "hr", "em", "strong", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a",
        "h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td",
    }
)  # fmt: skip
_SCHEMES = frozenset({"http", "https", "mailto"})
_LOWEST = 6


def render_markdown(text: str, *, below: int) -> Markup:
    """Return a text as HTML whose headings are below the given level, without skipping one.

    Texts longer than `LONGEST_RENDERED` must be shown as plain text by the caller.
    """
    import nh3  # with the parser below, for the first page with Markdown: a cold start waits for every import

    parser = _parser()
    tokens = parser.parse(visible(text))
    _fit_headings(tokens, below)
    html = parser.renderer.render(tokens, parser.options, {})
    clean = nh3.clean(
        html, tags=set(_TAGS), attributes={"a": {"href"}, "ol": {"start"}}, url_schemes=set(_SCHEMES),
        link_rel="nofollow noopener noreferrer",
    )  # fmt: skip
    return Markup(clean)


@cache
def _parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    parser.validateLink = _leads_elsewhere  # type: ignore[method-assign, assignment]  # it is how the library lets one say it
    parser.add_render_rule("image", _named_only)
    return parser


def _leads_elsewhere(address: str) -> bool:
    """Say whether a link is an absolute URL: a relative one would lead to some page of the app."""
    scheme, colon, _ = address.strip().lower().partition(":")
    return bool(colon) and scheme in _SCHEMES


def _named_only(_: "RendererHTML", tokens: "Sequence[Token]", place: int, *__: Any) -> str:
    """Show a picture's text in its place: nothing is loaded from elsewhere, which would tell who reads here."""
    said = "".join(each.content for each in tokens[place].children or ())
    return str(escape(f"[picture: {said}]" if said else "[picture]"))


def _fit_headings(tokens: "Sequence[Token]", below: int) -> None:
    previous = below
    for each in tokens:
        if each.type == "heading_open":
            previous = min(int(each.tag[1:]) + below, previous + 1, _LOWEST)
        if each.type in ("heading_open", "heading_close"):
            each.tag = f"h{previous}"
