"""Whatever comes and goes in whatever order: the budget is kept, nobody is passed over, nothing is lost of it."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from durable_devhost.dispatch.budget import ByteBudget

LIMIT = 10


class Bench:
    """Work that holds a size until it is let go; `inside` are the numbers of what was let in, in that order."""

    def __init__(self) -> None:
        self.budget = ByteBudget(LIMIT)
        self.sizes: list[int] = []
        self.entered: list[int] = []
        self.inside: list[int] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._may_go: list[asyncio.Event] = []

    async def begin(self, size: int) -> None:
        """One more piece of work."""
        number = len(self._tasks)
        self.sizes.append(size)
        self._may_go.append(asyncio.Event())
        self._tasks.append(asyncio.create_task(self._work(number, size)))
        await _turns(len(self._tasks))

    async def end(self, number: int, *, by_cancelling: bool) -> None:
        """Let a piece of work go, or cancel it, inside or still waiting."""
        if by_cancelling:
            self._tasks[number].cancel()
        else:
            self._may_go[number].set()
        await _turns(len(self._tasks))

    def check(self) -> None:
        """What must hold at every moment."""
        held = sum(self.sizes[number] for number in self.inside)
        assert self.budget.used_bytes == held
        assert held <= LIMIT or len([number for number in self.inside if self.sizes[number]]) == 1
        assert self.entered == sorted(self.entered), "somebody was passed over"

    @property
    def unfinished(self) -> Sequence[int]:
        """The numbers of what runs or waits."""
        return [number for number, task in enumerate(self._tasks) if not task.done()]

    async def _work(self, number: int, size: int) -> None:
        async with self.budget.hold(size):
            self.entered.append(number)
            self.inside.append(number)
            try:
                await self._may_go[number].wait()
            finally:
                self.inside.remove(number)


async def _turns(tasks: int) -> None:
    """Give everything that can move its turns: one piece of work may let in the next, and so on."""
    for _ in range(4 * tasks + 4):
        await asyncio.sleep(0)


STEPS = st.one_of(
    st.integers(0, 2 * LIMIT).map(lambda size: ("begin", size)),
    st.tuples(st.sampled_from(["end", "cancel"]), st.integers(0, 20)),
)


@given(st.lists(STEPS, max_size=40))
def test_the_budget_keeps_its_limit_and_order_and_admits_everybody(steps: list[tuple[str, int]]) -> None:
    """Whether work ends by itself or is cancelled, inside or in the queue."""

    async def play() -> None:
        bench = Bench()
        for kind, value in steps:
            if kind == "begin":
                await bench.begin(value)
            elif bench.unfinished:
                number = bench.unfinished[value % len(bench.unfinished)]
                await bench.end(number, by_cancelling=kind == "cancel")
            bench.check()
        while bench.unfinished:
            await bench.end(bench.unfinished[0], by_cancelling=False)
            bench.check()
        assert bench.budget.used_bytes == 0

    asyncio.run(play())


async def test_work_larger_than_the_budget_runs_alone() -> None:
    """Everybody else waits meanwhile."""
    bench = Bench()
    for size in (1, LIMIT * 5, 1):
        await bench.begin(size)
    assert bench.inside == [0]
    await bench.end(0, by_cancelling=False)
    assert bench.inside == [1]
    await bench.end(1, by_cancelling=False)
    assert bench.inside == [2]
    await bench.end(2, by_cancelling=False)


async def test_a_turn_cancelled_at_the_moment_it_was_given_goes_to_the_next() -> None:
    """Its owner had no time to notice it."""
    budget = ByteBudget(LIMIT)
    order: list[str] = []

    async def work(name: str) -> None:
        async with budget.hold(LIMIT):
            order.append(name)

    async with budget.hold(LIMIT):
        first, second = asyncio.create_task(work("first")), asyncio.create_task(work("second"))
        await _turns(2)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    await second
    assert (order, budget.used_bytes) == (["second"], 0)
