"""The app in a worker, only for replays: no trigger has a listener, and no activity runs."""

import os
from contextlib import AsyncExitStack
from datetime import timedelta

from durable_devhost.clock import Clock
from durable_devhost.dispatch.connection import Message
from durable_devhost.dispatch.interpreter import find_interpreter
from durable_devhost.dispatch.invoker import Invoker
from durable_devhost.dispatch.pool import WorkerPool
from durable_devhost.dispatch.store import StorageBindings
from durable_devhost.doctor.remedies import Replaying
from durable_devhost.host.accounts import Accounts
from durable_devhost.host.app_functions import AppFunctions
from durable_devhost.host.parts import scheduler_maker
from durable_devhost.host.startup import main_script, worker_plan
from durable_devhost.indexing.catalog import build_catalog
from durable_devhost.options import DoctorOptions, StartOptions
from durable_devhost.settings import HostSettings


class _Silent:
    """Ignores the events of a worker: log records of the app's import do not matter here."""

    def worker_message(self, message: Message) -> None:
        """A log record."""

    def worker_died(self, pid: int, ending: str, last_words: str) -> None:
        """The running replay reports it."""

    def worker_overdue(self, pid: int, name: str, limit: timedelta) -> None:
        """Never happens: nothing limits these calls."""


async def load_app(
    resources: AsyncExitStack, options: DoctorOptions, settings: HostSettings, clock: Clock
) -> Replaying:
    """Load the app in a worker that lives until `resources` are closed; raises DevhostError if it does not load."""
    start = StartOptions(app_dir=options.app_dir, data_dir=options.data_dir, python=options.python)
    interpreter = find_interpreter(settings.app_dir, options.python, os.environ)
    plan = worker_plan(start, settings, interpreter, main_script(settings), port=0)
    pool = WorkerPool(plan, count=1, observer=_Silent())
    resources.push_async_callback(pool.close)
    loaded = await pool.start()
    catalog = build_catalog(
        loaded.functions, loaded.complaint, settings.app_dir, settings.app_settings, only=settings.functions
    )
    store = StorageBindings(Accounts(settings).services)
    app = AppFunctions(catalog, Invoker(pool, store=store, client_json=lambda _: "{}", clock=clock), pool)
    return app, scheduler_maker(settings, app)
