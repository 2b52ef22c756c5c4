"""The storage accounts behind queue, blob and table bindings."""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from durable_devhost.dispatch.tables import TableQuery, in_batches
from durable_devhost.storage.account import NotFound
from durable_devhost.storage.blobs import BlobService
from durable_devhost.storage.queues import QueueService
from durable_devhost.storage.tables import Operation, Row, TableService


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountServices:
    """The services of one account that bindings use."""

    blobs: BlobService
    queues: QueueService
    tables: TableService


class StorageBindings:
    """Reads and writes blobs, queue messages and table rows; only a write creates what is missing.

    `services` finds the account of a connection's name (None: the default one) and raises SettingsError if no
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
        self.on_message_sent: Callable[[str], None] = lambda _queue: None
        """Hears of each queue that got a message, so that a listener of this host need not find it by polling."""

        self.on_blob_written: Callable[[str], None] = lambda _container: None
        """Hears of each container that got a blob, so that a blob trigger need not wait for the next scan."""

    async def read_blob(self, connection: str | None, container: str, name: str) -> bytes | None:
        """The blob's bytes, or None if the blob or container does not exist."""
        return await self._services(connection).blobs.get(container, name)

    async def write_blob(self, connection: str | None, container: str, name: str, content: bytes) -> None:
        """Write a block blob (`application/octet-stream`, recorded); a missing container is created."""
        blobs = self._services(connection).blobs
        try:
            await blobs.put(container, name, content)
        except NotFound:
            await blobs.create_container(container)
            await blobs.put(container, name, content)
        self.on_blob_written(container)

    async def enqueue(self, connection: str | None, queue: str, message: str | bytes) -> None:
        """Put one message; a missing queue is created.

        At least once, as on the real host: if the answer to a put is lost, it is sent again, and the message may be
        there twice. Storage chooses the message's id, so a put cannot be told from its repetition; and a missing copy
        proves nothing, since a listener may have taken it.
        """
        queues = self._services(connection).queues
        text = self._encoded(message)
        try:
            await queues.put(queue, text)
        except NotFound:
            await queues.create(queue)
            await queues.put(queue, text)
        self.on_message_sent(queue)

    async def read_rows(self, connection: str | None, query: TableQuery) -> list[Row]:
        """The rows of a query; raises NotFound without the table, because the real host fails then."""
        rows: list[Row] = []
        pages = self._services(connection).tables.query(
            query.table, filter=query.filter or None, top=query.take or None
        )
        async for page in pages:
            rows += page.rows
            if query.take and len(rows) >= query.take:
                return rows[: query.take]
        return rows

    async def write_rows(self, connection: str | None, table: str, operations: Sequence[Operation]) -> None:
        """Apply operations to the rows of a table, one partition after the other; a missing table is created."""
        tables = self._services(connection).tables
        for batch in in_batches(operations):
            try:
                await tables.batch(table, batch)
            except NotFound as error:
                if error.code not in ("TableNotFound", "ResourceNotFound"):
                    raise
                await tables.create_table(table)
                await tables.batch(table, batch)

    def _encoded(self, message: str | bytes) -> str:
        if self._encoding == "none":
            return message if isinstance(message, str) else message.decode()
        return base64.b64encode(message.encode() if isinstance(message, str) else message).decode("ascii")
