"""What an application sees of a request, and what the host hears of its response."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from durable_devhost.worker.transfers import FlowingTransfer, WholeTransfer

START = {"type": "http.response.start", "status": 200, "headers": [(b"a", b"1")]}


def _part(body: bytes, *, more: bool = True) -> dict[str, Any]:
    return {"type": "http.response.body", "body": body, "more_body": more}


def _piece(body: bytes, *, more: bool = True) -> dict[str, Any]:
    return {"kind": "piece", "id": 7, "body": body, "more": more}


@pytest.fixture
async def flowing() -> tuple[FlowingTransfer, list[Any]]:
    """A transfer and what it has sent to the host."""
    sent: list[Any] = []
    return FlowingTransfer(7, sent.append), sent


async def _settled(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not is_so():  # noqa: ASYNC110 - a turn of the loop is all that it takes
            await asyncio.sleep(0)


async def test_each_piece_of_a_body_is_requested(flowing):
    """Not before the function reads it."""
    transfer, sent = flowing
    transfer.take(_piece(b"one"))
    assert sent == []
    assert await transfer.receive() == {"type": "http.request", "body": b"one", "more_body": True}
    transfer.take(_piece(b"", more=False))
    assert (await transfer.receive())["more_body"] is False
    assert sent == [{"kind": "wants", "id": 7}] * 2


async def test_the_body_is_followed_by_the_disconnect(flowing):
    """The application gets it when the caller leaves."""
    transfer, sent = flowing
    transfer.take(_piece(b"", more=False))
    await transfer.receive()
    waiting = asyncio.ensure_future(transfer.receive())
    await asyncio.sleep(0)
    assert not waiting.done()
    transfer.take({"kind": "hung_up", "id": 7})
    assert await waiting == {"type": "http.disconnect"}
    assert len(sent) == 1


async def test_a_response_waits_while_its_parts_are_not_written(flowing):
    """A few may be on their way."""
    transfer, sent = flowing
    await transfer.send(START)
    for number in range(4):
        await transfer.send(_part(bytes([number])))
    fifth = asyncio.ensure_future(transfer.send(_part(b"5", more=False)))
    await asyncio.sleep(0)
    assert (fifth.done(), len(sent)) == (False, 5)
    transfer.take({"kind": "written", "id": 7})
    await fifth
    assert sent[0] == {"kind": "head", "id": 7, "status": 200, "headers": [["a", "1"]]}
    assert sent[-1] == {"kind": "part", "id": 7, "body": b"5", "more": False}


async def test_parts_for_a_caller_who_left_are_dropped(flowing):
    """The function does not wait for room."""
    transfer, sent = flowing
    waiting = [asyncio.ensure_future(transfer.send(_part(b"x"))) for _ in range(6)]
    await _settled(lambda: len(sent) == 4)
    transfer.take({"kind": "hung_up", "id": 7})
    await asyncio.gather(*waiting)
    assert len(sent) == 4


async def test_a_whole_request_has_one_piece_and_its_response_is_collected():
    """For a function run by hand; nobody disconnects."""
    transfer = WholeTransfer(b"all")
    assert await transfer.receive() == {"type": "http.request", "body": b"all", "more_body": False}
    waiting = asyncio.ensure_future(transfer.receive())
    for event in (START, _part(b"one "), _part(b"two", more=False)):
        await transfer.send(event)
    assert (transfer.answer["status"], transfer.answer["headers"], transfer.answer["body"]) == (
        200, [["a", "1"]], b"one two",
    )  # fmt: skip
    assert not waiting.done()
    waiting.cancel()
