"""HTTP messages as the bytes that they are: storage requests are signed, so nothing may be written anew."""

import asyncio
import re
from dataclasses import dataclass

_LENGTH = re.compile(rb"^content-length: *(\d+)", re.IGNORECASE | re.MULTILINE)
_CHUNKED = re.compile(rb"^transfer-encoding: *chunked", re.IGNORECASE | re.MULTILINE)
_AGENT = re.compile(rb"^user-agent: *([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
_ROW = re.compile(rb"^(?:POST|PUT|PATCH|MERGE|DELETE) \S+/([A-Za-z][A-Za-z0-9]*)(?:\(| )", re.MULTILINE)
_INTERIM = 200
_WITHOUT_BODY = frozenset({204, 304})


@dataclass(frozen=True, slots=True)
class Message:
    """A request or an answer; `head` ends with the empty line, `body` has the chunks as they came."""

    head: bytes
    body: bytes

    @property
    def verb(self) -> str:
        """The verb of a request."""
        return self.head.split(b" ", 1)[0].decode("latin-1")

    @property
    def target(self) -> str:
        """The path and query of a request."""
        return self.head.split(b" ", 2)[1].decode("latin-1")

    @property
    def agent(self) -> str:
        """Who sends a request, empty where it does not say so."""
        found = _AGENT.search(self.head)
        return found[1].decode("latin-1") if found else ""

    @property
    def table(self) -> str:
        """The table that a batch is about, empty for any other request."""
        found = _ROW.search(self.body)
        return found[1].decode("latin-1") if found else ""


async def read_request(reader: asyncio.StreamReader) -> Message:
    """The next request; raises IncompleteReadError when the client has hung up."""
    head = await reader.readuntil(b"\r\n\r\n")
    return Message(head, await _body(reader, head))


async def read_answer(reader: asyncio.StreamReader, verb: str) -> Message:
    """The answer to a request of this verb, without interim ones; raises IncompleteReadError where it breaks off."""
    while True:
        head = await reader.readuntil(b"\r\n\r\n")
        status = int(head.split(b" ", 2)[1])
        if status >= _INTERIM:
            break
    if verb == "HEAD" or status in _WITHOUT_BODY:
        return Message(head, b"")
    return Message(head, await _body(reader, head))


async def _body(reader: asyncio.StreamReader, head: bytes) -> bytes:
    if found := _LENGTH.search(head):
        return await reader.readexactly(int(found[1]))
    if not _CHUNKED.search(head):
        return b""
    parts = []
    size = -1
    while size != 0:
        line = await reader.readuntil(b"\r\n")
        size = int(line.split(b";")[0], 16)
        parts += [line, await reader.readexactly(size + 2)]
    return b"".join(parts)
