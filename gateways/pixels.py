"""Measuring an image: Pillow's decoders, kept away from files that are made to fill the memory."""

import struct
import zlib
from io import BytesIO

from PIL import Image

from approvals.checks import Picture, is_too_large

_FORMATS = ("PNG", "JPEG")
"""Only decoders of kinds that are accepted; each decoder more is one more that can be attacked."""

_BROKEN = (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, struct.error, zlib.error)
"""What Pillow's decoders raise on damaged files; UnidentifiedImageError is an OSError."""


def measure(content: bytes) -> Picture:
    """Return an image's size, and the trouble with it where it cannot be decoded. Never raises for what is in it.

    The size is read from the header; only then, and only where it is sensible, are the pixels decoded.
    """
    try:
        with Image.open(BytesIO(content), formats=_FORMATS) as image:
            width, height = image.size
            return Picture(width=width, height=height, trouble=None if is_too_large(width, height) else _decode(image))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return Picture(trouble="it claims more pixels than any screen has")
    except _BROKEN:
        return Picture(trouble="it is no image that we can read")


def _decode(image: Image.Image) -> str | None:
    try:
        image.load()
    except _BROKEN:
        return "it is damaged or cut off"
    return None
