"""S11: a file is small, of a kind that its content shows, without what it hides, and comes back as a file.

Which names and kinds: tests/clients/test_attachments.py, tests/approvals/test_attachments.py; how pictures are cleaned,
and that bombs are refused before they are decoded: tests/gateways/test_images.py. Here: files that are two things at
once, and what the running host makes of them, memory included.
"""

import base64
import io
import struct
import zipfile
import zlib
from functools import cache
from pathlib import Path

import pytest
from PIL import Image

from approvals.attachments import LARGEST_UPLOAD, kind_of

MEBIBYTE = 1024 * 1024
MOST_MEMORY = 300 * MEBIBYTE
"""More than the host may grow by for any of these; a bomb that went off would take gigabytes."""

SCRIPT = b"<html><script>alert(document.domain)</script></html>"


def packed(name="x.txt", content=b"evil"):
    """Return a zip file."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return file.getvalue()


def picture(kind="PNG", **options):
    """Return a small picture's file."""
    file = io.BytesIO()
    Image.linear_gradient("L").resize((32, 32)).save(file, kind, **options)
    return file.getvalue()


def chunk(name, data):
    """Return a chunk of a PNG."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width, height, *chunks, pixels=b""):
    """Return a PNG that says that it has so many pixels."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")
    )


@cache
def packed_zeros():
    """Return a fifth of a gigabyte of zeros, packed."""
    return zlib.compress(bytes(200 * MEBIBYTE), 9)


def jpeg_of(width, height):
    """Return a JPEG whose header says that it is so large."""
    content = picture("JPEG")
    at = content.index(b"\xff\xc0") + 5
    return content[:at] + struct.pack(">HH", height, width) + content[at + 4 :]


TWO_THINGS = {
    "a picture and an archive": (picture() + packed(), "x.png"),
    "a photograph and an archive": (picture("JPEG") + packed(), "x.jpg"),
    "a picture and a page": (picture() + SCRIPT, "x.png"),
    "a photograph with a page in its comment": (picture("JPEG", comment=SCRIPT), "x.jpg"),
    "a photograph with a page in its EXIF": (picture("JPEG", exif=b"Exif\0\0" + SCRIPT), "x.jpg"),
}
REFUSED = {
    "an archive": (packed(), 415),
    "an archive that says it is a picture": (packed("x.png"), 415),
    "a program": (b"MZ\x90\x00" + bytes(100), 415),
    "a script that is no text": (b"#!/bin/sh\n\x00", 415),
    "packed text": (zlib.compress(b"x" * 1_000), 415),
    "half a picture": (picture()[:60], 400),
    "a picture's first bytes and a page": (b"\x89PNG\r\n\x1a\n" + SCRIPT, 400),
    "a photograph's first bytes and an archive": (b"\xff\xd8\xff" + packed(), 400),
    "nothing": (b"", 400),
}
BOMBS = {
    "many pixels": lambda: png(30_000, 30_000, pixels=bytes(3 * 30_000 + 1) * 100),
    "as many as can be said": lambda: png(2**31 - 1, 2**31 - 1),
    "a photograph of many": lambda: jpeg_of(65_500, 65_500),
    "a text that unpacks to gigabytes": lambda: png(8, 8, chunk(b"zTXt", b"x\0\0" + packed_zeros()), pixels=bytes(200)),
    "a profile that unpacks to gigabytes": lambda: png(
        8, 8, chunk(b"iCCP", b"x\0\0" + packed_zeros()), pixels=bytes(200)
    ),
    "a header that is longer than the file": lambda: b"\x89PNG\r\n\x1a\n" + b"\x7f\xff\xff\xffIHDR" + bytes(64),
}
"""Made when they are asked for, as packing takes a second."""


@pytest.fixture(scope="module")
def proposal(fortress):
    """A proposal of Ines's."""
    return fortress.begin()


def put(fortress, proposal, name, content, **headers):
    """Put a file as its author."""
    path = f"/api/proposals/{proposal}/attachments/{name}"
    return fortress.call("PUT", path, content, user="Ines", headers=headers)


def peak(fortress):
    """Return the most memory that host and worker have had so far, in bytes."""
    told = fortress.call("GET", "/admin/devhost/info", key=fortress.master).json()
    statuses = [Path(f"/proc/{pid}/status").read_text() for pid in (fortress.pid, *told["workers"])]
    return sum(int(status.partition("VmHWM:")[2].split()[0]) * 1024 for status in statuses)


@pytest.mark.parametrize(("content", "name"), TWO_THINGS.values(), ids=TWO_THINGS.keys())
def test_only_the_picture_of_a_polyglot_file_is_stored(fortress, proposal, content, name):
    """The attached data is gone, although the file passed for a picture."""
    assert kind_of(content) in ("image/png", "image/jpeg")
    assert zipfile.is_zipfile(io.BytesIO(content)) or SCRIPT in content
    assert put(fortress, proposal, name, content).status_code in (200, 201)  # cleaned, some of them are the same
    kept = fortress.call("GET", f"/api/proposals/{proposal}/attachments/{name}", user="Mara").content
    assert not zipfile.is_zipfile(io.BytesIO(kept))
    assert b"<script" not in kept
    assert Image.open(io.BytesIO(kept)).size == (32, 32)


def test_a_polyglot_file_inside_a_proposal_is_cleaned_too(fortress):
    """Such files take the same way."""
    content = base64.b64encode(picture() + packed()).decode()
    proposal = fortress.begin(attachments=[{"name": "x.png", "contentType": "image/png", "content": content}])
    kept = fortress.call("GET", f"/api/proposals/{proposal}/attachments/x.png", user="Mara").content
    assert not zipfile.is_zipfile(io.BytesIO(kept))
    assert kept


@pytest.mark.parametrize(("content", "status"), REFUSED.values(), ids=REFUSED.keys())
@pytest.mark.parametrize("claimed", ["image/png", "text/plain"])
def test_an_unsupported_file_is_refused(fortress, proposal, content, status, claimed):
    """Whatever its header and its name say."""
    before = fortress.kinds(proposal)
    assert put(fortress, proposal, "plan.png", content, **{"Content-Type": claimed}).status_code == status
    assert fortress.kinds(proposal) == before


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS.keys())
def test_a_bomb_is_refused_without_using_memory(fortress, proposal, bomb):
    """It is small; the host refuses it, and hardly grows."""
    content = bomb()
    assert len(content) < LARGEST_UPLOAD
    before = peak(fortress)
    assert put(fortress, proposal, "plan.png", content).status_code == 400
    assert peak(fortress) - before < MOST_MEMORY


def test_an_accepted_large_picture_shows_in_the_memory(fortress, proposal):
    """So the measurement above works."""
    file = io.BytesIO()
    Image.new("RGB", (4_000, 4_000)).save(file, "PNG")
    before = peak(fortress)
    assert put(fortress, proposal, "plan.png", file.getvalue() + b"x").status_code == 201
    assert 0 < peak(fortress) - before < MOST_MEMORY


def test_a_file_that_is_too_large_is_refused(fortress, proposal):
    """By its length; one byte less passes this check."""
    assert put(fortress, proposal, "plan.txt", b"x" * (LARGEST_UPLOAD + 1)).status_code == 413
    assert put(fortress, proposal, "plan.bin", b"\0" * LARGEST_UPLOAD).status_code == 415


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "gzip, gzip"])
def test_a_compressed_body_is_not_unpacked(fortress, proposal, coding):
    """It may have any size inside."""
    content = zlib.compress(bytes(MEBIBYTE))
    assert put(fortress, proposal, "plan.txt", content, **{"Content-Encoding": coding}).status_code == 415


@pytest.mark.parametrize("name", ["page.html", "page.svg", "page.txt"])
def test_text_that_browsers_would_run_is_a_download(fortress, proposal, name):
    """It is text, and has that type."""
    assert put(fortress, proposal, name, SCRIPT).status_code == 201
    told = fortress.call("GET", f"/api/proposals/{proposal}/attachments/{name}", user="Mara")
    assert told.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert told.headers["Content-Disposition"].startswith("attachment;")
    assert told.headers["X-Content-Type-Options"] == "nosniff"
