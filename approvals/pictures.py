"""What a picture file contains, and what it would cost to decode: read from the file's structure without decoding."""

import re
import struct
from dataclasses import dataclass

LONGEST_SIDE = 10_000
"""Pixels."""
MOST_PIXELS = 40_000_000
"""The largest picture that is decoded: 160 MB of memory at four bytes per pixel. A small file can claim any size."""
MOST_SCANS = 100
"""Scans of a progressive JPEG. Each covers all pixels; ten are usual. A scan may have fewer than 200 bytes."""
MOST_SCANNED = 1_000_000_000
"""Pixels times scans: about a second of decoding."""
MOST_PIECES = 20_000
"""Chunks or segments, and bytes between segments. A file of 20 MiB has some thousands; each is read separately."""

_PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
_PNG_BEGINS = len(_PNG_MAGIC)
_PNG_CHUNKS = frozenset(
    b"IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB iCCP cICP sBIT bKGD pHYs".split(),
)
"""Chunks with pixels, and how to show them. Texts, times, EXIF, animations and private chunks are not among them."""

_SCAN, _END = 0xDA, b"\xff\xd9"
_JPEG_TABLES = frozenset({0xC0, 0xC1, 0xC2, 0xC4, 0xDB, 0xDD})
"""Frame headers, Huffman and quantisation tables, restart interval."""

_JFIF_BYTES, _ADOBE_BYTES = 14, 12
"""Lengths without a thumbnail: a thumbnail may show parts that were cut off the picture."""

_AFTER_A_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7]", re.DOTALL)
"""Inside a scan 0xFF is followed by a zero or belongs to a restart marker."""


_MARK = re.compile(rb"\xff+([^\xff])", re.DOTALL)
"""Any number of 0xFF bytes may precede a marker."""
_WITHOUT_LENGTH = frozenset({0x00, 0x01, *range(0xD0, 0xD9)})
"""Markers without a length field; and zero, which is not a marker: decoders skip it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """The structure of a picture file. Counting stops as soon as a limit is exceeded."""

    pieces: int
    scans: int = 1


def outline(content: bytes) -> Outline:
    """Count the parts of a PNG or JPEG file as decoders find them, so that damage in the file hides nothing."""
    return _png_outline(content) if content.startswith(_PNG_MAGIC) else _jpeg_outline(content)


def _png_outline(content: bytes) -> Outline:
    place, pieces = _PNG_BEGINS, 0
    while place + 8 <= len(content) and pieces <= MOST_PIECES:
        length, _ = struct.unpack_from(">I4s", content, place)
        place += 12 + length
        pieces += 1
    return Outline(pieces=pieces)


def _jpeg_outline(content: bytes) -> Outline:
    place, pieces, scans = 2, 0, 0
    while pieces <= MOST_PIECES and scans <= MOST_SCANS:
        found = _MARK.search(content, place)
        if found is None or found[1] == _END[1:]:
            break
        pieces += found.start() - place + 1
        place, mark = found.end(), found[1][0]
        if mark in _WITHOUT_LENGTH:
            continue
        place += max(2, int.from_bytes(content[place : place + 2]))
        if mark == _SCAN:
            scans += 1
            following = _AFTER_A_SCAN.search(content, place)
            place = following.start() if following else len(content)
    return Outline(pieces=pieces, scans=scans)


def why_not_opened(found: Outline) -> str | None:
    """Return why a file is not even opened; None if it may be."""
    if found.pieces > MOST_PIECES:
        return f"the picture's file has more than {MOST_PIECES:,} parts"
    if found.scans > MOST_SCANS:
        return f"the picture has more than {MOST_SCANS} scans"
    return None


def why_not_decoded(width: int, height: int, found: Outline) -> str | None:
    """Return why a picture is not decoded: too much memory or time; None if it may be."""
    if width * height > MOST_PIXELS:
        return f"the picture has more than {MOST_PIXELS:,} pixels"
    if max(width, height) > LONGEST_SIDE:
        return f"the picture has a side of more than {LONGEST_SIDE:,} pixels"
    if width * height * found.scans > MOST_SCANNED:
        return f"the picture of {width * height:,} pixels has {found.scans} scans and would take too long to decode"
    return None


def holds_a_picture_alone(content: bytes, content_type: str) -> bool:
    """Say whether a PNG or JPEG file contains only a picture: no location, camera, comment, thumbnail, trailing data.

    Only for a file that a decoder has read to its end. An unknown part counts as something else.
    """
    try:
        return _png_alone(content) if content_type == "image/png" else _jpeg_alone(content)
    except struct.error:
        return False


def _png_alone(content: bytes) -> bool:
    """Walk the chunks: length, type, that many bytes, checksum."""
    place = _PNG_BEGINS
    while True:
        length, kind = struct.unpack_from(">I4s", content, place)
        if kind not in _PNG_CHUNKS:
            return False
        place += 12 + length
        if kind == b"IEND":
            return bool(place == len(content))


def _jpeg_alone(content: bytes) -> bool:
    """Walk the segments: marker, length, content. A scan's data follow its header, up to the next marker."""
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
