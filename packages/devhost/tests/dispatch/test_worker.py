"""User code runs beside the host: its exceptions are results, its blocking blocks nobody else."""

import asyncio
import threading
import time

import pytest

from durable_devhost.dispatch.outcome import Raised, Returned
from durable_devhost.dispatch.worker import Worker


async def test_a_sync_function_that_blocks_leaves_the_loop_free():
    """It waits in a pool thread for something that the loop does."""
    gate = threading.Event()
    async with Worker(threads=1) as worker:
        blocked = asyncio.ensure_future(worker.run_sync(lambda: gate.wait(10)))
        await asyncio.sleep(0)
        gate.set()
        assert await blocked == Returned(value=True)


async def test_an_async_function_that_blocks_leaves_the_hosts_loop_free():
    """The app's loop is another one, as in the real worker process."""
    gate = threading.Event()

    async def careless() -> bool:
        return gate.wait(10)

    async with Worker() as worker:
        blocked = asyncio.ensure_future(worker.run_async(careless))
        await asyncio.sleep(0)
        gate.set()
        assert await blocked == Returned(value=True)


async def test_all_async_functions_share_one_loop():
    """Apps keep clients and locks at module level."""

    async def which() -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    async with Worker() as worker:
        first, second = await worker.run_async(which), await worker.run_async(which)
    assert isinstance(first, Returned)
    assert first == second
    assert first.value is not asyncio.get_running_loop()


@pytest.mark.parametrize("error", [ValueError("boom"), SystemExit(3), StopIteration(), KeyboardInterrupt()])
async def test_whatever_user_code_raises_becomes_the_outcome(error):
    """A function must not be able to end the host."""

    def fails() -> None:
        raise error

    async with Worker() as worker:
        outcome = await worker.run_sync(fails)
    assert isinstance(outcome, Raised)
    assert (outcome.exception, outcome.type_name) == (error, type(error).__name__)


async def test_the_stack_has_the_users_frames_only_and_the_message_its_type():
    """`ValueError: boom`, and frames in the form of traceback.format_tb."""

    async def fails() -> None:
        raise ValueError("boom")

    async with Worker() as worker:
        outcome = await worker.run_async(fails)
    assert isinstance(outcome, Raised)
    assert outcome.message == "ValueError: boom"
    assert outcome.stack.count("File ") == 1
    assert outcome.stack.startswith(f'  File "{__file__}", line ')


async def test_an_async_function_that_cancels_itself_has_failed():
    """Only a cancellation from outside is one."""

    async def gives_up() -> None:
        raise asyncio.CancelledError

    async with Worker() as worker:
        outcome = await worker.run_async(gives_up)
    assert isinstance(outcome, Raised)
    assert outcome.type_name == "CancelledError"


async def test_leaving_the_worker_cancels_async_functions_that_still_run():
    """A stop must not wait for a function that waits for ever."""
    ended = threading.Event()
    begun = threading.Event()

    async def endless() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with Worker() as worker:
        call = asyncio.ensure_future(worker.run_async(endless))
        await asyncio.to_thread(begun.wait, 10)
    assert ended.is_set()
    with pytest.raises(asyncio.CancelledError):
        await call


async def test_an_episode_runs_while_every_pool_thread_is_busy():
    """Long activities do not hold up orchestrations."""
    gate = threading.Event()
    async with Worker(threads=1) as worker:
        busy = asyncio.ensure_future(worker.run_sync(lambda: gate.wait(10)))
        assert await worker.run_episode(lambda: 7) == 7
        gate.set()
        await busy


async def test_what_an_episode_raises_comes_through():
    """StopIteration would hang a future and comes in disguise."""

    def fails() -> None:
        raise KeyError("x")

    async with Worker() as worker:
        with pytest.raises(KeyError):
            await worker.run_episode(fails)
        with pytest.raises(RuntimeError, match="StopIteration"):
            await worker.run_episode(lambda: next(iter(())))


async def test_many_calls_take_the_threads_they_were_given():
    """PYTHON_THREADPOOL_THREAD_COUNT bounds what runs at once."""
    running, most = 0, 0
    lock = threading.Lock()

    def count() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.005)
        with lock:
            running -= 1

    async with Worker(threads=3) as worker:
        await asyncio.gather(*(worker.run_sync(count) for _ in range(12)))
    assert most == 3
