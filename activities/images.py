"""ScaleImage: makes one scaled copy of one picture."""

from typing import Any
from urllib.parse import quote

import azure.durable_functions as df

from approvals.blobs import LARGEST_BYTES
from approvals.images import EDGES, ScaleTask, name_of_copy, type_by_name, why_not_by_name
from gateways.blobs import BlobFacts, Blobs, open_pictures
from gateways.images import Unreadable, scale, size_of

bp = df.Blueprint()

MARK = "scaledfrom"
"""The metadata key of a copy with the name of its picture, percent-encoded. A renamed copy keeps it."""

_LONGEST_MARK = 1024
"""Azure allows 8 KB of metadata in all."""


@bp.activity_trigger(input_name="task", activity="ScaleImage")
def scale_image(task: dict) -> dict:
    """Make the copy if it is missing: `{size, blob, width, height, made}`, or `{refused: reason}`.

    The copy's name is the key: a second run finds the copy and changes nothing.
    """
    wanted = ScaleTask.from_dict(task)
    blobs = open_pictures()
    reason = why_not_by_name(wanted.blob) or _why_not(wanted.blob, blobs.find(wanted.blob))
    if reason:
        return {"refused": reason}
    try:
        return _copy(blobs, wanted)
    except Unreadable as error:
        return {"refused": f"{wanted.blob[-60:]!r}: {error}"}


def _why_not(blob: str, found: BlobFacts | None) -> str | None:
    if found is None:
        return f"there is no blob {blob[-60:]!r}"
    if MARK in found.metadata:
        return f"{blob[-60:]!r} is marked as a scaled copy, and copies are not scaled again"
    if found.size > LARGEST_BYTES:
        return f"{blob[-60:]!r} has {found.size:,} bytes, more than {LARGEST_BYTES:,}"
    return None


def _copy(blobs: Blobs, wanted: ScaleTask) -> dict[str, Any]:
    target = name_of_copy(wanted.blob, wanted.size)
    about = {"size": wanted.size, "blob": target}
    if blobs.find(target) is None:
        content_type = type_by_name(wanted.blob)
        picture = scale(blobs.read(wanted.blob) or b"", content_type, edge=EDGES[wanted.size])
        mark = {MARK: quote(wanted.blob)[:_LONGEST_MARK]}
        if blobs.create(target, picture.content, content_type=content_type, metadata=mark):
            return {**about, "width": picture.width, "height": picture.height, "made": True}
    width, height = size_of(blobs.read(target) or b"")
    return {**about, "width": width, "height": height, "made": False}
