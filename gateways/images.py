"""Pictures as Pillow sees them: read with distrust, measured, scaled, and written without what tells of their maker."""

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from time import monotonic
from typing import Any

from PIL import Image, ImageFile, ImageOps, JpegImagePlugin

from approvals import checks
from approvals.images import fitted
from approvals.pictures import MOST_PIXELS, holds_a_picture_alone, outline, why_not_decoded, why_not_opened

DECODING_S = 10.0
"""Seconds after which a file is given up; what may be decoded at all takes two, on a slow machine."""

_FORMATS = {"image/png": "PNG", "image/jpeg": "JPEG"}
"""Only decoders of kinds that are accepted; each decoder more is one more that can be attacked."""

_DEFECTS = (
    OSError,
    SyntaxError,
    ValueError,
    ArithmeticError,
    LookupError,
    EOFError,
    TypeError,
    struct.error,
    zlib.error,
)
"""What Pillow raises for content that is not what it says; there is no common class."""

_BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)
"""Pillow's own limits are about twice and four times ours, and the lower one only warns."""

_BLOCK = 4096
"""Bytes that a JPEG's decoder is given at once: the time is looked at in between, and so few bytes hold few scans."""

_SMOOTH = Image.Resampling.LANCZOS


class Unreadable(Exception):
    """The content is no picture that can be used; the text says why, for the person who handed it in."""


class _Damaged(Unreadable):
    """A decoder has given up."""


class _Timed(BytesIO):
    """A file that is given up when its time is over."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self._end = monotonic() + DECODING_S

    def read(self, size: int | None = -1, /) -> bytes:
        """Read on, where there is time left."""
        if monotonic() >= self._end:
            raise Unreadable("the picture takes too long to decode")
        return super().read(size)


@contextmanager
def _opened(content: bytes, *content_types: str) -> Iterator[ImageFile.ImageFile]:
    """Open a picture of these types that may be decoded. Raises `Unreadable`, also for what Pillow raises inside."""
    formats = [_FORMATS[each] for each in content_types or _FORMATS]
    found = outline(content)
    _refuse(why_not_opened(found))
    try:
        with Image.open(_Timed(content), formats=formats) as source:
            assert isinstance(source, ImageFile.ImageFile)  # whatever comes from a file
            source.decodermaxblock = _BLOCK if source.format == "JPEG" else source.decodermaxblock
            _refuse(why_not_decoded(source.width, source.height, found))
            yield source
    except _BOMBS as error:
        raise Unreadable(f"the picture has more than {MOST_PIXELS:,} pixels") from error
    except _DEFECTS as error:
        kind = f"{formats[0]} picture" if len(formats) == 1 else "picture"
        raise _Damaged(f"the content is no {kind} that can be read") from error


def _refuse(reason: str | None) -> None:
    if reason:
        raise Unreadable(reason)


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
    with _opened(content, content_type) as source:
        size = fitted(source.width, source.height, edge)
        source.draft(None, size)  # a JPEG is decoded at a fraction of its size
        upright = ImageOps.exif_transpose(_with_plain_pixels(source, content_type).resize(size, _SMOOTH))
        profile = source.info.get("icc_profile") if upright.mode == source.mode else None
    return Picture(content=_written(upright, content_type, profile), width=upright.width, height=upright.height)


def clean(content: bytes, content_type: str) -> bytes:
    """Return the picture without what its file tells besides: place, camera, comments, thumbnail, what lies behind.

    It is decoded to its end in any case; raises `Unreadable` where that cannot be, or takes too much memory or time.
    A file that holds the picture alone stays as it is, byte for byte, so that cleaning twice is cleaning once. Another
    one is written anew, upright as EXIF asks, with its colour profile: PNG without loss, JPEG at the quality it has.
    """
    with _opened(content, content_type) as source:
        source.load()
        return content if holds_a_picture_alone(content, content_type) else _written_anew(source, content_type)


def measure(content: bytes) -> checks.Picture:
    """Return an image's size, and the trouble with it where it cannot be decoded. Never raises for what is in it.

    The size is read from the header; only then, and only where it is sensible, are the pixels decoded.
    """
    width = height = 0
    try:
        with _opened(content) as source:
            width, height = source.size
            source.load()
    except _Damaged as error:
        return checks.Picture(width=width, height=height, trouble="it is damaged or cut off" if width else str(error))
    except Unreadable as error:
        return checks.Picture(trouble=str(error))
    return checks.Picture(width=width, height=height)


def size_of(content: bytes) -> tuple[int, int]:
    """Return width and height of a picture that may be decoded, and decode nothing; raises `Unreadable`."""
    with _opened(content) as source:
        return source.size


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
