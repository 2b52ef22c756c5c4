"""Extracts: title and first sentences, at most 500 characters."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.extracts import LONGEST_EXTRACT, extract

DOCUMENT = (Path(__file__).resolve().parents[2] / "examples/footbridge/design-proposal.md").read_text("utf-8")


def test_a_real_document_gives_its_first_sentences():
    """Headings, tables and lists are left out, the text under a heading is not."""
    made = extract("Mill Stream footbridge", "", DOCUMENT)
    assert made.startswith(
        "Mill Stream footbridge: Design proposal for decision by the design board. "
        "Handed in by Ines Carvalho, structures team. Approval to build a footbridge"
    )
    assert made.endswith(".")
    assert len(made) <= LONGEST_EXTRACT
    assert not set("#|*") & set(made)


def test_the_summary_comes_before_the_document():
    """It was written as one."""
    assert extract("Bench", "In the shade.", "Oak.") == "Bench: In the shade. Oak."


@pytest.mark.parametrize(
    ("document", "prose"),
    [
        ("# Title\nText.", "Text."),
        ("# Title\n\n## More\n", ""),
        ("\r\nOne\r\nline.\r\n\r\nTwo.", "One line. Two."),
        ("- a\n  b\n\nText.", "Text."),
        ("1. a\n\n2) b\n\nText.", "Text."),
        ("```\ncode\n```\n\nText.", "Text."),
        ("<div>x</div>\n\n| a |\n\n![x](y)\n\nText.", "Text."),
        ("See [the plan](plan.md) and ![it](x.png) in **bold** `code`.", "See the plan and in bold code."),
        ("Right\u202eleft.\x00", "Rightleft."),
    ],
)
def test_markdown_becomes_prose(document, prose):
    """Parts that cannot be read aloud are left out."""
    assert extract("T", "", document) == (f"T: {prose}" if prose else "T")


def test_a_long_first_sentence_is_cut_between_words():
    """With an ellipsis."""
    made = extract("T", "word " * 200)
    assert made.endswith("word…")
    assert len(made) <= LONGEST_EXTRACT
    assert extract("T", "x" * 600) == "T"


def test_a_later_sentence_is_complete_or_left_out():
    """No half sentences."""
    assert extract("T", "One. " + "word " * 200) == "T: One."


def test_unclosed_brackets_do_not_take_for_ever():
    """An attacker will try it."""
    assert extract("T", "", "x" + "![" * 10_000_00).startswith("T")


@given(st.text(max_size=700), st.text(max_size=700), st.text(max_size=700))
def test_an_extract_is_one_short_line_that_begins_with_the_title(title, summary, document):
    """The same each time."""
    made = extract(title, summary, document)
    assert len(made) <= LONGEST_EXTRACT
    assert made.isprintable()
    assert made.startswith(extract(title, ""))
    assert made == extract(title, summary, document)
