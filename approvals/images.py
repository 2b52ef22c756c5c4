"""Scaled copies of pictures: their sizes, their names, and which blobs get none."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from approvals.attachments import InlineAttachment, StoredAttachment
from approvals.blobs import BlobName
from approvals.forms import AsTuple, Form
from approvals.validation import Boundary

SizeName = Literal["small", "medium", "large"]

EDGES: Mapping[SizeName, int] = MappingProxyType({"small": 200, "medium": 800, "large": 1600})
"""The length in pixels of each copy's longest side. A picture is never scaled up, so a copy may be smaller."""

CONTENT_TYPES: Mapping[str, str] = MappingProxyType({".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"})

_Sizes = Annotated[tuple[SizeName, ...], AsTuple, Field(min_length=1, max_length=3, description="Which copies to make")]
_SourceName = Annotated[
    BlobName, Field(max_length=1000, description="A picture in the container of the attachments, by its blob's name")
]


class ScaleRequest(Boundary):
    """The input of ScaleImages: a stored picture, and the sizes of the copies to make."""

    blob: _SourceName
    sizes: _Sizes = tuple(EDGES)


class ScaleTask(Boundary):
    """The input of ScaleImage: one copy of one picture."""

    blob: _SourceName
    size: SizeName


class ScaleForm(Form):
    """A picture to scale: a file in the form, or the name of a stored blob."""

    example: ClassVar = {
        "image": {
            "name": "logo.png",
            "contentType": "image/png",
            "content": (
                "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAHklEQVR42mNkyOthwAaYGHAAnBKM////J1EH9SwHAH17BP9rCI/I"
                "AAAAAElFTkSuQmCC"
            ),
        }
    }

    most_files: ClassVar = 1

    image: Annotated[InlineAttachment | None, Field(description="A PNG or JPEG file, up to 2 MiB")] = None
    blob: _SourceName | None = None
    sizes: _Sizes = tuple(EDGES)

    @model_validator(mode="after")
    def _one_picture(self) -> Self:
        if (self.image is None) == (self.blob is None):
            raise ValueError("give either image or blob")
        if self.image and self.image.content_type not in CONTENT_TYPES.values():
            raise ValueError("image: contentType must be image/png or image/jpeg")
        return self

    @property
    def files(self) -> tuple[InlineAttachment, ...]:
        """The picture, if it is in the form."""
        return (self.image,) if self.image else ()

    def submission(self, stored: tuple[StoredAttachment, ...]) -> dict[str, Any]:
        """Return the workflow's input: the picture's blob and the sizes."""
        blob = stored[0].blob if stored else self.blob
        return {"blob": blob, "sizes": list(self.sizes)}


def name_of_copy(blob: str, size: SizeName) -> str:
    """Return the name of a scaled copy in the same folder as its picture: x-small.png for x.png."""
    stem, suffix = _split(blob)
    return f"{stem}-{size}{suffix}"


def why_not_by_name(blob: str) -> str | None:
    """Return why a blob of that name gets no scaled copies; None if it gets them.

    Only the name is checked, because a copy that somebody downloaded and stored again has lost its metadata. A person's
    own file name, such as very-small.png, is not affected: the app makes the blob names of attachments.
    """
    stem, suffix = _split(blob)
    if suffix.lower() not in CONTENT_TYPES:
        return f"{blob[-60:]!r} does not end in .png, .jpg or .jpeg"
    if any(stem.lower().endswith(f"-{size}") for size in EDGES):
        return f"{blob[-60:]!r} has the name of a scaled copy, and copies are not scaled again"
    return None


def type_by_name(blob: str) -> str:
    """Return the content type that a picture's file suffix means."""
    return CONTENT_TYPES[_split(blob)[1].lower()]


def fit_size(width: int, height: int, edge: int) -> tuple[int, int]:
    """Return width and height in the same proportion, the longer at most `edge`; a picture never grows."""
    longest = max(width, height)
    if longest <= edge:
        return width, height
    return max(1, round(width * edge / longest)), max(1, round(height * edge / longest))


def _split(blob: str) -> tuple[str, str]:
    """Split a name before its suffix; the suffix is empty if the last segment has none."""
    folder, slash, file = blob.rpartition("/")
    stem, dot, suffix = file.rpartition(".")
    return (f"{folder}{slash}{stem}", f".{suffix}") if dot else (blob, "")
