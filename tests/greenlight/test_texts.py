"""Other people's words on a terminal."""

import unicodedata
from io import BytesIO, TextIOWrapper

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenlight.texts import one_line, plain, short_id, spell_out


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2Jgone", "\\u001b[2Jgone"),
        ("\x9b31m", "\\u009b31m"),
        ("pay \u202eevil", "pay \\u202eevil"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("a\rb", "a\\u000db"),
    ],
)
def test_control_characters_are_shown_escaped(text, shown):
    """An escape sequence in a title could hide the line above it."""
    assert plain(text) == shown


@given(st.text())
def test_no_control_character_reaches_the_terminal(text):
    """Except line ends, tabs, and the joiners of scripts and emoji."""
    left = {char for char in plain(text) if unicodedata.category(char) in ("Cc", "Cf", "Cs")}
    assert left <= set("\n\t\u200c\u200d")


def test_letters_of_every_script_are_unchanged():
    """Names must not change."""
    assert plain("Zoë Łukasz 田中 نور 👩‍🔬") == "Zoë Łukasz 田中 نور 👩‍🔬"


def test_a_one_line_text_has_no_line_end():
    """A title must not look like two entries."""
    assert one_line(" a\nb\t c ") == "a b c"


def test_only_a_generated_id_is_shortened():
    """The beginning of a chosen one may be another proposal's id."""
    assert short_id("3f2a1b9c4e0d4c0f8f0f1b2a3c4d5e6f") == "3f2a1b9c"
    assert short_id("bridge-10") == "bridge-10"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("“Bench” → Ana · 2 days…", b'"Bench" -> Ana - 2 days...'),
        ("Çelik, Ines Carvalhó", b"Celik, Ines Carvalho"),
        ("中", b"\\u4e2d"),
        ("plain", b"plain"),
    ],
)
def test_a_terminal_without_unicode_gets_plain_signs(text, written):
    """Instead of an error in the middle of a command."""
    held = BytesIO()
    stream = TextIOWrapper(held, encoding="ascii")
    spell_out(stream)
    stream.write(text)
    stream.flush()
    assert held.getvalue() == written
