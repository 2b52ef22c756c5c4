"""The storage accounts that one host talks to: the hub's, the default one, and those that bindings name."""

from contextlib import AsyncExitStack
from typing import Any

from durable_devhost.dispatch.store import AccountServices
from durable_devhost.model.functions import FunctionCatalog
from durable_devhost.settings import HostSettings
from durable_devhost.storage.account import StorageAccount
from durable_devhost.storage.blobs import BlobService
from durable_devhost.storage.queues import QueueService
from durable_devhost.storage.transport import Transport


class Accounts:
    """One transport for each account that the hub or a binding uses."""

    def __init__(self, settings: HostSettings) -> None:
        self._settings = settings
        self._transports: dict[str, Transport] = {}

    async def open(self, resources: AsyncExitStack, connection: str | None) -> Transport:
        """The transport of a connection's account; raises SettingsError where no setting has that name."""
        text = self._settings.connection_string(connection)
        if text not in self._transports:
            transport = Transport(StorageAccount.parse(text))
            self._transports[text] = await resources.enter_async_context(transport)
        return self._transports[text]

    def services(self, connection: str | None) -> AccountServices:
        """The blobs and queues of an account that was opened before."""
        transport = self._transports[self._settings.connection_string(connection)]
        return AccountServices(blobs=BlobService(transport), queues=QueueService(transport))

    def calls(self) -> dict[str, Any]:
        """How many calls were made so far, by service and verb."""
        counts: dict[str, int] = {}
        for transport in self._transports.values():
            for kind, count in transport.calls.snapshot().items():
                counts[kind] = counts.get(kind, 0) + count
        return {"total": sum(counts.values()), "byKind": dict(sorted(counts.items()))}


def binding_connections(catalog: FunctionCatalog) -> set[str | None]:
    """The connection names of all queue and blob bindings and triggers."""
    return {
        binding.text("connection")
        for function in catalog.functions
        for binding in (function.trigger, *function.inputs, *function.outputs)
        if binding.type in ("queueTrigger", "queue", "blob", "blobTrigger")
    }
