"""Puts the parts of the host together and runs them: the only module that knows all of them.

Everything that runs, runs in one TaskGroup. Cancelling `run` stops it in good order; nothing depends on that, because
what is not stored yet was never shown to anybody.
"""

import asyncio
import gc
import os
import platform
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from aiohttp import web
from azure.durable_functions.models.utils import http_utils

from durable_devhost import __version__
from durable_devhost.azurite.process import data_folder, running_azurite
from durable_devhost.clock import Clock, VirtualClock
from durable_devhost.dispatch.invoker import Invoker
from durable_devhost.dispatch.store import StorageBindings
from durable_devhost.durable.client.client import DurableClient
from durable_devhost.durable.engine import DurableEngine
from durable_devhost.durable.listener import HubListener
from durable_devhost.durable.orchestrations.pending import Scheduler
from durable_devhost.durable.sessions import SessionBuilder
from durable_devhost.host.accounts import Accounts, binding_connections
from durable_devhost.host.address import Address
from durable_devhost.host.app_functions import AppFunctions
from durable_devhost.host.console import Console
from durable_devhost.host.control_pages import ControlPages
from durable_devhost.host.facts import Ready
from durable_devhost.host.time_travel import TimeTravel, open_clock
from durable_devhost.indexing.loader import load_app
from durable_devhost.inflight import InFlight
from durable_devhost.model.functions import Function, FunctionCatalog, TriggerType
from durable_devhost.settings import HostSettings, StartOptions
from durable_devhost.storage.account import StorageAccount, StorageFailure
from durable_devhost.taskhub.failures import CorruptHistory
from durable_devhost.taskhub.hub import TaskHub
from durable_devhost.taskhub.names import default_hub_name, fnv1a
from durable_devhost.triggers.admin import AdminPages, HostInfo
from durable_devhost.triggers.http import HttpFront, Mount
from durable_devhost.triggers.keys import AuthLevel, KeyRing
from durable_devhost.triggers.management.api import ManagementApi
from durable_devhost.triggers.management.urls import RPC_PATH, WEBHOOK_PATH, ManagementUrls
from durable_devhost.triggers.manual import ManualRuns
from durable_devhost.triggers.queue import QueueListener
from durable_devhost.triggers.timer import TimerListener

_SYSTEM_KEY = "durabletask_extension"
_CONTROL_PATH = "/admin/devhost"


async def run(options: StartOptions) -> None:
    """Run the app that `options` name until cancelled; raises DevhostError for what the person can mend."""
    settings = HostSettings.load(options.app_dir)
    with ExitStack() as stack:
        data = stack.enter_context(data_folder(options.data_dir))
        clock = open_clock(options, data)
        console = Console.create(clock, json_logs=options.json_logs)
        stack.enter_context(console.showing_logs(settings.log_level))
        is_own = options.start_azurite and settings.app_settings.uses_development_storage
        if is_own:
            azurite = stack.enter_context(running_azurite(data, settings.app_dir))
            settings = settings.on_storage(azurite.connection_string)
        os.environ.update(settings.app_settings)
        catalog = load_app(settings.app_dir)
        gc.freeze()
        gc.enable()  # __main__ has turned it off
        async with AsyncExitStack() as resources:
            host = await Host.open(resources, options, settings, catalog, clock, console, data, is_alone=is_own)
            await host.run(options.port)


@dataclass(kw_only=True)
class Host:
    """All the parts of one running host."""

    options: StartOptions
    settings: HostSettings
    catalog: FunctionCatalog
    clock: Clock
    console: Console
    data: Path
    accounts: Accounts
    hub: TaskHub
    in_flight: InFlight
    invoker: Invoker
    engine: DurableEngine
    listener: HubListener
    client: DurableClient
    urls: ManagementUrls
    keys: KeyRing
    address: Address

    @classmethod
    async def open(
        cls,
        resources: AsyncExitStack,
        options: StartOptions,
        settings: HostSettings,
        catalog: FunctionCatalog,
        clock: Clock,
        console: Console,
        data: Path,
        *,
        is_alone: bool,
    ) -> "Host":
        """Open storage and the hub, and build everything on them; `resources` closes it again."""
        durable = settings.durable
        accounts = Accounts(settings)
        transport = await accounts.open(resources, durable.connection_name)
        await accounts.open(resources, None)
        for connection in binding_connections(catalog):
            await accounts.open(resources, connection)
        hub = await TaskHub.open(
            transport,
            durable.hub_name or default_hub_name(settings.app_settings.get("WEBSITE_SITE_NAME")),
            partition_count=durable.partition_count,
            clock=clock,
            store_inputs=durable.store_inputs_in_history,
            app_name=settings.app_settings.get("WEBSITE_SITE_NAME", ""),
        )
        keys = _keys(options, catalog, data)
        urls = ManagementUrls(hub=hub.names.hub, connection=durable.connection_name, key=keys.system_key(_SYSTEM_KEY))
        address = Address(urls=urls)
        in_flight = InFlight()
        resources.push_async_callback(http_utils._close_session)
        invoker = await resources.enter_async_context(
            Invoker(
                store=StorageBindings(accounts.services, encoding=settings.queues.message_encoding),
                client_json=address.binding,
                clock=clock,
                threads=settings.thread_count,
                observer=console,
            )
        )
        app = AppFunctions(catalog, invoker)
        engine = _engine(settings, hub, app, clock, in_flight, console)
        listener = HubListener(
            hub=hub,
            engine=engine,
            clock=clock,
            observer=console,
            worker_id=f"devhost-{platform.node()}",
            is_alone=is_alone,
            uses_app_lease=durable.use_app_lease,
            longest_pause=durable.max_queue_polling_interval,
        )
        client = DurableClient(engine=engine, hub=hub, app=app, clock=clock, default_version=durable.default_version)
        return cls(
            options=options,
            settings=settings,
            catalog=catalog,
            clock=clock,
            console=console,
            data=data,
            accounts=accounts,
            hub=hub,
            in_flight=in_flight,
            invoker=invoker,
            engine=engine,
            listener=listener,
            client=client,
            urls=urls,
            keys=keys,
            address=address,
        )

    async def run(self, port: int) -> None:
        """Serve until cancelled."""
        queues = [self._queue_listener(function) for function in self.catalog.of(TriggerType.QUEUE)]
        timers = [self._timer_listener(function) for function in self.catalog.of(TriggerType.TIMER)]
        manual = ManualRuns(self.invoker, self.in_flight)
        front = self._front(manual, self._travel(timers, queues))
        await self.listener.claim()
        try:
            async with front.serve(port) as bound, asyncio.TaskGroup() as tasks:
                self.address.port = bound
                tasks.create_task(self.engine.run())
                if isinstance(self.clock, VirtualClock):
                    await self.listener.recover()
                else:
                    tasks.create_task(self.listener.recover())
                tasks.create_task(self.listener.run())
                tasks.create_task(manual.run())
                for queue in queues:
                    tasks.create_task(queue.run())
                for timer in timers:
                    tasks.create_task(timer.run())
                self.console.started(self._ready())
                await asyncio.Event().wait()
        finally:
            await self.listener.release()

    def _queue_listener(self, function: Function) -> QueueListener:
        return QueueListener(
            function=function,
            queues=self.accounts.services(function.trigger.text("connection")).queues,
            invoker=self.invoker,
            in_flight=self.in_flight,
            settings=self.settings.queues,
        )

    def _timer_listener(self, function: Function) -> TimerListener:
        return TimerListener(
            function=function,
            invoker=self.invoker,
            blobs=self.accounts.services(None).blobs,
            clock=self.clock,
            in_flight=self.in_flight,
            host_id=_host_id(),
        )

    def _travel(self, timers: list[TimerListener], queues: list[QueueListener]) -> TimeTravel | None:
        if not isinstance(self.clock, VirtualClock):
            return None
        return TimeTravel(
            self.clock,
            data=self.data,
            heap=self.engine.timers,
            in_flight=self.in_flight,
            timers=timers,
            queues=queues,
        )

    def _front(self, manual: ManualRuns, travel: TimeTravel | None) -> HttpFront:
        api = ManagementApi(self.client, self.urls)
        control = ControlPages(clock=self.clock, travel=travel, facts=self._facts)

        def managed(prefix: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
            async def handle(request: web.Request) -> web.StreamResponse:
                try:
                    return await api.handle(request, request.path[len(prefix) :])
                except (StorageFailure, CorruptHistory) as error:
                    self.console.failure(str(error))
                    return web.json_response({"Message": str(error)}, status=500)

            return handle

        info = HostInfo(host_id=_host_id(), instance_id=uuid4().hex, version=__version__, computer_name=platform.node())
        return HttpFront(
            catalog=self.catalog,
            invoker=self.invoker,
            in_flight=self.in_flight,
            keys=self.keys,
            admin=AdminPages(catalog=self.catalog, manual=manual, info=info, route_prefix=self.settings.route_prefix),
            mounts=(
                Mount(prefix=WEBHOOK_PATH, handler=managed(WEBHOOK_PATH), level=AuthLevel.SYSTEM, key_name=_SYSTEM_KEY),
                Mount(prefix=RPC_PATH, handler=managed(RPC_PATH), level=AuthLevel.ANONYMOUS),
                Mount(prefix=_CONTROL_PATH, handler=control.answer, level=AuthLevel.ADMIN),
            ),
            route_prefix=self.settings.route_prefix,
            homepage=self.settings.homepage,
        )

    def _facts(self) -> dict[str, Any]:
        return {
            "app": str(self.settings.app_dir),
            "hub": self.hub.names.hub,
            "url": self.address.url,
            "pid": os.getpid(),
            "data": str(self.data),
            "storage": {"connectionString": self.settings.storage_connection_string},
            "storageCalls": self.accounts.calls(),
            "inFlight": self.in_flight.names(),
        }

    def _ready(self) -> Ready:
        account = StorageAccount.parse(self.settings.storage_connection_string)
        return Ready(
            url=self.address.url,
            app=str(self.settings.app_dir),
            hub=self.hub.names.hub,
            storage=account.table_endpoint,
            clock=self.clock.kind,
            data=str(self.data),
            keys=str(self.data / "keys.json") if self.keys.is_on else "",
            functions=Ready.listed(self.catalog, self.address.url, self.settings.route_prefix),
            disabled=tuple(self.catalog.disabled),
        )


def _engine(
    settings: HostSettings,
    hub: TaskHub,
    app: AppFunctions,
    clock: Clock,
    in_flight: InFlight,
    console: Console,
) -> DurableEngine:
    durable = settings.durable

    def scheduler() -> Scheduler:
        return Scheduler(app, default_version=durable.default_version, store_inputs=durable.store_inputs_in_history)

    return DurableEngine(
        hub=hub,
        app=app,
        clock=clock,
        in_flight=in_flight,
        observer=console,
        builder=SessionBuilder(
            app=app,
            hub_name=hub.names.hub,
            scheduler=scheduler,
            batch_limit=durable.max_entity_operation_batch_size,
            reorder_window=durable.entity_reorder_window,
        ),
        activity_slots=durable.max_concurrent_activities,
        orchestration_slots=durable.max_concurrent_orchestrators,
        new_execution_id=lambda: uuid4().hex,
    )


def _keys(options: StartOptions, catalog: FunctionCatalog, data: Path) -> KeyRing:
    if not options.enable_auth:
        return KeyRing()
    names = [function.name for function in catalog.of(TriggerType.HTTP)]
    return KeyRing.open(data / "keys.json", functions=names, systems=[_SYSTEM_KEY])


def _host_id() -> str:
    """A stable id of this machine's host, as locks and timer blobs carry it (recorded form: `name-number`)."""
    name = platform.node() or "local"
    return f"{name.lower()[:20]}-{fnv1a(name)}"
