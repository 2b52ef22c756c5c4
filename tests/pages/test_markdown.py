"""Markdown that people hand in: text that looks like what it means, and does nothing."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pages.markdown import render_markdown
from tests.gateways.hostile import CORPUS, Reader

ALLOWED = {
    "p", "br", "hr", "em", "strong", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a",
    "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
SYNTAX = st.lists(
    st.sampled_from(
        [*"#*_`[]()<>!|-+.:\\\n\"' a1~&=", "javascript:", "http://x.y", "![", "](", "&#x6a;", "<img src=x>"]
    ),
    max_size=40,
).map("".join)


def test_markdown_is_formatted():
    """Headings, lists, tables, emphasis."""
    html = render_markdown("# Note\n\nIt is **oak**.\n\n* a\n* b\n\n|x|y|\n|-|-|\n|1|2|\n", below=2)
    assert "<h3>Note</h3>" in html
    assert "<strong>oak</strong>" in html
    assert html.count("<li>") == 2
    assert "<td>2</td>" in html


@pytest.mark.parametrize("text", [*CORPUS, "<b>bold</b>", "a\n\n<div>\n\nb", "<!-- x -->"])
def test_html_in_markdown_is_text(text):
    """None of it becomes an element, and all of it can be read."""
    reader = Reader(str(render_markdown(text, below=2)))
    assert {tag for tag, _ in reader.elements} <= {"p", "hr"}
    if "&" not in text and "*" not in text:
        assert text.split()[0] in reader.text


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("[a](https://example.org/x?b&c)", "https://example.org/x?b&c"),
        ("<mailto:ana@example.org>", "mailto:ana@example.org"),
        ("[a](javascript:alert(1))", None),
        ("[a](JAVASCRIPT&#58;alert)", None),
        ("[a](data:text/html,x)", None),
        ("[a](/api/ui/act-as)", None),
        ("[a](//evil.example)", None),
        ("[a][b]\n\n[b]: vbscript:x", None),
    ],
)
def test_a_link_leads_to_an_absolute_url_of_a_usual_scheme(text, address):
    """And sends no referrer."""
    links = [attributes for tag, attributes in Reader(str(render_markdown(text, below=2))).elements if tag == "a"]
    expected = [{"href": address, "rel": "nofollow noopener noreferrer"}] if address else []
    assert links == expected


def test_a_picture_of_another_site_is_named_and_not_loaded():
    """Loading it would reveal the reader."""
    html = render_markdown("![a <photo>](http://tracker.example/x.png) ![](http://x.y/z.png)", below=2)
    assert "<img" not in html
    assert "tracker" not in html
    assert "[picture: a &lt;photo&gt;] [picture]" in html


def test_headings_skip_no_level():
    """Screen readers go from heading to heading."""
    html = render_markdown("### a\n# b\n##### c\n###### d\n## e", below=3)
    assert re.findall(r"<h(\d)>(\w)", html) == [("4", "a"), ("4", "b"), ("5", "c"), ("6", "d"), ("5", "e")]


def test_characters_that_reverse_text_are_removed():
    """As in all texts of people."""
    assert "\u202e" not in render_markdown("a\u202eb", below=2)


@given(SYNTAX)
def test_any_markdown_gives_only_plain_elements(text):
    """Only links and lists have attributes."""
    for tag, attributes in Reader(str(render_markdown(text, below=2))).elements:
        assert tag in ALLOWED
        assert set(attributes) <= {"a": {"href", "rel"}, "ol": {"start"}}.get(tag, set())
        assert (attributes.get("href") or "https:").startswith(("http:", "https:", "mailto:"))
