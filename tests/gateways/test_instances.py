"""The list of instances, from a small server that pages as the hub does."""

from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from gateways.instances import ListFailed, list_instances

TOKEN = "x-ms-continuation-token"
BEFORE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@asynccontextmanager
async def hub(pages, last_token=None, status=200):
    """Serve pages in a row, each under the token that the one before ended with; yields base URL and requests."""
    requests = []

    async def answer(request):
        requests.append((dict(request.query), request.headers.get(TOKEN)))
        number = int(request.headers.get(TOKEN, "0"))
        following = str(number + 1) if number + 1 < len(pages) else last_token
        return web.json_response(pages[number], status=status, headers={TOKEN: following} if following else {})

    app = web.Application()
    app.router.add_get("/durabletask/instances/", answer)
    async with TestServer(app) as server:
        yield str(server.make_url("/durabletask/")), requests


async def listed_ids(base_url):
    """All that is listed."""
    return [
        each["instanceId"]
        async for each in list_instances(base_url, created_before=BEFORE, statuses=("Completed", "Failed"))
    ]


@pytest.mark.parametrize("last_token", [None, "bnVsbA=="])
async def test_all_pages_are_read(last_token):
    """An empty one in between ends nothing; an encoded null is the end."""
    async with hub([[{"instanceId": "a"}], [], [{"instanceId": "b"}, {"instanceId": "c"}]], last_token) as (
        url,
        requests,
    ):
        assert await listed_ids(url) == ["a", "b", "c"]
    assert [token for _, token in requests] == [None, "1", "2"]
    assert requests[2][0] == {
        "createdTimeTo": "2026-03-02T09:00:00.000000Z",
        "runtimeStatus": "Completed,Failed",
        "showInput": "false",
        "top": "250",
    }


async def test_a_continuation_token_that_repeats_ends_the_list():
    """Otherwise the last page would be read for ever."""
    async with hub([[{"instanceId": "a"}], [{"instanceId": "b"}]], "1") as (url, requests):
        assert await listed_ids(url) == ["a", "b"]
    assert len(requests) == 2


async def test_an_answer_that_is_no_list_raises():
    """It must not look like an empty list."""
    async with hub([[]], status=500) as (url, _):
        with pytest.raises(ListFailed, match="500"):
            await listed_ids(url)
