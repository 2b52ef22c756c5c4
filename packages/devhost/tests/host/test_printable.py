"""Nothing that an app or a caller says moves the cursor, colours, or hides what follows."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from durable_devhost.host.facts import InvocationEnded, ListedFunction, LogRecord, Orchestrated, Ready, Requested
from durable_devhost.host.printable import printable, printable_fact


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ü 漢 🎉", "plain ü 漢 🎉"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("over\rwritten", "over\\x0dwritten"),
        ("\x9b2J\x7f\x00", "\\x9b2J\\x7f\\x00"),
        ("a\u202eb\u2066c", "a\\u202eb\\u2066c"),
    ],
)
def test_control_characters_are_escaped(text: str, shown: str) -> None:
    """Escape sequences, the bell, carriage returns, and the marks that reverse text."""
    assert printable(text) == shown
    assert printable(text, lines=True) == shown


def test_line_breaks_stay_in_multi_line_texts() -> None:
    """A stack trace has them, a path must not."""
    assert printable("a\r\nb\n\tc", lines=True) == "a\nb\n\tc"
    assert printable("a\r\nb\n\tc") == "a\\nb\\n\\tc"


@given(st.text(), st.booleans())
def test_no_control_character_is_left_in_any_text(text: str, lines: bool) -> None:
    """Printable text is unchanged."""
    shown = printable(text, lines=lines)
    assert [char for char in shown if unicodedata.category(char) == "Cc" and not (lines and char in "\n\t")] == []
    assert lines or "\n" not in shown
    assert printable(shown, lines=lines) == shown


def test_every_text_of_a_record_is_made_printable() -> None:
    """Also that of the functions in a banner; numbers and choices are unchanged."""
    escape = "\x1b"
    request = Requested(method="GET", path=f"/{escape}\n", status=404, ms=1.5)
    assert printable_fact(request) == Requested(method="GET", path="/\\x1b\\n", status=404, ms=1.5)
    logged = LogRecord(level="info", logger=f"a{escape}\n", text=f"one\ntwo{escape}", stack="x\ny")
    assert printable_fact(logged) == LogRecord(level="info", logger="a\\x1b\\n", text="one\ntwo\\x1b", stack="x\ny")
    function = ListedFunction(name=f"f{escape}", kind="http", methods=("GET", f"P{escape}"))
    ready = Ready(url="u", app=f"a{escape}", hub="h", storage="s", clock="c", functions=(function,))
    (listed,) = printable_fact(ready).functions
    assert (listed.name, listed.methods, listed.listened) == ("f\\x1b", ("GET", "P\\x1b"), True)
    invoked = InvocationEnded(function="f", kind="http", invocation="i", ms=1, error=f"a\n{escape}")
    assert printable_fact(invoked).error == "a\n\\x1b"
    failed = Orchestrated(name="o\n", instance="i", status="Failed", detail="a\nb")
    assert (printable_fact(failed).name, printable_fact(failed).detail) == ("o\\n", "a\nb")
