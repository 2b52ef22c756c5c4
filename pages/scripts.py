"""The script files of the pages. Each improves something that also works without it."""

import hashlib
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).with_name("static")

NAMES = ("times.js", "fresh.js", "uploads.js", "preview.js")


@cache
def read_script(name: str) -> bytes:
    """Return one of the files `NAMES`."""
    return (_FOLDER / name).read_bytes()


@cache
def script_address(name: str) -> str:
    """Return the address of a file, which is another one when its content has changed."""
    return f"/api/ui/static/{name}?v={hashlib.sha256(read_script(name)).hexdigest()[:16]}"
