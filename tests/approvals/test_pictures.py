"""Files of pictures: whether they hold a picture alone, and what they would cost, by chunks and segments."""

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.pictures import (
    LONGEST_SIDE,
    MOST_PIECES,
    MOST_SCANS,
    Outline,
    holds_a_picture_alone,
    outline,
    why_not_decoded,
    why_not_opened,
)

PNG, JPEG = "image/png", "image/jpeg"


def chunk(kind, body=b""):
    """Return a PNG chunk."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(*between, behind=b""):
    """Return a PNG's structure with chunks between its header and its pixels."""
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", bytes(13))
        + b"".join(between)
        + chunk(b"IDAT", b"x")
        + chunk(b"IEND")
        + behind
    )


def segment(mark, body=b""):
    """Return a JPEG segment."""
    return struct.pack(">BBH", 0xFF, mark, len(body) + 2) + body


JFIF = segment(0xE0, b"JFIF\0" + bytes(9))
SCAN = segment(0xDA, bytes(6)) + b"\x01\xff\x00\x02\xff\xd3\x03"


def jpeg(*between, scans=SCAN, behind=b""):
    """Return a JPEG's structure with segments before its scans."""
    return b"\xff\xd8" + JFIF + b"".join(between) + segment(0xDB, bytes(65)) + scans + b"\xff\xd9" + behind


@pytest.mark.parametrize(
    "content",
    [
        png(),
        png(chunk(b"PLTE", bytes(3)), chunk(b"tRNS", b"\0"), chunk(b"gAMA", bytes(4)), chunk(b"pHYs", bytes(9))),
        png(chunk(b"iCCP", b"x\0\0"), chunk(b"IDAT", b"more")),
    ],
)
def test_a_png_of_pixels_and_display_data_is_only_a_picture(content):
    """Colours, transparency and resolution belong to it."""
    assert holds_a_picture_alone(content, PNG)


@pytest.mark.parametrize(
    "content",
    [
        png(chunk(b"tEXt", b"Author\0Ines")),
        png(chunk(b"iTXt", b"x")),
        png(chunk(b"zTXt", b"x")),
        png(chunk(b"eXIf", b"x")),
        png(chunk(b"tIME", bytes(7))),
        png(chunk(b"acTL", bytes(8))),
        png(chunk(b"prVt", b"made up")),
        png(behind=b"PK\x03\x04 an archive"),
        png()[:-12],
        png()[:20],
        b"\x89PNG\r\n\x1a\n",
    ],
)
def test_a_png_with_other_data_is_not_only_a_picture(content):
    """Nor is one that cannot be parsed."""
    assert not holds_a_picture_alone(content, PNG)


@pytest.mark.parametrize(
    "content",
    [
        jpeg(),
        jpeg(segment(0xE2, b"ICC_PROFILE\0\1\1profile")),
        jpeg(segment(0xEE, b"Adobe" + bytes(7))),
        jpeg(segment(0xC4, bytes(20)), segment(0xDD, bytes(2)), segment(0xC2, bytes(9)), scans=SCAN + SCAN),
    ],
)
def test_a_jpeg_of_tables_and_scans_is_only_a_picture(content):
    """Also with several scans and with its colours."""
    assert holds_a_picture_alone(content, JPEG)


@pytest.mark.parametrize(
    "content",
    [
        jpeg(segment(0xE1, b"Exif\0\0")),
        jpeg(segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0")),
        jpeg(segment(0xFE, b"a comment")),
        jpeg(segment(0xED, b"Photoshop 3.0\0")),
        jpeg(segment(0xE2, b"MPF\0")),
        jpeg(segment(0xE0, b"JFXX\0" + bytes(9))),
        jpeg(segment(0xE0, b"JFIF\0" + bytes(9) + b"thumbnail")),
        jpeg(segment(0xEE, b"Adobe" + bytes(7) + b"more")),
        jpeg(segment(0xEE, b"Other" + bytes(7))),
        jpeg(scans=SCAN + segment(0xFE, b"a comment between scans") + SCAN),
        jpeg(behind=b"PK\x03\x04 an archive"),
        jpeg(b"\0"),
        jpeg()[:-2],
        jpeg(scans=segment(0xDA, bytes(6)) + b"\1")[:-2],
        jpeg()[:10],
        b"\xff\xd8\xff",
    ],
)
def test_a_jpeg_with_other_data_is_not_only_a_picture(content):
    """Nor is one that cannot be parsed."""
    assert not holds_a_picture_alone(content, JPEG)


@given(st.binary(max_size=40), st.sampled_from([PNG, JPEG]))
def test_no_file_makes_the_walk_raise(content, kind):
    """The walk ends with the file."""
    begins = b"\x89PNG\r\n\x1a\n" if kind == PNG else b"\xff\xd8"
    assert holds_a_picture_alone(begins + content, kind) in (True, False)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (png(), Outline(pieces=3)),
        (png(chunk(b"IDAT", b"x"), chunk(b"IDAT"), behind=b"PK"), Outline(pieces=5)),
        (png()[:20], Outline(pieces=1)),
        (jpeg(), Outline(pieces=3, scans=1)),
        (jpeg(scans=SCAN * 7), Outline(pieces=9, scans=7)),
        (jpeg(segment(0xE1, b"a thumbnail of \xff\xda one scan")), Outline(pieces=4, scans=1)),
        (jpeg(behind=jpeg(scans=SCAN * 7)), Outline(pieces=3, scans=1)),
        (jpeg(b"\xff\xff\xff", scans=SCAN + b"\xff\xff" + SCAN), Outline(pieces=4, scans=2)),
        (jpeg(b"junk"), Outline(pieces=7, scans=1)),
        (jpeg(b"\xff\x01\xff\xd0\xff\x00"), Outline(pieces=6, scans=1)),
        (jpeg(scans=SCAN + SCAN)[:-2], Outline(pieces=4, scans=2)),
        (b"\xff\xd8\xff", Outline(pieces=0, scans=0)),
    ],
)
def test_a_file_is_read_as_a_decoder_reads_it(content, found):
    """Data inside segments and after the end is ignored, junk in between is skipped and hides nothing."""
    assert outline(content) == found


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (jpeg(scans=SCAN * MOST_SCANS), None),
        (jpeg(scans=SCAN * (MOST_SCANS + 1)), "more than 100 scans"),
        (png(*[chunk(b"IDAT")] * (MOST_PIECES - 3)), None),
        (png(*[chunk(b"IDAT")] * (MOST_PIECES - 2)), "more than 20,000 parts"),
        (jpeg(*[segment(0xFE)] * MOST_PIECES), "more than 20,000 parts"),
        (jpeg(b"x" * MOST_PIECES), "more than 20,000 parts"),
        (jpeg(b"\xff\x00" * MOST_PIECES), "more than 20,000 parts"),
    ],
)
def test_a_file_of_too_many_pieces_is_not_opened(content, told):
    """Each piece costs time, however small it is."""
    said = why_not_opened(outline(content))
    assert said is None if told is None else told in said


@pytest.mark.parametrize(
    ("width", "height", "scans", "told"),
    [
        (LONGEST_SIDE, 4_000, 25, None),
        (LONGEST_SIDE, 4_000, 26, "would take too long"),
        (LONGEST_SIDE, 4_001, 1, "more than 40,000,000 pixels"),
        (1, LONGEST_SIDE + 1, 1, "a side of more than 10,000"),
        (3_000, 3_000, MOST_SCANS, None),
    ],
)
def test_a_picture_is_decoded_if_that_takes_little_time_and_memory(width, height, scans, told):
    """The limits themselves are allowed."""
    said = why_not_decoded(width, height, Outline(pieces=9, scans=scans))
    assert said is None if told is None else told in said


@given(st.binary(max_size=40), st.booleans())
def test_counting_the_pieces_ends(content, as_png):
    """For any file content."""
    begins = b"\x89PNG\r\n\x1a\n" if as_png else b"\xff\xd8"
    assert outline(begins + content).pieces <= len(content)
