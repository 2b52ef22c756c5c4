"""What the host is made of before it is put together: its surroundings, the engine, the front door, the keys."""

import socket
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from aiohttp import web

from durable_devhost.clock import Clock
from durable_devhost.dispatch.invoker import Invoker
from durable_devhost.dispatch.pool import WorkerPool
from durable_devhost.dispatch.process import LoadedApp
from durable_devhost.durable.client.client import DurableClient
from durable_devhost.durable.engine import DurableEngine
from durable_devhost.durable.episode import Episode
from durable_devhost.durable.orchestrations.pending import Scheduler
from durable_devhost.durable.ownership import Ownership
from durable_devhost.durable.sessions import SessionBuilder
from durable_devhost.host.app_functions import AppFunctions
from durable_devhost.host.console import Console
from durable_devhost.host.control_pages import ControlPages
from durable_devhost.host.mail import MailCatcher
from durable_devhost.indexing.catalog import build_catalog
from durable_devhost.inflight import InFlight
from durable_devhost.local_host import ANY_ORIGIN
from durable_devhost.model.functions import FunctionCatalog, TriggerType
from durable_devhost.options import StartOptions
from durable_devhost.settings import HostSettings
from durable_devhost.storage.account import StorageFailure
from durable_devhost.taskhub.failures import CorruptHistory
from durable_devhost.taskhub.hub import TaskHub
from durable_devhost.triggers import event_grid
from durable_devhost.triggers.admin import AdminPages
from durable_devhost.triggers.blobs import webhook as blob_webhook
from durable_devhost.triggers.blobs.listener import BlobQueue
from durable_devhost.triggers.event_grid import EventGridWebhook
from durable_devhost.triggers.guard import Exposure, guard_handler
from durable_devhost.triggers.http import Handler, HttpFront, Mount
from durable_devhost.triggers.keys import AuthLevel, KeyRing
from durable_devhost.triggers.management.api import ManagementApi
from durable_devhost.triggers.management.urls import WEBHOOK_PATH, ManagementUrls

SYSTEM_KEY = "durabletask_extension"
"""The name of the key of the durable HTTP API."""

_CONTROL_PATH = "/admin/devhost"

DASHBOARD_PATH = "/devhost"
"""Where the dashboard is; it asks for keys by itself, since a browser sends none."""


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What a start has found and made before there is a host: the app in its workers, storage, clock and port."""

    options: StartOptions
    settings: HostSettings
    catalog: FunctionCatalog
    clock: Clock
    console: Console
    data: Path
    pool: WorkerPool
    door: socket.socket
    is_alone: bool
    keepers: Sequence[Callable[[], Coroutine[Any, Any, None]]]
    """What has to run as long as the host does, to keep what it stands on."""
    python: str
    mail: MailCatcher | None = None


def open_front(
    around: Surroundings,
    *,
    keys: KeyRing,
    urls: ManagementUrls,
    rpc_path: str,
    client: DurableClient,
    invoker: Invoker,
    in_flight: InFlight,
    admin: AdminPages,
    control: ControlPages,
    dashboard: Handler,
    events: EventGridWebhook,
    blob_queue: BlobQueue,
) -> HttpFront:
    """The front door: functions, the webhooks of extensions, the durable HTTP API's twice, and the host's own pages."""
    managed = partial(_managed, ManagementApi(client, urls), around.console)
    front_ends = frozenset(around.settings.local.cors.origins) - {ANY_ORIGIN}
    return HttpFront(
        catalog=around.catalog,
        invoker=invoker,
        in_flight=in_flight,
        keys=keys,
        admin=admin,
        mounts=(
            Mount(
                prefix=WEBHOOK_PATH,
                handler=guard_handler(managed(WEBHOOK_PATH), Exposure.MANAGEMENT, front_ends),
                level=AuthLevel.SYSTEM,
                key_name=SYSTEM_KEY,
            ),
            Mount(prefix=rpc_path, handler=managed(rpc_path), level=AuthLevel.ANONYMOUS, is_told=False),
            Mount(
                prefix=event_grid.PATH,
                handler=guard_handler(events.handle, Exposure.EVENTS),
                level=AuthLevel.SYSTEM,
                key_name=event_grid.KEY_NAME,
            ),
            Mount(
                prefix=blob_webhook.PATH,
                handler=guard_handler(blob_webhook.BlobWebhook(blob_queue).handle, Exposure.EVENTS),
                level=AuthLevel.SYSTEM,
                key_name=blob_webhook.KEY_NAME,
            ),
            Mount(prefix=_CONTROL_PATH, handler=guard_handler(control.answer, Exposure.CONTROL), level=AuthLevel.ADMIN),
            Mount(prefix=DASHBOARD_PATH, handler=guard_handler(dashboard, Exposure.CONTROL), level=AuthLevel.ANONYMOUS),
        ),
        route_prefix=around.settings.route_prefix,
        homepage=around.settings.homepage,
        http=around.settings.http,
        cors=around.settings.local.cors,
        observer=around.console,
    )


def _managed(api: ManagementApi, console: Console, path: str) -> Handler:
    """The durable HTTP API below a path; a fault of storage is a line on the console and a 500."""

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return await api.handle(request, request.path[len(path) :])
        except (StorageFailure, CorruptHistory) as error:
            console.failure(str(error))
            return web.json_response({"Message": str(error)}, status=500)

    return handle


def catalog_of(loaded: LoadedApp, settings: HostSettings) -> FunctionCatalog:
    """The functions of an app as its worker has found them; raises what `build_catalog` raises."""
    return build_catalog(
        loaded.functions,
        loaded.complaint,
        settings.app_dir,
        settings.app_settings,
        only=settings.functions,
        retry=settings.retry,
    )


def scheduler_maker(settings: HostSettings, app: AppFunctions) -> Callable[[], Scheduler]:
    """What makes the scheduler of one execution, with what host.json says of it."""
    durable = settings.durable
    return lambda: Scheduler(app, default_version=durable.default_version, store_inputs=durable.store_inputs_in_history)


def open_engine(
    settings: HostSettings,
    hub: TaskHub,
    app: AppFunctions,
    clock: Clock,
    in_flight: InFlight,
    console: Console,
    ownership: Ownership,
    seen: Callable[[Episode], None],
) -> DurableEngine:
    """The durable engine, with what host.json says of it; `seen` is told of what was stored."""
    durable = settings.durable
    return DurableEngine(
        hub=hub,
        app=app,
        clock=clock,
        in_flight=in_flight,
        observer=console,
        builder=SessionBuilder(
            app=app,
            hub_name=hub.names.hub,
            scheduler=scheduler_maker(settings, app),
            batch_limit=durable.max_entity_operation_batch_size,
            reorder_window=durable.entity_reorder_window,
        ),
        activity_slots=durable.max_concurrent_activities,
        orchestration_slots=durable.max_concurrent_orchestrators,
        new_execution_id=lambda: uuid4().hex,
        owns=ownership.owns,
        takes=ownership.takes,
        seen=seen,
    )


def open_keys(options: StartOptions, catalog: FunctionCatalog, data: Path) -> KeyRing:
    """The keys that callers have to present; with `--enable-auth` only."""
    if not options.enable_auth:
        return KeyRing()
    names = [function.name for function in catalog.of(TriggerType.HTTP)]
    systems = [SYSTEM_KEY, event_grid.KEY_NAME, blob_webhook.KEY_NAME]
    return KeyRing.open(data / "keys.json", functions=names, systems=systems)
