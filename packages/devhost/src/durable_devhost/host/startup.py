"""A start of the host, step by step: data folder, clock, Azurite, port, worker, app, and then the host itself."""

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

from durable_devhost.app_settings import DEVELOPMENT_ACCOUNT, worker_environment
from durable_devhost.azurite.keeper import AzuriteKeeper
from durable_devhost.azurite.process import Azurite, data_folder, running_azurite
from durable_devhost.clock import VirtualClock
from durable_devhost.dispatch.bindings import left_out
from durable_devhost.dispatch.interpreter import Interpreter, find_interpreter
from durable_devhost.dispatch.pool import WorkerPool
from durable_devhost.dispatch.process import LoadedApp, Versions, WorkerPlan
from durable_devhost.errors import AppError
from durable_devhost.host.assembly import Host
from durable_devhost.host.console import Console
from durable_devhost.host.mail import MailCatcher, catching_mail
from durable_devhost.host.parts import Surroundings, catalog_of
from durable_devhost.host.shutdown import Shutdown
from durable_devhost.host.time_travel import OFFSET_SETTING, open_clock
from durable_devhost.indexing.hints import hints
from durable_devhost.local_host import LocalHost
from durable_devhost.model.functions import FunctionCatalog
from durable_devhost.options import DEFAULT_PORT, StartOptions
from durable_devhost.settings import HostSettings
from durable_devhost.triggers.http import reserve
from durable_devhost.wire.script import DEFAULT_SCRIPT, script_fault

LOADING_NOTICE_S = 10.0
_PACKAGES = ("azure-functions", "azure-functions-durable")


async def run(options: StartOptions, shutdown: Shutdown) -> None:
    """Run the app that `options` name until `shutdown` is asked for; raises DevhostError for what a person can fix."""
    local = LocalHost.load(options.app_dir, cors=options.cors, cors_credentials=options.cors_credentials)
    settings = HostSettings.load(options.app_dir, local=local)
    interpreter = find_interpreter(settings.app_dir, options.python, os.environ, as_func=options.as_func)
    script = main_script(settings)
    with ExitStack() as stack:
        data = stack.enter_context(data_folder(options.data_dir))
        clock = open_clock(options, data)
        levels = settings.log_levels
        console = Console.create(clock, json_logs=options.json_logs, as_func=options.as_func, levels=levels)
        stack.enter_context(console.showing_logs())
        door = stack.enter_context(reserve(_port(options, local)))
        keepers: list[Callable[[], Coroutine[Any, Any, None]]] = []
        is_own = options.start_azurite and settings.app_settings.uses_development_storage
        if is_own:
            azurite = stack.enter_context(running_azurite(data, settings.app_dir))
            keeper = AzuriteKeeper(azurite, data, settings.app_dir, console.warning)
            shutdown.at_once(keeper.let_end)
            keepers.append(keeper.run)
            settings = settings.on_storage(azurite.connection_string)
            _tell_of_ports(console, azurite)
        for notice in settings.notices:
            console.notice(notice)
        async with AsyncExitStack() as resources:
            port = int(door.getsockname()[1])
            mail: MailCatcher | None = None
            if options.mail is not None:
                catching = catching_mail(options.mail, data, clock, console, host=port)
                mail = await resources.enter_async_context(catching)
                settings = settings.with_app_settings(mail.settings_for(settings.app_settings, console))
            plan = worker_plan(options, settings, interpreter, script, port=port)
            limit = None if options.debug else settings.function_timeout  # who debugs, holds functions for long
            pool = WorkerPool(plan, count=settings.worker_processes, observer=console, limit=limit)
            resources.push_async_callback(pool.close)
            shutdown.at_once(pool.kill)
            if isinstance(clock, VirtualClock):
                pool.set_environ(OFFSET_SETTING, str(clock.offset.total_seconds()))
            loaded, catalog = await _load_app(pool, settings, console, interpreter)
            around = Surroundings(
                options=options,
                settings=settings,
                catalog=catalog,
                clock=clock,
                console=console,
                data=data,
                pool=pool,
                door=door,
                is_alone=is_own,
                keepers=keepers,
                python=_versions_text(loaded.versions, interpreter),
                mail=mail,
            )
            host = await Host.open(resources, around)
            gc.freeze()
            gc.enable()  # __main__ has turned it off
            await host.run(shutdown)
        console.notice("Stopped.")


async def _load_app(
    pool: WorkerPool, settings: HostSettings, console: Console, interpreter: Interpreter
) -> tuple[LoadedApp, FunctionCatalog]:
    """Start the workers and say what in the app will not run, or differently on Azure; raises what the catalog does."""
    async with _saying_that_it_loads(console, interpreter):
        loaded = await pool.start()
    for found in loaded.functions:
        for hint in found["hints"]:
            console.warning(f"{found['file']}:{found['line']} {found['name']}: {hint}.")
    catalog = catalog_of(loaded, settings)
    _tell_what_is_left_out(console, catalog)
    for hint in hints(catalog, loaded.functions, settings.functions):
        console.warning(hint)
    return loaded, catalog


def main_script(settings: HostSettings) -> str:
    """The app's main file; raises AppError where it is not there."""
    name = settings.app_settings.get("PYTHON_SCRIPT_FILE_NAME") or DEFAULT_SCRIPT
    if fault := script_fault(settings.app_dir, name):
        raise AppError(fault)
    return name


def _port(options: StartOptions, local: LocalHost) -> int:
    return options.port if options.port is not None else local.port or DEFAULT_PORT


def worker_plan(
    options: StartOptions, settings: HostSettings, interpreter: Interpreter, script: str, *, port: int
) -> WorkerPlan:
    """How to start a worker of the app; `port` is the host's."""
    environ = worker_environment(
        settings.app_settings,
        os.environ,
        port=port,
        app_dir=settings.app_dir,
        python=Path(interpreter.path),
    )
    return WorkerPlan(
        python=interpreter.path,
        app_dir=settings.app_dir,
        script=script,
        environ=environ,
        threads=settings.thread_count,
        log_level=settings.worker_log_level,
        shown_level=settings.log_levels.lowest_of_functions,
        debug=options.debug,
        debugpy=options.debugpy,
    )


@asynccontextmanager
async def _saying_that_it_loads(console: Console, interpreter: Interpreter) -> AsyncIterator[None]:
    """Give a sign of life now and then while the block runs: some apps import for a long time."""

    async def tell() -> None:
        for seconds in count(LOADING_NOTICE_S, LOADING_NOTICE_S):
            await asyncio.sleep(LOADING_NOTICE_S)
            console.notice(f"The app is still being imported after {seconds:g} s, by {interpreter.path}.")

    telling = asyncio.create_task(tell())
    try:
        yield
    finally:
        telling.cancel()


def _tell_of_ports(console: Console, azurite: Azurite) -> None:
    if azurite.account == DEVELOPMENT_ACCOUNT and not azurite.has_standard_ports:
        first, last = min(azurite.ports), max(azurite.ports)
        console.notice(
            f"The ports 10000 to 10002 are taken, so storage is on other ones ({first} to {last}). "
            "A connection string of the app that names those ports is led here too."
        )


def _tell_what_is_left_out(console: Console, catalog: FunctionCatalog) -> None:
    for function in catalog.functions:
        for sentence in left_out(function):
            console.warning(f"{function.where} {function.name}: {sentence}")


def _versions_text(versions: Versions, interpreter: Interpreter) -> str:
    packages = [f"{name} {versions.packages[name]}" for name in _PACKAGES if name in versions.packages]
    return ", ".join([f"{versions.python} ({interpreter.reason}: {interpreter.path})", *packages])
