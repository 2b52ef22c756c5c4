"""JSON text from outside: what it may hold, and that it is the same data, however it is written."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.json_text import MOST_NAMES, MOST_PARTS, MOST_WIDE, TooMuch, to_text

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
LONG = "x" * MOST_PARTS
"""Makes a body one that is looked through."""


@given(JSON, st.booleans())
def test_the_text_reads_back_equal(value, escaped):
    """Short or long, with letters or escapes; a long text is no wider than its bytes."""
    for sent in (value, [value, LONG]):
        body = json.dumps(sent, ensure_ascii=escaped).encode()
        text = to_text(body)
        assert json.loads(text) == sent
        assert text.isascii() or len(body) <= MOST_PARTS


@given(st.binary(max_size=30), st.sampled_from([b"", b'"']))
def test_no_bytes_raise_anything_but_a_value_error(content, quote):
    """Neither invalid UTF-8, nor an unclosed text."""
    for body in (content, quote + content + b" " * MOST_PARTS):
        try:
            to_text(body)
        except ValueError:
            continue


@pytest.mark.parametrize("part", [b"{},", b"[],", b'"",', b'""', b"0,", b"[", b'{"a":', b'"a":0,'])
def test_too_many_parts_are_refused_before_they_are_built(part):
    """Of any kind; the text is not even read to its end."""
    with pytest.raises(TooMuch, match="50,000 parts"):
        to_text(part * (MOST_PARTS + 1))


def test_too_many_names_are_refused_before_they_are_built():
    """Fewer than parts, because unknown names cost most."""
    few, many = (json.dumps({f"{number:>20}": 0 for number in range(count)}) for count in (MOST_NAMES, MOST_NAMES + 1))
    assert len(json.loads(to_text(few.encode()))) == MOST_NAMES
    with pytest.raises(TooMuch, match="5,000 field names"):
        to_text(many.encode())


@pytest.mark.parametrize("text", [",[{" * MOST_PARTS, '\\"' * MOST_PARTS, "\\\\" * MOST_PARTS])
def test_characters_inside_a_text_are_no_parts(text):
    """An escaped quote does not end it."""
    body = json.dumps([text, "b"]).encode()
    assert json.loads(to_text(body)) == [text, "b"]


@pytest.mark.parametrize("wide", ["ü", "😀", "\\u20ac", "\\ud83d\\ude00"])
@pytest.mark.parametrize("texts", [1, 3])
def test_texts_beyond_ascii_are_short(wide, texts):
    """One such letter makes the whole text wider, so its whole length counts."""
    each = f'"{wide}{"x" * (MOST_WIDE // texts)}"'
    with pytest.raises(TooMuch, match="beyond ASCII"):
        to_text(f"[{', '.join([each] * texts)}]".encode())
    assert to_text(f'["{wide}", "{"x" * MOST_WIDE}"]'.encode()).isascii()


def test_escaped_ascii_letters_do_not_make_a_text_wide():
    """Some senders escape each plus and slash of Base64."""
    body = json.dumps("+/" * MOST_WIDE).replace("+", "\\u002B").replace("/", "\\/").encode()
    assert json.loads(to_text(body)) == "+/" * MOST_WIDE


@pytest.mark.parametrize("length", [1, MOST_PARTS])
def test_a_byte_order_mark_is_dropped(length):
    """Some editors write one."""
    assert to_text(b'\xef\xbb\xbf"' + b"x" * length + b'"') == f'"{"x" * length}"'


@pytest.mark.parametrize("body", [b'"\xff"', '["ü"] ü'.encode(), '["ü"]'.encode("utf-16"), b'"\xed\xa0\x80"'])
@pytest.mark.parametrize("room", [0, MOST_PARTS])
def test_bytes_that_are_not_utf_8_are_refused(body, room):
    """Also outside of texts, as far as the text is read."""
    try:
        json.loads(to_text(body + b" " * room))
    except ValueError:
        return
    pytest.fail("it was taken")
