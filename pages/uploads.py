"""What the fields for files say: how many, how large, of which kinds."""

from typing import Any

from approvals.attachments import KINDS, LARGEST_UPLOAD, MOST_ATTACHMENTS
from approvals.words.wording import size

_SUFFIXES = ",".join(sorted({kind.suffix for kind in KINDS.values()} | {".jpeg", ".markdown"}))


def file_limits() -> dict[str, Any]:
    """Return what a template with such a field needs."""
    return {"most_files": MOST_ATTACHMENTS, "largest": size(LARGEST_UPLOAD), "accept": _SUFFIXES}
