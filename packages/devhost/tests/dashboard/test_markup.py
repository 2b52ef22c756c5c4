"""HTML made of pieces: what is no markup stays text."""

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from durable_devhost.dashboard.markup import Markup, joined, table, tag


class Reading(HTMLParser):
    """What a browser would find."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@given(st.text(st.characters(exclude_characters="\r\x00", exclude_categories=["Cs", "Cc"])))
def test_any_text_reads_back_as_text_and_as_attribute(text: str) -> None:
    """It makes no element and no attribute."""
    read = Reading(tag("p", text, title=text))
    assert ([("p", {"title": text})], text) == (read.tags, read.text)


def test_pieces_are_joined() -> None:
    """Markup unchanged, None as nothing, lists by their items."""
    assert tag("p", tag("b", "x"), None, [1, "<"], ("a",)) == "<p><b>x</b>1&lt;a</p>"
    assert joined([Markup("<i>"), "<i>"]) == "<i>&lt;i&gt;"
    assert tag("input", name="n", required=True, hidden=False, value=None) == '<input name="n" required>'
    assert tag("text", "x", class_="a", text_anchor="end") == '<text class="a" text-anchor="end">x</text>'


def test_a_table_without_rows_is_a_sentence() -> None:
    """An empty table says nothing."""
    assert table("Queues", ("name",), []) == '<p class="none">Queues: none.</p>'
    assert Reading(table("Queues", ("name",), [("a",)])).text == "Queuesnamea"
