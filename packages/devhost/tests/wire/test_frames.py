"""Frames carry JSON and bytes without changing either, and broken ones are told."""

import pytest

from durable_devhost.wire.frames import MAX_BODY, PREFIX_SIZE, BrokenFrame, decode, encode, read_prefix


def _through(message):
    pieces = encode(message)
    stream = b"".join(pieces)
    header, body = read_prefix(stream[:PREFIX_SIZE])
    assert len(stream) == PREFIX_SIZE + header + body
    return decode(stream[PREFIX_SIZE : PREFIX_SIZE + header], stream[PREFIX_SIZE + header :])


@pytest.mark.parametrize(
    "message",
    [
        {"kind": "stop"},
        {"kind": "x", "n": 1, "f": 0.5, "none": None, "yes": True, "list": [1, [2]], "text": "hällo \ud800 \x00"},
        {"trigger": {"value": b"\x00\xff"}, "inputs": {"a": b"", "b": None, "c": [b"one", {"d": b"two"}]}},
        {"text": '{"$part": 0}', "odd": {"$part": "0"}, "two": {"$part": 0, "more": 1}, "bytes": b"x"},
        {"odd": {"$part": 3}},
    ],
)
def test_a_message_reads_back_equal(message):
    """Bytes at any depth, text that looks like the mark, half a surrogate pair."""
    assert _through(message) == message


def test_every_bytes_type_arrives_as_bytes():
    """SDK values may hold a bytearray."""
    assert _through({"a": bytearray(b"one"), "b": memoryview(b"two")}) == {"a": b"one", "b": b"two"}


def test_a_big_part_is_not_copied():
    """The piece to write is the same object."""
    big = bytes(100_000)
    assert encode({"body": big})[1] is big


def test_a_value_that_json_lacks_is_a_type_error():
    """The sender made a mistake."""
    with pytest.raises(TypeError, match="of type set"):
        encode({"x": {1, 2}})


@pytest.mark.parametrize(
    ("header", "body"),
    [
        (b"{", b""),
        (b"[]", b""),
        (b"\xff\xfe", b""),
        (b"{}", b""),
        (b'{"parts":[3]}', b"xx"),
        (b'{"parts":[-1,3]}', b"xx"),
        (b'{"parts":["a"]}', b"a"),
        (b'{"parts":[1],"x":{"$part":1}}', b"a"),
        (b'{"parts":[1],"x":{"$part":-1}}', b"a"),
    ],
)
def test_a_broken_header_raises_broken_frame(header, body):
    """The reader has one exception to expect."""
    with pytest.raises(BrokenFrame):
        decode(header, body)


@pytest.mark.parametrize("prefix", [b"", b"HTTP/1.1", MAX_BODY.to_bytes(8, "big")[:7], b"\0\0\0\1\xff\xff\xff\xff"])
def test_a_broken_prefix_raises_broken_frame(prefix):
    """Another protocol, a truncated prefix, an absurd length."""
    with pytest.raises(BrokenFrame):
        read_prefix(prefix)


def test_a_message_that_is_too_big_is_not_sent(monkeypatch):
    """The other side would close the connection."""
    monkeypatch.setattr("durable_devhost.wire.frames.MAX_BODY", 10)
    with pytest.raises(BrokenFrame, match="a body of 11 bytes"):
        encode({"body": bytes(11)})
