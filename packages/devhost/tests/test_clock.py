"""The two clocks: nothing wakes early, and a jump wakes whoever is due."""

import asyncio
from datetime import timedelta
from time import monotonic

from hypothesis import given
from hypothesis import strategies as st

from durable_devhost.clock import Clock, SystemClock, VirtualClock, real_now

FAR = timedelta(hours=72)
SPANS = st.lists(st.timedeltas(min_value=timedelta(hours=-2), max_value=timedelta(days=400)), max_size=20)


async def test_a_sleeper_on_the_system_clock_never_wakes_early() -> None:
    """The sleep ends at or after the requested time."""
    clock = SystemClock()
    when = clock.now() + timedelta(milliseconds=30)

    await clock.sleep_until(when)

    assert clock.now() >= when


async def test_a_past_time_needs_no_sleep() -> None:
    """Both clocks return at once."""
    clocks: list[Clock] = [SystemClock(), VirtualClock()]
    for clock in clocks:
        begun = monotonic()
        await clock.sleep_until(clock.now() - FAR)
        assert monotonic() - begun < 1


def test_a_virtual_clock_runs_ahead_by_its_offset() -> None:
    """It is the machine's time plus the offset, in UTC."""
    ahead = VirtualClock(FAR).now() - real_now()

    assert timedelta(0) <= FAR - ahead < timedelta(seconds=5)
    assert VirtualClock(FAR).now().utcoffset() == timedelta(0)


async def test_a_jump_wakes_a_sleeper_that_becomes_due() -> None:
    """72 hours pass at once."""
    clock = VirtualClock()
    when = clock.now() + FAR
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        sleeper = tasks.create_task(clock.sleep_until(when))
        await asyncio.sleep(0)
        clock.move_to(when)

    assert sleeper.done()
    assert clock.now() >= when


async def test_a_jump_that_is_too_short_leaves_the_sleeper_asleep() -> None:
    """A second jump reaches its time."""
    clock = VirtualClock()
    when = clock.now() + FAR
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        sleeper = tasks.create_task(clock.sleep_until(when))
        await asyncio.sleep(0)
        clock.move_to(when - timedelta(hours=1))
        for _ in range(5):
            await asyncio.sleep(0)
        assert not sleeper.done()
        clock.move_to(when)


async def test_virtual_time_passes_between_jumps() -> None:
    """A short timer needs no jump."""
    clock = VirtualClock(FAR)
    when = clock.now() + timedelta(milliseconds=30)

    async with asyncio.timeout(5):
        await clock.sleep_until(when)

    assert clock.now() >= when


@given(SPANS)
def test_no_jump_goes_back(spans: list[timedelta]) -> None:
    """The offset never shrinks, and the requested time is reached."""
    clock = VirtualClock()
    for span in spans:
        before, when = clock.offset, clock.now() + span
        clock.move_to(when)
        assert clock.offset >= before
        assert clock.now() >= when


def test_each_clock_names_its_kind() -> None:
    """The host shows it in its info."""
    assert [SystemClock().kind, VirtualClock().kind] == ["system", "virtual"]
