"""The first signal asks for a good end, the second one ends the process at once, whatever it does."""

import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from typing import IO

import pytest

HOST = """
    import asyncio, sys, time
    from durable_devhost.host.shutdown import Shutdown

    def say(text):
        print(text, flush=True)

    async def start(shutdown):
        try:
            {body}
        except asyncio.CancelledError:
            say("cancelled")
            raise

    async def main():
        shutdown = Shutdown()
        shutdown.at_once(lambda: say("first act"))
        shutdown.at_once(broken)
        shutdown.at_once(lambda: say("last act"))
        task = asyncio.create_task(start(shutdown))
        shutdown.watch(task)
        say("ready")
        await asyncio.wait((task,))
        say("stopped")

    def broken():
        raise OSError("already gone")

    asyncio.run(main())
"""
GOOD = "shutdown.is_ready = True; await shutdown.requested.wait(); say('asked'); await asyncio.sleep(0)"
SLOW = "shutdown.is_ready = True; await shutdown.requested.wait(); say('asked'); await asyncio.sleep(60)"
BLOCKED = "shutdown.is_ready = True; await shutdown.requested.wait(); say('asked'); time.sleep(60)"
STARTING = "await asyncio.sleep(60)"
Run = Callable[[str], "subprocess.Popen[str]"]


@pytest.fixture
def run() -> Iterator[Run]:
    """A function that starts a process which waits to be told to stop."""
    started: list[subprocess.Popen[str]] = []

    def begin(body: str) -> "subprocess.Popen[str]":
        source = textwrap.dedent(HOST).replace("{body}", body)
        process = subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert _line(process) == "ready"
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def _line(process: "subprocess.Popen[str]") -> str:
    stream: IO[str] | None = process.stdout
    assert stream is not None
    return stream.readline().rstrip("\n")


def _end(process: "subprocess.Popen[str]") -> tuple[list[str], int]:
    output, _ = process.communicate(timeout=20)
    return output.splitlines(), process.returncode


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_signal_asks_the_host_to_finish(run: Run, sign: signal.Signals) -> None:
    """It cancels nothing; the host ends by itself."""
    process = run(GOOD)
    process.send_signal(sign)
    assert _end(process) == (["asked", "stopped"], 0)


@pytest.mark.parametrize("body", [SLOW, BLOCKED])
@pytest.mark.parametrize("signs", [(signal.SIGINT, signal.SIGINT), (signal.SIGTERM, signal.SIGINT)])
def test_the_second_signal_ends_the_process_at_once(
    run: Run, body: str, signs: tuple[signal.Signals, signal.Signals]
) -> None:
    """Also while the loop is blocked. Registered actions run first, the latest before the others, even if one fails."""
    process = run(body)
    process.send_signal(signs[0])
    assert _line(process) == "asked"
    process.send_signal(signs[1])
    assert _end(process) == (["last act", "first act"], 130)


def test_a_signal_during_the_start_cancels_it(run: Run) -> None:
    """There is no work to finish yet."""
    process = run(STARTING)
    process.send_signal(signal.SIGINT)
    assert _end(process) == (["cancelled", "stopped"], 0)
