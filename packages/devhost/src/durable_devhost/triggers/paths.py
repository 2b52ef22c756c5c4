"""The path of a request as Kestrel reads it, and as the function's URL shows it again. Pure.

Rules of Kestrel's `UrlDecoder` and `PathNormalizer` and of ASP.NET's `PathString` (recorded too): a path is decoded
before `.` and `..` are resolved; `%2F` and bytes that are no UTF-8 stay as they are.
"""

import re
from urllib.parse import quote

_RUN = re.compile("(?:%[0-9A-Fa-f]{2})+")
_ENCODED = re.compile("%[0-9A-Fa-f]{2}")
_LOST = re.compile(r"%(?![0-9A-Fa-f]{2})|[^A-Za-z0-9\-._~!$&'()*+,;=:@/%]")
_SLASH = 0x2F
_ASCII = 0x80
_DOTS = frozenset((".", ".."))


def decoded_path(raw: str) -> str | None:
    """The path that routes see; None where it has a null character, which is a bad request."""
    path = _RUN.sub(lambda run: _decoded(run[0], keeps_slashes=True), raw)
    if "\0" in path:
        return None
    return _without_dots(path) if _DOTS & set(path.split("/")) else path


def decoded_text(raw: str) -> str:
    """Percent-encoded text beyond a path; what is no UTF-8 stays as it is."""
    return _RUN.sub(lambda run: _decoded(run[0], keeps_slashes=False), raw)


def path_in_urls(path: str) -> str:
    """A decoded path as a URL has it: what looks encoded is kept, all else that a path cannot hold is encoded."""
    return _LOST.sub(lambda char: quote(char[0], safe="", errors="replace"), path)


def _decoded(run: str, *, keeps_slashes: bool) -> str:
    """Some percent-encoded bytes one after the other: characters where they are UTF-8, else the bytes as they came."""
    pieces, content = _ENCODED.findall(run), bytes.fromhex(run.replace("%", ""))
    text, at = "", 0
    while at < len(content):
        length = _length(content[at])
        try:
            is_kept = keeps_slashes and content[at] == _SLASH
            char = pieces[at] if is_kept else content[at : at + length].decode()
        except UnicodeDecodeError:
            char, length = pieces[at], 1
        text += char
        at += length
    return text


def _length(lead: int) -> int:
    """How many bytes a character has that begins with this one."""
    return 1 if lead < _ASCII else 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4


def _without_dots(path: str) -> str:
    """RFC 3986, 5.2.4: nothing leads above the root."""
    *segments, last = path.removeprefix("/").split("/")
    kept: list[str] = []
    for segment in (*segments, last):
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if last in _DOTS:
        kept.append("")
    return "/" + "/".join(kept)
