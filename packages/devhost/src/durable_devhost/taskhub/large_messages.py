"""Texts that are too large for a column or a queue message: gzipped blobs in the hub's large-messages container.

The blobs are `application/octet-stream` without Content-Encoding; what they hold is told by their names alone.
"""

import gzip
import re
import secrets
from collections.abc import Collection
from urllib.parse import quote, unquote
from zlib import error as ZlibError

from durable_devhost.model.history import ExecutionStarted
from durable_devhost.model.messages import CorruptMessage, Message, decode
from durable_devhost.storage.account import NotFound
from durable_devhost.storage.blobs import BlobService
from durable_devhost.taskhub.names import HubNames, escape_key

COLUMN_LIMIT = 60 * 1024
"""Bytes in UTF-16 above which a column's text goes to a blob."""

MESSAGE_LIMIT = 45 * 1024
"""Bytes in UTF-8 above which a queue message goes to a blob."""


def is_large(text: str) -> bool:
    """Whether a text is too large for a table column."""
    # No character takes more than four bytes, so most texts need no second look.
    return len(text) * 4 > COLUMN_LIMIT and len(text.encode("utf-16-le", "surrogatepass")) > COLUMN_LIMIT


class LargeMessages:
    """The large-messages container, which comes into being with its first blob."""

    def __init__(self, blobs: BlobService, names: HubNames, blob_endpoint: str) -> None:
        self._blobs = blobs
        self._container = names.large_messages
        self._base = f"{blob_endpoint}/{names.large_messages}"
        self._ours = re.compile(rf"https?://[^/]+/(?:[^/]+/)?{names.large_messages}/(.+)")

    async def put_message(self, message: Message, text: str) -> str:
        """Store the JSON of a queue message and return the name of its blob."""
        guid = message.activity_id.replace("-", "")
        name = f"{message.target.instance_id}/message-{guid}-{message.event_name}.json.gz"
        return await self._put(name, text)

    async def put_column(self, instance_id: str, row_key: str, kind: str, column: str, text: str) -> str:
        """Store the text of a column and return the name of its blob; `kind` is the row's event type."""
        salt = secrets.token_hex(4).upper()
        return await self._put(f"{escape_key(instance_id)}/history-{row_key}-{kind}-{salt}-{column}.json.gz", text)

    async def read(self, name: str) -> str | None:
        """The text in a blob, None when there is no such blob or it is not gzipped UTF-8."""
        content = await self._blobs.get(self._container, name)
        if content is None:
            return None
        try:
            return gzip.decompress(content).decode()
        except (OSError, EOFError, ZlibError, UnicodeDecodeError):
            return None

    def url(self, name: str) -> str:
        """The URL under which the Instances table refers to a blob, percent-escaped."""
        return f"{self._base}/{quote(name, safe='/')}"

    async def resolve(self, text: str) -> str:
        """What a column of the Instances table means: the text behind the URL of one of this hub's blobs, or itself.

        The host in the URL does not matter, since a local Azurite moves from port to port. A blob that holds a whole
        start message stands for the input in it. A URL that leads nowhere is an ordinary text.
        """
        found = self._ours.fullmatch(text)
        if found is None:
            return text
        name = unquote(found[1])
        content = await self.read(name)
        if content is None or "/message-" not in name:
            return text if content is None else content
        return _input_of(content) or ""

    async def purge(self, instance_id: str, *, but: Collection[str] = ()) -> int:
        """Delete the blobs of one instance, `but` not these, and return how many it deleted.

        Message blobs lie under the plain id and history blobs under the escaped one; ids that merely begin the same
        way keep theirs, unlike with the real provider, which deletes by prefix.
        """
        folders = {instance_id, escape_key(instance_id)}
        names = [
            name for folder in sorted(folders) for name in await self._blobs.list_names(self._container, f"{folder}/")
        ]
        doomed = [name for name in names if name.rpartition("/")[0] in folders and name not in but]
        for name in doomed:
            await self._blobs.delete(self._container, name)
        return len(doomed)

    async def _put(self, name: str, text: str) -> str:
        content = gzip.compress(text.encode(errors="replace"), compresslevel=6, mtime=0)
        try:
            await self._blobs.put(self._container, name, content)
        except NotFound:
            await self._blobs.create_container(self._container)
            await self._blobs.put(self._container, name, content)
        return name


def _input_of(text: str) -> str | None:
    try:
        message = decode(text)
    except CorruptMessage:
        return None
    if isinstance(message, Message) and isinstance(message.event, ExecutionStarted):
        return message.event.input
    return None
