"""What a picture's file holds besides the picture: read from the file's own structure, without decoding it."""

import re
import struct

_PNG_BEGINS = 8
_PNG_CHUNKS = frozenset(
    b"IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB iCCP cICP sBIT bKGD pHYs".split(),
)
"""Pixels, and how to show them. Left out are texts, times, EXIF, animations, and whatever somebody made up."""

_SCAN, _END = 0xDA, b"\xff\xd9"
_JPEG_TABLES = frozenset({0xC0, 0xC1, 0xC2, 0xC4, 0xDB, 0xDD})
"""Frame headers, Huffman and quantisation tables, restart interval."""

_JFIF_BYTES, _ADOBE_BYTES = 14, 12
"""Without a thumbnail: that may show what was cut off the picture."""

_AFTER_A_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7]", re.DOTALL)
"""Inside a scan 0xFF is followed by a zero or is a restart mark."""


def holds_a_picture_alone(content: bytes, content_type: str) -> bool:
    """Say whether a PNG or JPEG file holds nothing but a picture: no place, camera, comment, thumbnail, nothing behind.

    Only for a file that a decoder has read to its end. What is not understood counts as something else.
    """
    try:
        return _png_alone(content) if content_type == "image/png" else _jpeg_alone(content)
    except struct.error:
        return False


def _png_alone(content: bytes) -> bool:
    """Walk the chunks: length, kind, that many bytes, checksum."""
    place = _PNG_BEGINS
    while True:
        length, kind = struct.unpack_from(">I4s", content, place)
        if kind not in _PNG_CHUNKS:
            return False
        place += 12 + length
        if kind == b"IEND":
            return bool(place == len(content))


def _jpeg_alone(content: bytes) -> bool:
    """Walk the segments: mark, length, content; after a scan's header come its data, up to the next mark."""
    place = 2
    while content[place : place + 2] != _END:
        begins, mark, length = struct.unpack_from(">BBH", content, place)
        body = content[place + 4 : place + 2 + length]
        if begins != 0xFF or not _belongs(mark, body):
            return False
        place += 2 + length
        if mark == _SCAN:
            following = _AFTER_A_SCAN.search(content, place)
            place = following.start() if following else len(content)
    return place + 2 == len(content)


def _belongs(mark: int, body: bytes) -> bool:
    match mark:
        case 0xE0:
            return body.startswith(b"JFIF\0") and len(body) == _JFIF_BYTES
        case 0xE2:
            return body.startswith(b"ICC_PROFILE\0")
        case 0xEE:
            return body.startswith(b"Adobe") and len(body) == _ADOBE_BYTES
        case _:
            return mark == _SCAN or mark in _JPEG_TABLES
