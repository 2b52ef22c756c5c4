"""Puts the parts of the host together and runs them: the only module that knows all of them.

Everything that runs, runs in one TaskGroup. Cancelling `run` stops it in good order; nothing depends on that, because
what is not stored yet was never shown to anybody.
"""

import asyncio
import os
import platform
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from aiohttp import web

from durable_devhost import __version__
from durable_devhost.clock import VirtualClock
from durable_devhost.dispatch.invoker import Invoker
from durable_devhost.dispatch.outcome import Outcome
from durable_devhost.dispatch.process import LoadedApp
from durable_devhost.dispatch.store import StorageBindings
from durable_devhost.durable.client.client import DurableClient
from durable_devhost.durable.engine import DurableEngine
from durable_devhost.durable.listener import HubListener
from durable_devhost.durable.ownership import Ownership, worker_id
from durable_devhost.host.accounts import Accounts, open_hub, refusals_named
from durable_devhost.host.address import Address
from durable_devhost.host.app_functions import AppFunctions
from durable_devhost.host.control_pages import ControlPages
from durable_devhost.host.facts import Ready
from durable_devhost.host.identity import host_id
from durable_devhost.host.listeners import TriggerListeners
from durable_devhost.host.overview import open_dashboard, sources_of
from durable_devhost.host.parts import (
    DASHBOARD_PATH,
    SYSTEM_KEY,
    Surroundings,
    catalog_of,
    open_engine,
    open_front,
    open_keys,
)
from durable_devhost.host.reload import Reloader, watch_files
from durable_devhost.host.remembered import Remembered
from durable_devhost.host.shutdown import Shutdown
from durable_devhost.host.time_travel import OFFSET_SETTING, TimeTravel
from durable_devhost.inflight import InFlight
from durable_devhost.model.functions import Function, FunctionCatalog
from durable_devhost.settings import Telemetry
from durable_devhost.storage.account import StorageAccount
from durable_devhost.taskhub.hub import TaskHub
from durable_devhost.triggers.admin import AdminPages, HostInfo
from durable_devhost.triggers.blobs.contents import TriggerBlobs
from durable_devhost.triggers.blobs.listener import BlobListener, BlobQueue
from durable_devhost.triggers.event_grid import EventGridWebhook
from durable_devhost.triggers.http import HttpFront
from durable_devhost.triggers.keys import KeyRing
from durable_devhost.triggers.management.urls import ManagementUrls
from durable_devhost.triggers.manual import ManualRuns
from durable_devhost.triggers.queue import QueueListener
from durable_devhost.triggers.queue_processor import FunctionMessages
from durable_devhost.triggers.timer import TimerListener

FINISH_S = 5.0
"""How long work may go on after the wish to stop."""

_ROWS_S = 5.0


@dataclass(kw_only=True)
class Host:
    """All the parts of one running host."""

    around: Surroundings
    resources: AsyncExitStack
    accounts: Accounts
    hub: TaskHub
    in_flight: InFlight
    app: AppFunctions
    store: StorageBindings
    invoker: Invoker
    engine: DurableEngine
    ownership: Ownership
    listener: HubListener
    client: DurableClient
    remembered: Remembered
    keys: KeyRing
    address: Address
    blob_queue: BlobQueue = field(init=False)
    listeners: TriggerListeners = field(init=False)

    def __post_init__(self) -> None:
        settings = self.around.settings
        self.blob_queue = BlobQueue(
            self.accounts.services, host_id=host_id(settings), encoding=settings.queues.message_encoding
        )
        self.listeners = TriggerListeners(
            self.around.catalog,
            queue_listener=self._queue_listener,
            blob_listener=self._blob_listener,
            timer_listener=self._timer_listener,
        )
        self.store.on_message_sent, self.store.on_blob_written = self.listeners.nudge, self.listeners.scan_container

    @classmethod
    async def open(cls, resources: AsyncExitStack, around: Surroundings) -> "Host":
        """Open storage and the hub, and build everything on them; `resources` closes it again."""
        settings, clock, console = around.settings, around.clock, around.console
        durable = settings.durable
        accounts = Accounts(settings, around.data if around.is_alone else None)
        transport = await accounts.open(resources, durable.connection_name)
        await accounts.open(resources, None)
        await accounts.open_for(resources, around.catalog)
        with refusals_named(durable.connection_name):
            hub = await open_hub(settings, transport, clock, around.options.storage_mode)
        keys = open_keys(around.options, around.catalog, around.data)
        urls = ManagementUrls(hub=hub.names.hub, connection=durable.connection_name, key=keys.system_key(SYSTEM_KEY))
        address = Address(urls=urls, port=int(around.door.getsockname()[1]))
        in_flight = InFlight()
        store = StorageBindings(accounts.services, encoding=settings.queues.message_encoding)
        invoker = Invoker(
            around.pool,
            store=store,
            client_json=address.binding,
            clock=clock,
            observer=console,
            telemetry=settings.telemetry,
        )
        app = AppFunctions(around.catalog, invoker, around.pool)
        ownership = Ownership(
            hub=hub, observer=console, me=worker_id(), is_alone=around.is_alone, uses_app_lease=durable.use_app_lease
        )
        remembered = Remembered()
        engine = open_engine(settings, hub, app, clock, in_flight, console, ownership, remembered.note)
        listener = HubListener(
            hub=hub,
            engine=engine,
            ownership=ownership,
            clock=clock,
            observer=console,
            longest_pause=durable.max_queue_polling_interval,
        )
        client = DurableClient(
            engine=engine, hub=hub, app=app, clock=clock, default_version=durable.default_version,
            is_traced=durable.is_traced and settings.telemetry is not Telemetry.OFF,
        )  # fmt: skip
        return cls(
            around=around,
            resources=resources,
            accounts=accounts,
            hub=hub,
            in_flight=in_flight,
            app=app,
            store=store,
            invoker=invoker,
            engine=engine,
            ownership=ownership,
            listener=listener,
            client=client,
            remembered=remembered,
            keys=keys,
            address=address,
        )

    async def run(self, shutdown: Shutdown) -> None:
        """Serve until `shutdown` is asked for, then let work finish for a while."""
        manual = ManualRuns(
            self.invoker, self.in_flight, TriggerBlobs(self.accounts.services).at, self.listeners.timer_info
        )
        admin = self._admin(manual)
        events = EventGridWebhook(self.around.catalog, self.invoker, self.in_flight)
        front = self._front(manual, admin, events)
        with refusals_named(self.around.settings.durable.connection_name):
            await self.ownership.claim()
        try:
            await self.listener.recovery.recall()
            async with front.serve(self.around.door) as site, asyncio.TaskGroup() as tasks:
                running = [
                    tasks.create_task(each)
                    for each in (self.around.pool.run(), self.engine.run(), self.listener.run(), manual.run())
                ] + [tasks.create_task(keep()) for keep in self.around.keepers]
                if isinstance(self.around.clock, VirtualClock):
                    await self.listener.recovery.recover()
                else:
                    running.append(tasks.create_task(self.listener.recovery.recover()))
                    with suppress(TimeoutError):
                        async with asyncio.timeout(_ROWS_S):
                            await self.listener.recovery.rows_are_right.wait()
                running.append(tasks.create_task(self.listeners.run()))
                if self.around.options.watch:
                    running.append(tasks.create_task(self._reloader(front, admin, events).run()))
                    await asyncio.sleep(0)  # it watches before anybody is told that it does
                shutdown.is_ready = True
                self.around.console.host_started(self._ready())
                if self.around.options.as_func:
                    self.around.console.notice("Worker process started and initialized.")
                await shutdown.requested.wait()
                await self._finish(site)
                for task in running:
                    task.cancel()
        finally:
            await self.ownership.release()

    def _front(self, manual: ManualRuns, admin: AdminPages, events: EventGridWebhook) -> HttpFront:
        travel = self._travel()
        dashboard = open_dashboard(
            sources_of(
                around=self.around,
                client=self.client,
                catalog=lambda: self.app.catalog,
                hub=self.hub,
                accounts=self.accounts,
                keys=self.keys,
                manual=manual,
                heap=self.engine.timers,
                travel=travel,
                facts=self._facts,
                remembered=self.remembered,
            )
        )
        return open_front(
            self.around,
            keys=self.keys,
            urls=self.address.urls,
            rpc_path=self.address.rpc_path,
            client=self.client,
            invoker=self.invoker,
            in_flight=self.in_flight,
            admin=admin,
            control=self._control(manual, travel),
            dashboard=dashboard,
            events=events,
            blob_queue=self.blob_queue,
        )

    async def _finish(self, site: web.BaseSite) -> None:
        """Take nothing new, and wait for what is under way; what is not done by then is done at the next start."""
        await site.stop()
        self.listeners.stop()
        self.engine.activities.pause()
        if names := self.in_flight.names():
            self.around.console.notice(
                f"Stopping. What runs may finish within {FINISH_S:.0f} s ({_few(names)}); Ctrl-C ends it at once."
            )
        with suppress(TimeoutError):
            async with asyncio.timeout(FINISH_S):
                await self.in_flight.quiet()

    def _reloader(self, front: HttpFront, admin: AdminPages, events: EventGridWebhook) -> Reloader:
        around = self.around

        async def accept(loaded: LoadedApp) -> FunctionCatalog:
            catalog = catalog_of(loaded, around.settings)
            await self.accounts.open_for(self.resources, catalog)
            return catalog

        async def reload() -> int:
            catalog = await around.pool.reload(accept)
            self.app.catalog = admin.catalog = events.catalog = catalog
            front.replace(catalog)
            self.listeners.replace(catalog)
            return len(catalog.functions)

        changes = watch_files(around.settings.app_dir, around.data)
        return Reloader(around.settings.app_dir, changes=changes, reload=reload, console=around.console)

    def _queue_listener(self, function: Function) -> QueueListener:
        queues = self.accounts.services(function.trigger.text("connection")).queues
        return QueueListener(
            queue=function.trigger.text("queueName") or "",
            work=FunctionMessages(function, self.invoker, queues),
            queues=queues,
            in_flight=self.in_flight,
            settings=self.around.settings.queues,
            makes_queue=self.around.is_alone,
        )

    def _blob_listener(self, functions: Sequence[Function]) -> BlobListener:
        return BlobListener(
            functions,
            queue=self.blob_queue,
            services=self.accounts.services,
            invoker=self.invoker,
            in_flight=self.in_flight,
            settings=self.around.settings.blobs,
            host_id=host_id(self.around.settings),
        )

    def _timer_listener(self, function: Function) -> TimerListener:
        return TimerListener(
            function=function,
            invoker=self.invoker,
            blobs=self.accounts.services(None).blobs,
            clock=self.around.clock,
            in_flight=self.in_flight,
            host_id=host_id(self.around.settings),
            zone=self.around.settings.time_zone,
        )

    def _travel(self) -> TimeTravel | None:
        if not isinstance(self.around.clock, VirtualClock):
            return None
        return TimeTravel(
            self.around.clock,
            data=self.around.data,
            heap=self.engine.timers,
            in_flight=self.in_flight,
            listeners=self.listeners,
            tell=lambda seconds: self.around.pool.set_environ(OFFSET_SETTING, str(seconds)),
        )

    def _admin(self, manual: ManualRuns) -> AdminPages:
        settings = self.around.settings
        info = HostInfo(
            host_id=host_id(settings),
            instance_id=uuid4().hex,
            version=__version__,
            computer_name=platform.node(),
        )
        return AdminPages(catalog=self.around.catalog, manual=manual, info=info, route_prefix=settings.route_prefix)

    def _control(self, manual: ManualRuns, travel: TimeTravel | None) -> ControlPages:
        async def deliver(name: str, payload: str | bytes, metadata: Mapping[str, Any]) -> Outcome | None:
            function = self.app.catalog.get(name)
            if function is None or manual.refusal(function):
                return None
            return await manual.deliver(function, payload, metadata)

        mail = self.around.mail
        return ControlPages(
            clock=self.around.clock,
            travel=travel,
            facts=self._facts,
            deliver=deliver,
            letters=mail.list_letters if mail else None,
        )

    def _facts(self) -> dict[str, Any]:
        return {
            "app": str(self.around.settings.app_dir),
            "hub": self.hub.names.hub,
            "storageMode": self.hub.mode,
            "url": self.address.url,
            "pid": os.getpid(),
            "python": self.around.python,
            "workers": self.around.pool.pids,
            "data": str(self.around.data),
            "storage": {"connectionString": self.around.settings.storage_connection_string},
            "storageCalls": self.accounts.calls(),
            "inFlight": self.in_flight.names(),
            "partitions": self.ownership.partitions(),
        }

    def _ready(self) -> Ready:
        settings, data = self.around.settings, self.around.data
        account = StorageAccount.parse(settings.storage_connection_string)
        return Ready(
            url=self.address.url,
            app=str(settings.app_dir),
            hub=self.hub.names.hub,
            storage=account.table_endpoint,
            clock=self.around.clock.kind,
            python=self.around.python,
            data=str(data),
            dashboard=f"{self.address.url}{DASHBOARD_PATH}/",
            mail=f"{self.address.url}{DASHBOARD_PATH}/mail" if self.around.mail else "",
            pages=tuple((name, self.address.url + path) for name, path in self.around.options.pages),
            debugger=f"127.0.0.1:{port}" if (port := self.around.options.debug) else "",
            keys=str(data / "keys.json") if self.keys.is_on else "",
            functions=Ready.list_functions(self.around.catalog, self.address.url, settings.route_prefix),
            disabled=tuple(self.around.catalog.disabled),
        )


def _few(names: list[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"
