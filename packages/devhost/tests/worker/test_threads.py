"""The threads that run the app's functions: begun when needed, used again, and no more than there may be."""

import threading

import pytest

from durable_devhost.worker.threads import Threads


def test_a_thread_that_is_free_gets_the_next_step():
    """The one that was busy last."""
    threads, names, done = Threads(3, "step"), [], threading.Event()

    def step():
        names.append(threading.current_thread().name)
        done.set()

    for _ in range(5):
        done.clear()
        threads.start(step)
        assert done.wait(10)
        while not threads._idle:  # a thread is free a moment after its step has ended
            pass
    assert set(names) == {"step_0"}


def test_no_more_threads_run_than_there_may_be_and_the_rest_waits_its_turn():
    """In the order in which it came."""
    threads, let_go, entered, ran = Threads(2, "step"), threading.Event(), threading.Semaphore(0), []

    def blocked():
        entered.release()
        let_go.wait(10)

    for _ in range(2):
        threads.start(blocked)
    last = threading.Event()
    for number in range(3):
        threads.start(ran.append, number)
    threads.start(last.set)
    for _ in range(2):
        assert entered.acquire(timeout=10)
    assert ran == []
    let_go.set()
    assert last.wait(10)
    assert sorted(ran) == [0, 1, 2]


def test_each_new_thread_is_prepared():
    """For a debugger, which has to see each of them."""
    prepared = []
    threads = Threads(1, "step", lambda: prepared.append(threading.current_thread().name))
    assert [threads.submit(int, text).result(10) for text in ("1", "2")] == [1, 2]
    assert prepared == ["step_0"]


def test_a_future_has_what_the_step_raised_and_one_that_was_cancelled_is_not_run():
    """As the event loop expects of an executor."""
    threads, let_go = Threads(1, "step"), threading.Event()
    failed = threads.submit(int, "no number")
    with pytest.raises(ValueError, match="no number"):
        failed.result(10)
    ran = []
    threads.start(let_go.wait, 10)
    waiting = threads.submit(ran.append, 1)
    assert waiting.cancel()
    let_go.set()
    assert threads.submit(len, ran).result(10) == 0
