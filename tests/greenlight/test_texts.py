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
def test_what_a_terminal_would_act_on_is_shown_instead(text, shown):
    """An escape sequence in a title may hide the line above it."""
    assert plain(text) == shown


@given(st.text())
def test_no_control_character_gets_through(text):
    """But line ends and tabs, and the joiners of scripts and emoji."""
    left = {char for char in plain(text) if unicodedata.category(char) in ("Cc", "Cf", "Cs")}
    assert left <= set("\n\t\u200c\u200d")


def test_letters_of_every_script_stay_as_they_are():
    """Names are not ours to change."""
    assert plain("Zoë Łukasz 田中 نور 👩‍🔬") == "Zoë Łukasz 田中 نور 👩‍🔬"


def test_one_line_is_one_line():
    """A title with line ends must not look like two entries."""
    assert one_line(" a\nb\t c ") == "a b c"


def test_an_id_is_shortened_only_where_it_was_made():
    """What is left of a chosen one may be another proposal's whole id."""
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
def test_a_terminal_without_our_signs_gets_plain_ones(text, written):
    """Instead of an error in the middle of a command."""
    held = BytesIO()
    stream = TextIOWrapper(held, encoding="ascii")
    spell_out(stream)
    stream.write(text)
    stream.flush()
    assert held.getvalue() == written
