"""Which blobs the app serves, which names they may have, and how a browser may treat them."""

import re
from typing import Annotated
from urllib.parse import quote, unquote

from pydantic import AfterValidator

LARGEST_BYTES = 50 * 1024 * 1024
"""The largest blob that is served or scaled. It is read whole and stays in memory meanwhile."""

LONGEST_NAME = 1024
"""Characters; the limit of Azure Blob Storage."""

_CONTAINER = re.compile(r"[a-z0-9](?!.*--)[a-z0-9-]{1,61}[a-z0-9]", re.ASCII)
_OF_THE_PLATFORM = re.compile(r"(azure-webjobs-|app-package-|scm-).*|.*-(leases|largemessages|applease)", re.ASCII)
"""Containers of the host's keys and locks, of deployed code, and of task hubs (`<hub>-leases` and the like)."""

_CONTENT_TYPE = re.compile(r"[a-z0-9.+-]+/[a-z0-9.+-]+(; ?charset=[a-z0-9-]+)?", re.ASCII | re.IGNORECASE)
_SHOWN = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf", "text/plain"})
"""Types that browsers show without running code from them. SVG and HTML are not among them."""

_NO_CODE = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
_LONGEST_FILE_NAME = 100


def is_readable(container: str, setting: str) -> bool:
    """Say whether the blobs of a container may be served: `setting`, separated by commas, must name the container.

    The platform's containers are never served, even if named: they hold keys, code and the histories of workflows.
    """
    named = {name.strip() for name in setting.split(",")}
    return (
        container in named
        and _CONTAINER.fullmatch(container) is not None
        and _OF_THE_PLATFORM.fullmatch(container) is None
    )


def checked_blob_name(name: str) -> str:
    """Return `name`; raises ValueError with a sentence for the sender if no blob of the app can have it.

    Azure takes segments like `..` as plain characters. Some clients and proxies do not, even if they are encoded.
    """
    if not 1 <= len(name) <= LONGEST_NAME:
        raise ValueError(f"a blob's name has 1 to {LONGEST_NAME} characters")
    if any(ord(char) < 0x20 or 0x7F <= ord(char) < 0xA0 or "\ud800" <= char <= "\udfff" for char in name):
        raise ValueError("a blob's name must not contain control characters")
    decoded = unquote(name)
    if "\\" in decoded or any(segment in ("", ".", "..") for segment in decoded.split("/")):
        raise ValueError(
            "a blob's name must not contain a backslash, nor an empty segment, '.' or '..' between slashes"
        )
    return name


BlobName = Annotated[str, AfterValidator(checked_blob_name)]
"""A field of a boundary model that holds a blob's name."""


def headers_for(name: str, content_type: str | None, content_encoding: str | None = None) -> dict[str, str]:
    """Return response headers with which a browser treats a blob as a document, never as a page of this app.

    HTML that somebody stored would otherwise run with the rights of the app's own origin.
    """
    known = content_type if content_type and _CONTENT_TYPE.fullmatch(content_type) else "application/octet-stream"
    kind = known.partition(";")[0].lower()
    file_name = quote(name.rpartition("/")[2][-_LONGEST_FILE_NAME:], safe="")
    shown = "inline" if kind in _SHOWN else "attachment"
    headers = {
        "Content-Type": known,
        "Content-Disposition": f"{shown}; filename*=UTF-8''{file_name}",
        "X-Content-Type-Options": "nosniff",
        # Chrome's PDF viewer shows nothing in a sandbox.
        "Content-Security-Policy": _NO_CODE if kind == "application/pdf" else f"{_NO_CODE}; sandbox",
        "Cache-Control": "no-store",
    }
    return headers | ({"Content-Encoding": content_encoding} if content_encoding else {})
