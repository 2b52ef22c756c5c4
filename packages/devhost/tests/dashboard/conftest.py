"""A dashboard for each test that asks for one."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from durable_devhost.clock import VirtualClock
from durable_devhost.dashboard.site import Dashboard
from durable_devhost.dashboard.sources import Sources
from durable_devhost.mail.mailbox import Mailbox
from durable_devhost.model.history import RuntimeStatus
from packages.devhost.tests.dashboard.sites import CATALOG, RECORDS, Opened, Site
from packages.devhost.tests.durable.memory import NOW, ClientBench


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncIterator[Opened]:
    """Open the dashboard, with a key where one is given."""
    clients: list[TestClient[web.Request, web.Application]] = []

    async def open_site(
        key: str | None = None,
        next_due: datetime | None = None,
        is_virtual: bool = True,
        since: datetime = NOW,
        has_mail: bool = True,
    ) -> Site:
        bench, site = ClientBench(), list[Site]()
        mailbox = Mailbox(tmp_path / "mail") if has_mail else None
        if mailbox:
            mailbox.open()

        def run(name: str, given: str) -> str:
            site[0].ran.append((name, given))
            return "" if name != "work" else "It is an activity."

        async def move(by: timedelta) -> None:
            site[0].moved.append(by)

        dashboard = Dashboard(
            Sources(
                client=bench.client,
                clock=VirtualClock(),
                catalog=lambda: CATALOG,
                queues=lambda: (),
                facts=lambda: {"hub": "Hub", "storageCalls": {"total": 3, "byKind": {"queue GET": 3}}},
                recent=lambda: RECORDS,
                settings=lambda: {"GREETING": "<script>", "PASSWORD": "hunter2"},
                run=run,
                next_due=lambda: next_due,
                move=move if is_virtual else None,
                admits=lambda presented: key is None or presented == key,
                route_prefix="api",
                statuses=lambda instance_id: site[0].statuses.get(instance_id, ()),
                inputs=lambda _, execution_id: site[0].inputs.get(execution_id, {}),
                since=since,
                mailbox=mailbox,
            )
        )
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", dashboard.answer)
        client = TestClient(TestServer(app), cookie_jar=aiohttp.CookieJar(unsafe=True))
        await client.start_server()
        clients.append(client)
        site.append(Site(bench=bench, http=client, statuses={}, inputs={}, mailbox=mailbox))
        bench.put("mine", RuntimeStatus.RUNNING, input='"<b>"', custom_status='"stage 2"')
        return site[0]

    yield open_site
    for client in clients:
        await client.close()
