"""Pictures, with Pillow: read with limits, measured, scaled, and written without metadata.

Pillow is imported for the first picture: a cold start waits for every import.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from time import monotonic
from typing import TYPE_CHECKING, Any

from approvals import checks
from approvals.images import fit_size
from approvals.pictures import MOST_PIXELS, holds_a_picture_alone, outline, why_not_decoded, why_not_opened

if TYPE_CHECKING:
    from PIL import Image, ImageFile

DECODING_S = 10.0
"""Seconds after which decoding is given up. The largest allowed file takes two seconds on a slow machine."""

_FORMATS = {"image/png": "PNG", "image/jpeg": "JPEG"}
"""Only decoders of accepted types, because every additional decoder can be attacked."""

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
"""Exceptions that Pillow raises for damaged content; they have no common class."""

_BLOCK = 4096
"""Bytes that a JPEG decoder gets at a time. The time is checked in between, and so few bytes have few scans."""


class Unreadable(Exception):
    """The content is not a usable picture; the text tells its sender why."""


class _Damaged(Unreadable):
    """A decoder has failed."""


class _Timed(BytesIO):
    """A file that raises `Unreadable` after the time limit."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self._end = monotonic() + DECODING_S

    def read(self, size: int | None = -1, /) -> bytes:
        """Read the next bytes if the time limit is not reached."""
        if monotonic() >= self._end:
            raise Unreadable("the picture takes too long to decode")
        return super().read(size)


@contextmanager
def _open_picture(content: bytes, *content_types: str) -> Iterator[ImageFile.ImageFile]:
    """Open a picture of these types if it may be decoded. Raises `Unreadable`, also for Pillow's errors inside."""
    from PIL import Image, ImageFile

    # Pillow's own limits are about two and four times higher than the app's, and the lower one only warns.
    bombs = (Image.DecompressionBombError, Image.DecompressionBombWarning)
    formats = [_FORMATS[each] for each in content_types or _FORMATS]
    found = outline(content)
    _refuse(why_not_opened(found))
    try:
        with Image.open(_Timed(content), formats=formats) as source:
            assert isinstance(source, ImageFile.ImageFile)  # always the case for pictures from files
            source.decodermaxblock = _BLOCK if source.format == "JPEG" else source.decodermaxblock
            _refuse(why_not_decoded(source.width, source.height, found))
            yield source
    except bombs as error:
        raise Unreadable(f"the picture has more than {MOST_PIXELS:,} pixels") from error
    except _DEFECTS as error:
        kind = f"{formats[0]} picture" if len(formats) == 1 else "picture"
        raise _Damaged(f"the content is not a readable {kind}") from error


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

    It is rotated upright by its EXIF data, and has only pixels and colour profile: no location, camera or comment.
    """
    from PIL import Image, ImageOps

    with _open_picture(content, content_type) as source:
        size = fit_size(source.width, source.height, edge)
        source.draft(None, size)  # a JPEG can be decoded at a fraction of its size
        scaled = _with_plain_pixels(source, content_type).resize(size, Image.Resampling.LANCZOS)
        upright = ImageOps.exif_transpose(scaled)
        profile = source.info.get("icc_profile") if upright.mode == source.mode else None
    return Picture(content=_write_picture(upright, content_type, profile), width=upright.width, height=upright.height)


def clean(content: bytes, content_type: str) -> bytes:
    """Return the picture without metadata: location, camera, comments, thumbnail, trailing data.

    It is always decoded completely; raises `Unreadable` if that fails or takes too much memory or time. A file that
    contains only the picture is returned unchanged, so cleaning again changes nothing. Other files are written again,
    rotated upright by their EXIF data, with their colour profile: PNG lossless, JPEG with the same quality.
    """
    with _open_picture(content, content_type) as source:
        source.load()
        return content if holds_a_picture_alone(content, content_type) else _written_again(source, content_type)


def measure(content: bytes) -> checks.Picture:
    """Return an image's size, and the error if it cannot be decoded. Never raises because of the content.

    The size is read from the header first. The pixels are decoded only if the size is allowed.
    """
    width = height = 0
    try:
        with _open_picture(content) as source:
            width, height = source.size
            source.load()
    except _Damaged as error:
        return checks.Picture(width=width, height=height, trouble="it is damaged or cut off" if width else str(error))
    except Unreadable as error:
        return checks.Picture(trouble=str(error))
    return checks.Picture(width=width, height=height)


def size_of(content: bytes) -> tuple[int, int]:
    """Return width and height of a picture without decoding it; raises `Unreadable` if it is not allowed."""
    with _open_picture(content) as source:
        return source.size


def _written_again(source: Image.Image, content_type: str) -> bytes:
    from PIL import JpegImagePlugin

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
    """Rotate the picture by its EXIF data; unreadable EXIF data is ignored."""
    from PIL import ImageOps

    try:
        return ImageOps.exif_transpose(source)
    except _DEFECTS:
        return source.copy()


def _with_plain_pixels(source: Image.Image, content_type: str) -> Image.Image:
    """Return the picture in a mode in which pixels can be averaged, which is not possible with a palette."""
    if content_type == "image/jpeg":
        return source if source.mode in ("L", "RGB") else source.convert("RGB")
    if source.has_transparency_data:
        return source.convert("LA" if source.mode in ("1", "L", "LA") else "RGBA")
    return source.convert({"1": "L", "P": "RGB"}.get(source.mode, source.mode))


def _write_picture(picture: Image.Image, content_type: str, profile: bytes | None) -> bytes:
    """Write the file. Pillow writes much of `info`, so `info` must be empty."""
    picture.info = {}
    target = BytesIO()
    options = {"quality": 85, "optimize": True} if content_type == "image/jpeg" else {}
    picture.save(target, _FORMATS[content_type], icc_profile=profile, **options)
    return target.getvalue()
