"""Pictures as Pillow sees them: read with distrust, scaled, and written without what they tell about their maker."""

import struct
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageOps

from approvals.images import MOST_PIXELS, fitted

_FORMATS = {"image/png": "PNG", "image/jpeg": "JPEG"}
_DEFECTS = (
    OSError,
    SyntaxError,
    ValueError,
    ArithmeticError,
    LookupError,
    EOFError,
    struct.error,
)
"""What Pillow raises for content that is not what it says; there is no common class."""

_BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)
"""Pillow's own limits are about twice and four times ours, and the lower one only warns."""

_TOO_MANY = f"the picture has more than {MOST_PIXELS:,} pixels"
_SMOOTH = Image.Resampling.LANCZOS


class Unreadable(Exception):
    """The content is no picture that can be scaled; the text says why, for the person who handed it in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture, ready to be stored; width and height in pixels."""

    content: bytes
    width: int
    height: int


def scale(content: bytes, content_type: str, *, edge: int) -> Picture:
    """Return a copy whose longer side has at most `edge` pixels; raises `Unreadable`.

    It stands upright, as EXIF asks, and holds pixels and colour profile alone: no place, no camera, no comment.
    """
    try:
        with Image.open(BytesIO(content), formats=[_FORMATS[content_type]]) as source:
            if source.width * source.height > MOST_PIXELS:
                raise Unreadable(_TOO_MANY)
            size = fitted(source.width, source.height, edge)
            source.draft(None, size)  # a JPEG is decoded at a fraction of its size
            upright = ImageOps.exif_transpose(_with_plain_pixels(source, content_type).resize(size, _SMOOTH))
            profile = source.info.get("icc_profile") if upright.mode == source.mode else None
    except _BOMBS as error:
        raise Unreadable(_TOO_MANY) from error
    except _DEFECTS as error:
        raise Unreadable(f"the content is no {_FORMATS[content_type]} picture that can be read") from error
    return Picture(content=_written(upright, content_type, profile), width=upright.width, height=upright.height)


def measure(content: bytes) -> tuple[int, int]:
    """Return width and height; raises `Unreadable`."""
    try:
        with Image.open(BytesIO(content), formats=list(_FORMATS.values())) as picture:
            return picture.size
    except (*_BOMBS, *_DEFECTS) as error:
        raise Unreadable("the content is no picture") from error


def _with_plain_pixels(source: Image.Image, content_type: str) -> Image.Image:
    """Return the picture in a mode in which neighbouring pixels can be mixed: a palette's numbers cannot."""
    if content_type == "image/jpeg":
        return source if source.mode in ("L", "RGB") else source.convert("RGB")
    if source.has_transparency_data:
        return source.convert("LA" if source.mode in ("1", "L", "LA") else "RGBA")
    return source.convert({"1": "L", "P": "RGB"}.get(source.mode, source.mode))


def _written(picture: Image.Image, content_type: str, profile: bytes | None) -> bytes:
    """Write the file; Pillow writes much of `info`, so that must be empty."""
    picture.info = {}
    target = BytesIO()
    options = {"quality": 85, "optimize": True} if content_type == "image/jpeg" else {}
    picture.save(target, _FORMATS[content_type], icc_profile=profile, **options)
    return target.getvalue()
