"""Pictures as Pillow sees them: read with distrust, scaled, and written without what they tell about their maker."""

import struct
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from PIL import Image, ImageOps, JpegImagePlugin

from approvals import checks
from approvals.images import MOST_PIXELS, fitted
from approvals.pictures import holds_a_picture_alone

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

_TOO_MANY = "the picture has more than {:,} pixels"
_SMOOTH = Image.Resampling.LANCZOS


class Unreadable(Exception):
    """The content is no picture that can be used; the text says why, for the person who handed it in."""


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
                raise Unreadable(_TOO_MANY.format(MOST_PIXELS))
            size = fitted(source.width, source.height, edge)
            source.draft(None, size)  # a JPEG is decoded at a fraction of its size
            upright = ImageOps.exif_transpose(_with_plain_pixels(source, content_type).resize(size, _SMOOTH))
            profile = source.info.get("icc_profile") if upright.mode == source.mode else None
    except _BOMBS as error:
        raise Unreadable(_TOO_MANY.format(MOST_PIXELS)) from error
    except _DEFECTS as error:
        raise Unreadable(f"the content is no {_FORMATS[content_type]} picture that can be read") from error
    return Picture(content=_written(upright, content_type, profile), width=upright.width, height=upright.height)


def clean(content: bytes, content_type: str) -> bytes:
    """Return the picture without what its file tells besides: place, camera, comments, thumbnail, what lies behind.

    It is decoded to its end in any case; raises `Unreadable` where that cannot be, or takes too much memory. A file
    that holds the picture alone stays as it is, byte for byte, so that cleaning twice is cleaning once. Another one is
    written anew, upright as EXIF asks, with its colour profile: PNG without loss, JPEG at the quality that it has.
    """
    try:
        with Image.open(BytesIO(content), formats=[_FORMATS[content_type]]) as source:
            if source.width * source.height > checks.MOST_PIXELS:
                raise Unreadable(_TOO_MANY.format(checks.MOST_PIXELS))
            source.load()
            return content if holds_a_picture_alone(content, content_type) else _written_anew(source, content_type)
    except _BOMBS as error:
        raise Unreadable(_TOO_MANY.format(checks.MOST_PIXELS)) from error
    except _DEFECTS as error:
        raise Unreadable(f"the content is no {_FORMATS[content_type]} picture that can be read") from error


def _written_anew(source: Image.Image, content_type: str) -> bytes:
    upright = _upright(source)
    options: dict[str, Any] = {}
    if isinstance(source, JpegImagePlugin.JpegImageFile):
        if source.mode in ("L", "RGB"):
            options = {"qtables": source.quantization, "subsampling": JpegImagePlugin.get_sampling(source)}
        else:
            upright, options = upright.convert("RGB"), {"quality": 95}
    elif "transparency" in source.info:
        options = {"transparency": source.info["transparency"]}
    profile = source.info.get("icc_profile") if upright.mode == source.mode else None
    upright.info = {}
    target = BytesIO()
    upright.save(target, _FORMATS[content_type], icc_profile=profile, **options)
    return target.getvalue()


def _upright(source: Image.Image) -> Image.Image:
    """Turn the picture as EXIF asks; EXIF that cannot be read asks for nothing."""
    try:
        return ImageOps.exif_transpose(source)
    except _DEFECTS:
        return source.copy()


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
