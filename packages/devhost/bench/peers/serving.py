"""How a peer is asked to work: one JSON object a line on its standard input, one answer a line on its standard output.

Each peer runs in a process of its own, with the packages of the peers only, so this module needs the standard library
alone. A peer times its own work, as a program that uses it would, and checks what the work gave.
"""

import json
import os
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

STEPS = 5
"""Activities of one chain: each adds one."""


class NothingKept(Exception):
    """A peer has no work of an earlier process: it keeps all in memory."""


class Peer(Protocol):
    """One engine with the workflows of the benchmark."""

    def chain(self) -> int:
        """Run one chain of five steps to its end; gives its result."""

    def chains(self, count: int, ids: str) -> list[int]:
        """Run `count` chains at once under the ids `ids`-0, `ids`-1 and so on; gives their results."""

    def begin(self, count: int, ids: str) -> None:
        """Start as many chains, and return once all are safe; raises NothingKept if they never are."""

    def finish(self, count: int, ids: str) -> list[int]:
        """Wait for chains that this process or an earlier one has started; gives their results."""

    def fan_out(self, count: int) -> int:
        """Run one workflow that starts `count` steps at once; gives the sum of what they gave."""

    def loop(self, count: int) -> int:
        """Run one workflow with `count` steps, one after the other; gives its result."""

    def event(self) -> float:
        """Start a workflow that waits, then send it an event; gives the seconds from sending to its end."""


@dataclass(frozen=True)
class Sizes:
    """How much of each workload is asked for, checked against what comes back."""

    count: int
    ids: str


def serve(peer: Peer) -> None:
    """Answer until standard input ends. What the peer prints on its own goes to standard error."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def answer(**fields: Any) -> None:
        print(json.dumps(fields), file=answers, flush=True)

    answer(ready=True)
    for line in sys.stdin:
        asked = json.loads(line)
        work: Callable[[Peer, Sizes], list[float]] = WORK[asked["do"]]
        try:
            answer(seconds=work(peer, Sizes(asked["count"], asked.get("ids", ""))))
        except NothingKept:
            answer(lost=True)
        except Exception as error:  # noqa: BLE001 - whatever it is, the benchmark names it in its table
            answer(failed=f"{type(error).__name__}: {error}")
    os._exit(0)  # engines leave threads behind that would keep the process


def _one_by_one(peer: Peer, sizes: Sizes) -> list[float]:
    return [_timed(peer.chain, STEPS) for _ in range(sizes.count)]


def _at_once(peer: Peer, sizes: Sizes) -> list[float]:
    return [_timed(lambda: peer.chains(sizes.count, sizes.ids), [STEPS] * sizes.count)]


def _begin(peer: Peer, sizes: Sizes) -> list[float]:
    return [_timed(lambda: peer.begin(sizes.count, sizes.ids), None)]


def _finish(peer: Peer, sizes: Sizes) -> list[float]:
    return [_timed(lambda: peer.finish(sizes.count, sizes.ids), [STEPS] * sizes.count)]


def _fan_out(peer: Peer, sizes: Sizes) -> list[float]:
    return [_timed(lambda: peer.fan_out(sizes.count), sizes.count * (sizes.count - 1) // 2)]


def _loop(peer: Peer, sizes: Sizes) -> list[float]:
    return [_timed(lambda: peer.loop(sizes.count), sizes.count)]


def _events(peer: Peer, sizes: Sizes) -> list[float]:
    return [peer.event() for _ in range(sizes.count)]


def _timed(work: Callable[[], Any], right: Any) -> float:
    began = time.perf_counter()
    result = work()
    took = time.perf_counter() - began
    if result != right:
        raise RuntimeError(f"it gave {str(result)[:80]}, not {str(right)[:80]}")
    return took


WORK: dict[str, Callable[[Peer, Sizes], list[float]]] = {
    "chain": _one_by_one,
    "at once": _at_once,
    "begin": _begin,
    "finish": _finish,
    "fan-out": _fan_out,
    "loop": _loop,
    "event": _events,
}
"""What may be asked for, by its name."""


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
