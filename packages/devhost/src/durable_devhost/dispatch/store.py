"""The storage accounts behind queue and blob bindings."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from durable_devhost.storage.account import NotFound
from durable_devhost.storage.blobs import BlobService
from durable_devhost.storage.queues import QueueService


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountServices:
    """The two services of one account that bindings use."""

    blobs: BlobService
    queues: QueueService


class StorageBindings:
    """Reads and writes blobs and queue messages; creates what is missing only when a write needs it.

    `services` finds the account of a connection's name (None: the default one) and raises SettingsError where no
    setting has that name. `encoding` is `extensions.queues.messageEncoding` of host.json.
    """

    def __init__(
        self,
        services: Callable[[str | None], AccountServices],
        *,
        encoding: Literal["base64", "none"] = "base64",
    ) -> None:
        self._services = services
        self._encoding = encoding
        self.sent: Callable[[str], None] = lambda _queue: None
        """Hears of each queue that got a message, so that a listener of this host need not find it by polling."""

    async def read_blob(self, connection: str | None, container: str, name: str) -> bytes | None:
        """The blob's bytes, or None where there is no such blob or container."""
        return await self._services(connection).blobs.get(container, name)

    async def write_blob(self, connection: str | None, container: str, name: str, content: bytes) -> None:
        """Write a block blob (`application/octet-stream`, recorded) and create its container when missing."""
        blobs = self._services(connection).blobs
        try:
            await blobs.put(container, name, content)
        except NotFound:
            await blobs.create_container(container)
            await blobs.put(container, name, content)

    async def enqueue(self, connection: str | None, queue: str, message: str | bytes) -> None:
        """Put one message and create the queue when missing.

        At least once, as on the real host: where the answer to a put is lost, it is sent again, and the message may be
        there twice. Storage names a message itself, so a put cannot be told from its repetition; and that a copy is not
        seen proves nothing, since a listener may have taken it.
        """
        queues = self._services(connection).queues
        text = self._encoded(message)
        try:
            await queues.put(queue, text)
        except NotFound:
            await queues.create(queue)
            await queues.put(queue, text)
        self.sent(queue)

    def _encoded(self, message: str | bytes) -> str:
        if self._encoding == "none":
            return message if isinstance(message, str) else message.decode()
        return base64.b64encode(message.encode() if isinstance(message, str) else message).decode("ascii")
