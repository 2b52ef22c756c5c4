"""Scaled copies of pictures: which there are, what they are called, how large they become, and of what none is made."""

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
"""The longest side of each copy in pixels, at most: a picture is never scaled up."""

CONTENT_TYPES: Mapping[str, str] = MappingProxyType({".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"})

_Sizes = Annotated[tuple[SizeName, ...], AsTuple, Field(min_length=1, max_length=3, description="Which copies to make")]
_SourceName = Annotated[
    BlobName, Field(max_length=1000, description="A picture in the container of the attachments, by its blob's name")
]


class ScaleRequest(Boundary):
    """The input of ScaleImages: a picture that is stored, and the sizes to make of it."""

    blob: _SourceName
    sizes: _Sizes = tuple(EDGES)


class ScaleTask(Boundary):
    """The input of ScaleImage: one size of one picture."""

    blob: _SourceName
    size: SizeName


class ScaleForm(Form):
    """A picture to be scaled: a file inside the form, or the name of a blob that is there already."""

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
        """The picture, where it is inside."""
        return (self.image,) if self.image else ()

    def submission(self, stored: tuple[StoredAttachment, ...]) -> dict[str, Any]:
        """Return the workflow's input: where the picture lies."""
        blob = stored[0].blob if stored else self.blob
        return {"blob": blob, "sizes": list(self.sizes)}


def name_of_copy(blob: str, size: SizeName) -> str:
    """Return the name of a scaled copy, which lies beside its picture: x-small.png for x.png."""
    stem, suffix = _split(blob)
    return f"{stem}-{size}{suffix}"


def why_not_by_name(blob: str) -> str | None:
    """Return why no copies are made of a blob of that name, None where there is no reason.

    The name alone must be enough, as a copy that somebody downloaded and stored again has lost its metadata. A picture
    that a person calls very-small.png is not meant, and not met: attachments are stored under names that the app makes.
    """
    stem, suffix = _split(blob)
    if suffix.lower() not in CONTENT_TYPES:
        return f"{blob[-60:]!r} is not named as a picture is: .png, .jpg or .jpeg"
    if any(stem.lower().endswith(f"-{size}") for size in EDGES):
        return f"{blob[-60:]!r} is named as a scaled copy is, and copies are not scaled again"
    return None


def type_by_name(blob: str) -> str:
    """Return the content type that the name of a picture promises."""
    return CONTENT_TYPES[_split(blob)[1].lower()]


def fitted(width: int, height: int, edge: int) -> tuple[int, int]:
    """Return width and height, in the same proportion, so that the longer is at most `edge` and none grows."""
    longest = max(width, height)
    if longest <= edge:
        return width, height
    return max(1, round(width * edge / longest)), max(1, round(height * edge / longest))


def _split(blob: str) -> tuple[str, str]:
    """Split a name before its suffix; the suffix is empty where the last step has none."""
    folder, slash, file = blob.rpartition("/")
    stem, dot, suffix = file.rpartition(".")
    return (f"{folder}{slash}{stem}", f".{suffix}") if dot else (blob, "")
