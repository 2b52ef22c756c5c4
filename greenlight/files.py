"""Files that a person names on the command line: proposals, policies and documents, read before anything is sent."""

import base64
import json
import mimetypes
import sys
from pathlib import Path
from typing import Any

from greenlight.errors import GreenlightError

UNKNOWN_TYPE = "application/octet-stream"


def read_bytes(path: Path) -> bytes:
    """Return a file's content; raises GreenlightError that names it."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise GreenlightError(
            f"{path} cannot be read: {(error.strerror or str(error)).lower()}.", "Check the path."
        ) from error


def read_object(path: Path) -> dict[str, Any]:
    """Return the JSON object of a file, or of standard input for `-`."""
    content = sys.stdin.buffer.read() if str(path) == "-" else read_bytes(path)
    name = "standard input" if str(path) == "-" else str(path)
    try:
        value = json.loads(content)
    except ValueError as error:
        raise GreenlightError(f"{name} is not JSON: {error}.", "Mend it; nothing was sent.") from error
    if not isinstance(value, dict):
        raise GreenlightError(f"{name} does not hold a JSON object.", "Put the fields between { and }.")
    return value


def content_type(path: Path) -> str:
    """Return the content type that a file's name suggests; the app looks at the content."""
    return mimetypes.guess_type(path.name)[0] or UNKNOWN_TYPE


def enclosed(path: Path) -> dict[str, str]:
    """Return a file as an attachment inside a proposal."""
    content = base64.b64encode(read_bytes(path)).decode("ascii")
    return {"name": path.name, "contentType": content_type(path), "content": content}
