"""The timer heap: order, punctuality, and no timer twice."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from durable_devhost.clock import VirtualClock
from durable_devhost.durable.timers import TimerHeap
from durable_devhost.model.history import InstanceRef, TimerFired
from durable_devhost.model.messages import Message


class TimerBench:
    """A heap and what it has fired, each with the time at which it was."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.began = self.clock.now()
        self.heap = TimerHeap(self.clock, lambda message, _: self.note(message))
        self.fired: list[int] = []
        self.early: list[int] = []
        self.two_fired = asyncio.Event()
        self.all_fired = asyncio.Event()

    def arm(self, number: int, seconds: float) -> None:
        """Arm the timer `number`, due some seconds after the beginning."""
        due = self.began + timedelta(seconds=seconds)
        event = TimerFired(timestamp=self.began, timer_id=number, fire_at=due)
        self.heap.arm(Message(event=event, target=InstanceRef(instance_id="i", execution_id="e")), due, None)

    def note(self, message: Message) -> None:
        """Remember what fired, and whether it was too early."""
        assert isinstance(message.event, TimerFired)
        self.fired.append(message.event.timer_id)
        if self.clock.now() < message.event.fire_at:
            self.early.append(message.event.timer_id)
        if len(self.fired) == 2:
            self.two_fired.set()
        if not len(self.heap):
            self.all_fired.set()


@given(st.lists(st.integers(0, 1000), min_size=1))
def test_timers_fire_in_order_of_their_due_times(seconds: Sequence[int]) -> None:
    """Equal ones in the order in which they were set."""
    bench = TimerBench()
    for number, due in enumerate(seconds):
        bench.arm(number, due)
    assert bench.heap.next_due() == bench.began + timedelta(seconds=min(seconds))
    bench.clock.move_to(bench.began + timedelta(seconds=2000))
    bench.heap.fire_due()
    assert [number for _, number in sorted((due, number) for number, due in enumerate(seconds))] == bench.fired
    assert (bench.early, bench.heap.next_due()) == ([], None)


def test_an_armed_timer_is_not_armed_twice() -> None:
    """Until it has fired: the next generation may use its number again."""
    bench = TimerBench()
    for _ in range(2):
        bench.arm(1, 0)
    assert len(bench.heap) == 1
    bench.heap.fire_due()
    bench.arm(1, 0)
    bench.heap.fire_due()
    assert [1, 1] == bench.fired


async def test_the_heap_sleeps_until_the_earliest_timer() -> None:
    """A new earlier timer goes first, and a jump of the clock wakes the heap."""
    bench = TimerBench()
    running = asyncio.create_task(bench.heap.run())
    bench.arm(3, 7200)
    await asyncio.sleep(0)
    bench.arm(2, 0.05)
    bench.arm(1, 0.02)
    await bench.two_fired.wait()
    bench.clock.move_to(bench.began + timedelta(hours=3))
    await bench.all_fired.wait()
    running.cancel()
    assert ([1, 2, 3], []) == (bench.fired, bench.early)
