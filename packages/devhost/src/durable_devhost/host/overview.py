"""Gives the dashboard what it shows of this host, and has it made when it is first asked for."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from aiohttp import web

from durable_devhost.app_settings import FILE_NAME, read_object
from durable_devhost.dashboard.sources import ShownQueue, Sources
from durable_devhost.durable.client.client import DurableClient
from durable_devhost.durable.timers import TimerHeap
from durable_devhost.host.accounts import Accounts
from durable_devhost.host.parts import Surroundings
from durable_devhost.host.remembered import Remembered
from durable_devhost.host.time_travel import StillBusy, TimeTravel
from durable_devhost.model.functions import FunctionCatalog, TriggerType
from durable_devhost.settings import HostSettings
from durable_devhost.taskhub.hub import TaskHub
from durable_devhost.triggers.http import Handler
from durable_devhost.triggers.keys import AuthLevel, KeyRing
from durable_devhost.triggers.manual import ManualRuns

_PATIENCE_S = 30.0
_OF_THE_HOST = ("azurewebjobs", "azurefunctions", "functions_", "python_", "smtp_", "website_")


def open_dashboard(sources: Sources) -> Handler:
    """What answers below `/devhost`. Its pages are imported by the first request, so that a start does not wait."""

    @cache
    def site() -> Handler:
        from durable_devhost.dashboard.site import Dashboard

        return Dashboard(sources).answer

    async def answer(request: web.Request) -> web.StreamResponse:
        return await site()(request)

    return answer


def sources_of(
    *,
    around: Surroundings,
    client: DurableClient,
    catalog: Callable[[], FunctionCatalog],
    hub: TaskHub,
    accounts: Accounts,
    keys: KeyRing,
    manual: ManualRuns,
    heap: TimerHeap,
    travel: TimeTravel | None,
    facts: Callable[[], Mapping[str, Any]],
    remembered: Remembered,
) -> Sources:
    """What the dashboard shows of a host, and does with it."""

    def run(name: str, given: str) -> str:
        function = catalog().get(name)
        if function is None:
            return f"The app has no function '{name}'."
        if refusal := manual.refusal(function):
            return refusal
        manual.start(function, given)
        return ""

    async def move(by: timedelta) -> None:
        assert travel is not None
        try:
            await travel.jump(by, _PATIENCE_S)
        except StillBusy as busy:
            around.console.warning(f"The clock was moved, and this still runs: {', '.join(busy.names)}.")

    return Sources(
        client=client,
        clock=around.clock,
        catalog=catalog,
        queues=lambda: (*_app_queues(catalog(), accounts, around.settings), *_hub_queues(hub)),
        facts=facts,
        recent=around.console.recent,
        settings=lambda: _named_settings(around.settings.app_dir, around.settings.app_settings),
        run=run,
        next_due=heap.next_due,
        move=move if travel else None,
        admits=lambda presented: keys.admits(AuthLevel.ADMIN, presented),
        route_prefix=around.settings.route_prefix,
        statuses=remembered.statuses,
        inputs=remembered.inputs,
        since=around.clock.now(),
        mailbox=around.mail.mailbox if around.mail else None,
    )


def _named_settings(app_dir: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """The settings that local.settings.json names, and those of the host; not all of the environment."""
    named = (read_object(app_dir / FILE_NAME) or {}).get("Values")
    names = {str(name).lower() for name in named} if isinstance(named, Mapping) else set[str]()
    return {name: settings[name] for name in settings if name.lower() in names or name.lower().startswith(_OF_THE_HOST)}


def _app_queues(catalog: FunctionCatalog, accounts: Accounts, settings: HostSettings) -> list[ShownQueue]:
    """The queues that functions listen to, each with the one for its poison messages."""
    shown, encoding = list[ShownQueue](), settings.queues.message_encoding
    for function in catalog.of(TriggerType.QUEUE):
        queues = accounts.services(function.trigger.text("connection")).queues
        name = function.trigger.text("queueName") or ""
        for each, purpose in (
            (name, f"messages for {function.name}"),
            (f"{name}-poison", f"what {function.name} could not handle"),
        ):
            shown.append(ShownQueue(name=each, purpose=purpose, queues=queues, encoding=encoding))
    return shown


def _hub_queues(hub: TaskHub) -> list[ShownQueue]:
    work = ShownQueue(name=hub.names.work_items, purpose="activities of the task hub", queues=hub.queue_service)
    return [
        work,
        *(
            ShownQueue(name=hub.names.control(number), purpose="messages to instances", queues=hub.queue_service)
            for number in range(hub.partition_count)
        ),
    ]
