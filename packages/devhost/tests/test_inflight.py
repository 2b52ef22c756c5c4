"""Work in progress: named, in order, and quiet only when there is none."""

import asyncio

import pytest

from durable_devhost.inflight import InFlight


async def test_an_empty_register_is_quiet_at_once() -> None:
    """There is nothing to wait for."""
    await asyncio.wait_for(InFlight().quiet(), 5)


def test_the_names_are_those_in_progress_oldest_first() -> None:
    """A name leaves when its work ends, in any order."""
    work = InFlight()
    first = work.enter("activity A")
    with work.work("activity B"):
        assert work.names() == ["activity A", "activity B"]
        work.leave(first)
        assert work.names() == ["activity B"]
    assert work.names() == []


async def test_quiet_waits_for_the_last_piece_of_work() -> None:
    """With two pieces, the end of one is not enough."""
    work = InFlight()
    first, second = work.enter("one"), work.enter("two")
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(work.quiet())
        work.leave(first)
        await asyncio.sleep(0)
        assert not waiting.done()
        work.leave(second)


async def test_quiet_waits_for_work_that_is_handed_over() -> None:
    """The successor enters before its predecessor leaves, so the wait lasts to the end of the chain."""
    work, ended = InFlight(), []

    async def chain(links: int) -> None:
        token = work.enter("link 0")
        for link in range(1, links):
            following = work.enter(f"link {link}")
            work.leave(token)
            token = following
            await asyncio.sleep(0)
        ended.append(links)
        work.leave(token)

    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        tasks.create_task(chain(10))
        await asyncio.sleep(0)
        await work.quiet()
        assert [10] == ended


async def test_quiet_waits_for_work_that_begins_in_the_same_turn() -> None:
    """It looks again after a turn of the loop."""
    work, ended = InFlight(), []

    async def late() -> None:
        with work.work("late"):
            await asyncio.sleep(0)
            ended.append("late")

    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        token = work.enter("early")
        waiting = tasks.create_task(work.quiet())
        await asyncio.sleep(0)
        work.leave(token)
        tasks.create_task(late())
        await waiting
        assert ["late"] == ended


def test_failed_work_counts_as_ended() -> None:
    """Otherwise a jump would wait for ever."""
    work = InFlight()
    with pytest.raises(ValueError, match="boom"), work.work("doomed"):
        raise ValueError("boom")
    assert work.names() == []


def test_leaving_twice_does_no_harm() -> None:
    """The second time has no effect."""
    work = InFlight()
    token = work.enter("one")
    work.leave(token)
    work.leave(token)
    assert work.names() == []
