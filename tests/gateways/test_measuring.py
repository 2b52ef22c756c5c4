"""Measuring images: real ones, damaged ones, and those that are made to fill the memory."""

import struct
import tracemalloc
import zlib
from functools import cache
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from approvals.checks import Picture
from gateways.images import measure

FOOTBRIDGE = Path(__file__).resolve().parents[2] / "examples" / "footbridge"


@cache
def image(kind, width=64, height=48):
    """Return a small picture as a file of that kind."""
    file = BytesIO()
    Image.linear_gradient("L").resize((width, height)).save(file, kind)
    return file.getvalue()


def png_of_claimed_size(width, height):
    """Return a PNG of a few bytes that says it has that many pixels."""
    file = bytearray(image("PNG"))
    file[16:24] = struct.pack(">II", width, height)
    file[29:33] = struct.pack(">I", zlib.crc32(file[12:29]))
    return bytes(file)


def test_real_pictures_are_measured():
    """Their authors' drawings."""
    assert measure((FOOTBRIDGE / "elevation.png").read_bytes()) == Picture(width=860, height=420)
    assert measure(image("JPEG")) == Picture(width=64, height=48)


@pytest.mark.parametrize("content", [b"", b"no image", image("GIF"), image("PNG")[:20], png_of_claimed_size(0, 5)])
def test_an_image_of_an_unsupported_kind_is_reported(content):
    """Other formats have no decoder here."""
    assert measure(content) == Picture(trouble="the content is not a readable picture")


@pytest.mark.parametrize("content", [image("PNG")[:-40], image("JPEG")[:-200]])
def test_an_incomplete_image_is_reported_with_its_claimed_size(content):
    """The header alone makes no picture."""
    measured = measure(content)
    assert measured.trouble == "it is damaged or cut off"
    assert measured.width == 64


@pytest.mark.parametrize("side", [9_000, 12_000, 60_000])
def test_a_bomb_is_not_decoded(side):
    """A small file that claims billions of pixels costs almost nothing."""
    content = png_of_claimed_size(side, side)
    tracemalloc.start()
    measured = measure(content)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert measured == Picture(trouble="the picture has more than 40,000,000 pixels")
    assert peak < 2_000_000


@given(st.sampled_from(["PNG", "JPEG"]), st.integers(0, 2_000), st.binary(min_size=1, max_size=12))
def test_no_damage_raises(kind, where, damage):
    """A broken image is a finding, not a failed check."""
    file = bytearray(image(kind))
    where %= len(file)
    file[where : where + len(damage)] = damage
    assert isinstance(measure(bytes(file)), Picture)
