"""Tests of bytes that are read as text, and of characters that UTF-8 cannot hold."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from durable_devhost.dotnet.texts import read_text, whole_characters, without_exception_json


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (codecs.BOM_UTF8 + b"hi", "hi"),
        ("hé".encode("utf-16"), "hé"),
        (codecs.BOM_UTF16_BE + "hé".encode("utf-16-be"), "hé"),
        (codecs.BOM_UTF32_LE + "h😀".encode("utf-32-le"), "h😀"),
        (codecs.BOM_UTF32_BE + "h😀".encode("utf-32-be"), "h😀"),
        (b"\x89PNG\r\n", "�PNG\r\n"),
        (b"\xe2\x82", "�"),
        (b"", ""),
    ],
)
def test_a_byte_order_mark_names_the_encoding_and_invalid_bytes_are_replaced(content: bytes, text: str) -> None:
    """Recorded for blobs: a picture read as text is broken."""
    assert read_text(content) == text


@given(text=st.text())
def test_text_without_a_mark_is_utf_8(text: str) -> None:
    """The mark itself is not part of the text."""
    assert read_text(text.encode()) == text.removeprefix("\ufeff")


@given(text=st.text(st.characters(codec=None)))
def test_complete_characters_are_unchanged_and_lone_surrogates_are_replaced(text: str) -> None:
    """A lone surrogate becomes U+FFFD; a fitting pair is joined."""
    whole = whole_characters(text)
    assert whole_characters(whole) == whole == whole.encode().decode()
    assert [char for char in text if not "\ud800" <= char <= "\udfff"] == [char for char in whole if char in text]


def test_a_fitting_surrogate_pair_is_joined() -> None:
    """It came as two escapes of one character."""
    assert whole_characters("\ud83d" + "\ude00") == "😀"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("boom", "boom"),
        ("boom {x}", "boom {x}"),
        ('boom \n {"$type":"System.Exception, mscorlib","a":{"b":1}}', "boom {…}"),
        ('boom\n{ "$type": "x",\n "Message": "m"\n}', "boom {…}"),
        ('{"type":"x"}', '{"type":"x"}'),
    ],
)
def test_the_json_of_a_net_exception_is_folded(text: str, shown: str) -> None:
    """The durable extension adds it to the failures of activities; it says nothing to anybody who writes Python."""
    assert without_exception_json(text) == shown
