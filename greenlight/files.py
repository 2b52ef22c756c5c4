"""Files that a person names on the command line: proposals, policies and documents, read before anything is sent."""

import base64
import json
import mimetypes
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from approvals.attachments import KINDS
from greenlight.errors import GreenlightError

UNKNOWN_TYPE = "application/octet-stream"

_BY_SUFFIX = {kind.suffix: name for name, kind in KINDS.items()}
"""What the app accepts; the lists of operating systems differ."""


POLICIES = Path(__file__).resolve().parents[1] / "policies"
"""Beside the app, in the clone that this command line belongs to."""

_DIRECTORY = "people.json"
"""It is in the same folder, but is not a policy."""


def policy_names(folder: Path) -> list[str]:
    """Return the names of the policies in a folder."""
    return sorted(path.stem for path in folder.glob("*.json") if path.name != _DIRECTORY)


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
        raise GreenlightError(f"{name} is not JSON: {error}.", "Fix it; nothing was sent.") from error
    if not isinstance(value, dict):
        raise GreenlightError(f"{name} does not hold a JSON object.", "Put the fields between { and }.")
    return value


def files_of(paths: Iterable[Path]) -> list[Path]:
    """Return the files; a folder is replaced by its files in order of name, without hidden ones and subfolders.

    Raises GreenlightError for a folder without files.
    """
    found = list[Path]()
    for path in paths:
        if not path.is_dir():
            found.append(path)
            continue
        inside = sorted(each for each in path.iterdir() if each.is_file() and not each.name.startswith("."))
        if not inside:
            raise GreenlightError(f"There is no file in {path}.", "Name the files, or a folder that has them.")
        found += inside
    return found


def content_type(path: Path) -> str:
    """Return the content type that a file's name suggests; the app looks at the content."""
    return _BY_SUFFIX.get(path.suffix.lower()) or mimetypes.guess_type(path.name)[0] or UNKNOWN_TYPE


def read_attachment(path: Path) -> dict[str, str]:
    """Return a file as an attachment inside a proposal."""
    content = base64.b64encode(read_bytes(path)).decode("ascii")
    return {"name": path.name, "contentType": content_type(path), "content": content}
