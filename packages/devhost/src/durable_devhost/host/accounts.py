"""The hub and the storage accounts of one host: the hub's, the default one, and those that bindings name."""

from collections.abc import Iterable, Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from durable_devhost.app_settings import DEFAULT_CONNECTION, FILE_NAME
from durable_devhost.azurite.folder import disk_fault
from durable_devhost.clock import Clock
from durable_devhost.dispatch.store import AccountServices
from durable_devhost.errors import SettingsError, StorageUnavailable
from durable_devhost.model.functions import Function, FunctionCatalog
from durable_devhost.settings import HostSettings
from durable_devhost.storage.account import Service, StorageAccount, StorageFailure
from durable_devhost.storage.blobs import BlobService
from durable_devhost.storage.queues import QueueService
from durable_devhost.storage.tables import TableService
from durable_devhost.storage.transport import Answer, Transport
from durable_devhost.storage_mode import StorageMode
from durable_devhost.taskhub.hub import TaskHub
from durable_devhost.taskhub.names import default_hub_name

_REFUSED = (401, 403)


@contextmanager
def refusals_named(connection: str | None) -> Iterator[None]:
    """Turn a refusal of the account's key inside the block into a SettingsError that names the connection's setting."""
    try:
        yield
    except StorageFailure as error:
        if error.status not in _REFUSED:
            raise StorageUnavailable(f"The storage refuses what a start needs: {error} Start devhost again.") from error
        name = connection or DEFAULT_CONNECTION
        raise SettingsError(
            f"The storage account refuses what the connection string in {name} shows as its key ({error.code}). "
            f"Copy the string again into {name} in {FILE_NAME} or in the environment. "
            "A clock that is more than 15 minutes off, or a signature that has run out, has the same effect."
        ) from None


class LocalTransport(Transport):
    """A transport to the Azurite over the data folder `data`: where its disk is full, errors say so."""

    def __init__(self, account: StorageAccount, data: Path) -> None:
        super().__init__(account)
        self._data = data

    async def request(self, service: Service, verb: str, path: str, **more: Any) -> Answer:
        """Send one request, as Transport does; Azurite answers 500 for whatever it cannot write."""
        try:
            return await super().request(service, verb, path, **more)
        except StorageUnavailable:
            if fault := disk_fault(self._data):
                raise StorageUnavailable(fault) from None
            raise


class Accounts:
    """One transport for each account that the hub or a binding uses; `data` is the folder of devhost's own Azurite."""

    def __init__(self, settings: HostSettings, data: Path | None = None) -> None:
        self._settings = settings
        self._data = data
        self._transports: dict[str, Transport] = {}

    async def open(self, resources: AsyncExitStack, connection: str | None) -> Transport:
        """The transport of a connection's account; raises SettingsError where no setting has that name."""
        text = self._settings.connection_string(connection)
        if text not in self._transports:
            account = StorageAccount.parse(text)
            transport = Transport(account) if self._data is None else LocalTransport(account, self._data)
            self._transports[text] = await resources.enter_async_context(transport)
        return self._transports[text]

    async def open_for(self, resources: AsyncExitStack, catalog: FunctionCatalog) -> None:
        """Open the accounts of all bindings; raises SettingsError where no setting has the name of a connection.

        A disabled function may name one that nobody has: it fails if it is run by hand.
        """
        for connection in binding_connections(catalog.functions):
            await self.open(resources, connection)
        for connection in binding_connections(catalog.idle):
            with suppress(SettingsError):
                await self.open(resources, connection)

    def services(self, connection: str | None) -> AccountServices:
        """The blobs, queues and tables of an account that was opened before."""
        transport = self._transports[self._settings.connection_string(connection)]
        return AccountServices(
            blobs=BlobService(transport), queues=QueueService(transport), tables=TableService(transport)
        )

    def calls(self) -> dict[str, Any]:
        """How many calls were made so far, by service and verb."""
        counts: dict[str, int] = {}
        for transport in self._transports.values():
            for kind, count in transport.calls.snapshot().items():
                counts[kind] = counts.get(kind, 0) + count
        return {"total": sum(counts.values()), "byKind": dict(sorted(counts.items()))}


def hub_name(settings: HostSettings) -> str:
    """The hub that host.json names, else the one of the site's name."""
    return settings.durable.hub_name or default_hub_name(settings.app_settings.get("WEBSITE_SITE_NAME"))


async def open_hub(
    settings: HostSettings, transport: Transport, clock: Clock, mode: StorageMode | None = None
) -> TaskHub:
    """The task hub that host.json names, made where it is missing; `mode` None means that of the hub."""
    durable = settings.durable
    return await TaskHub.open(
        transport,
        hub_name(settings),
        partition_count=durable.partition_count,
        clock=clock,
        store_inputs=durable.store_inputs_in_history,
        app_name=settings.app_settings.get("WEBSITE_SITE_NAME", ""),
        mode=mode,
    )


def binding_connections(functions: Iterable[Function]) -> set[str | None]:
    """The connection names of all queue, blob and table bindings and triggers."""
    return {
        binding.text("connection")
        for function in functions
        for binding in (function.trigger, *function.inputs, *function.outputs)
        if binding.type in ("queueTrigger", "queue", "blob", "blobTrigger", "table")
    }
