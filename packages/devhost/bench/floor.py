"""The storage calls of a workload without an engine: what nothing on the same storage can beat.

usage: python -m packages.devhost.bench.floor [--rounds N] [--many N] [--fan-out N] [--loop N]

The calls, their contents, and which of them wait for which, are those of `durable_devhost.durable` in the ordinary
layout: a work item is stored before the history that expects it, the Instances row comes at the start and at the end,
and a work item is deleted beside the next step. The two clients that send them are in `storage_clients.py`.
"""

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from durable_devhost.azurite.process import Azurite, data_folder, running_azurite
from durable_devhost.clock import real_now
from durable_devhost.model.history import (
    ExecutionCompleted,
    HistoryEvent,
    OrchestratorCompleted,
    OrchestratorStarted,
    RuntimeStatus,
    TaskCompleted,
)
from packages.devhost.bench.storage_clients import Client, Run, bare, scheduled, thin

STEPS = 5
"""The activities of a chain."""

_ROWS_OF_ANSWERS = 97
"""How many results fit into one batch of history rows, beside those that begin and end an episode."""


def episode(*middle: HistoryEvent) -> list[HistoryEvent]:
    """The rows of one episode around what it received and decided."""
    now = real_now()
    return [OrchestratorStarted(timestamp=now), *middle, OrchestratorCompleted(timestamp=now)]


def completed(number: int) -> TaskCompleted:
    """The row of an activity that has returned."""
    return TaskCompleted(timestamp=real_now(), task_id=number, result=str(number + 1))


def ended(steps: int) -> ExecutionCompleted:
    """The row of an orchestration that has returned."""
    return ExecutionCompleted(timestamp=real_now(), event_id=steps, status=RuntimeStatus.COMPLETED, result=str(steps))


async def chain(client: Client, steps: int = STEPS) -> None:
    """The calls of a chain of activities, 3 for each and 3 more; those of a loop are the same."""
    run = Run()
    receipt = await client.send(run, 0)
    await client.append(run, episode(run.started, scheduled(0)))
    await client.show(run, RuntimeStatus.RUNNING)
    deleting: asyncio.Future[None] | None = None
    for number in range(1, steps):
        following = await client.send(run, number)
        await client.append(run, episode(completed(number - 1), scheduled(number)))
        if deleting is not None:
            await deleting
        deleting, receipt = asyncio.ensure_future(client.delete(receipt)), following
    await client.append(run, episode(completed(steps - 1), ended(steps)))
    await client.show(run, RuntimeStatus.COMPLETED)
    await asyncio.gather(client.delete(receipt), *([deleting] if deleting is not None else []))


async def fan_out(client: Client, width: int) -> None:
    """The calls of `width` activities at once, their results stored in as few commits as their rows allow."""
    run = Run()
    receipts = await asyncio.gather(*(client.send(run, number) for number in range(width)))
    await client.append(run, episode(run.started, *map(scheduled, range(width))))
    await client.show(run, RuntimeStatus.RUNNING)
    deleting: list[asyncio.Future[None]] = []
    for first in range(0, width, _ROWS_OF_ANSWERS):
        group = range(first, min(first + _ROWS_OF_ANSWERS, width))
        last = [ended(width)] if group.stop == width else []
        await client.append(run, episode(*map(completed, group), *last))
        deleting += [asyncio.ensure_future(client.delete(receipts[number])) for number in group]
    await client.show(run, RuntimeStatus.COMPLETED)
    await asyncio.gather(*deleting)


async def seconds(workload: Coroutine[Any, Any, None]) -> float:
    """How long a workload takes."""
    began = time.perf_counter()
    await workload
    return time.perf_counter() - began


async def many_chains(client: Client, count: int) -> None:
    """Chains that begin at the same time."""
    await asyncio.gather(*(chain(client) for _ in range(count)))


CLIENTS: Mapping[str, Callable[[str], AbstractAsyncContextManager[Client]]] = {"thin": thin, "bare": bare}


@dataclass
class Figures:
    """What one client took, round by round."""

    one_ms: list[float] = field(default_factory=list)
    many_per_s: list[float] = field(default_factory=list)
    client_cpu_ms: list[float] = field(default_factory=list)
    azurite_cpu_ms: list[float] = field(default_factory=list)
    fan_out_s: list[float] = field(default_factory=list)
    loop_s: list[float] = field(default_factory=list)


async def measure(client: Client, figures: Figures, azurite: Azurite, given: argparse.Namespace) -> None:
    """Add one round, after a warm-up."""
    await many_chains(client, 20)
    for _ in range(50):
        figures.one_ms.append(await seconds(chain(client)) * 1000)
    cpu, storage = time.process_time(), cpu_s(azurite)
    figures.many_per_s.append(given.many / await seconds(many_chains(client, given.many)))
    figures.client_cpu_ms.append((time.process_time() - cpu) * 1000 / given.many)
    figures.azurite_cpu_ms.append((cpu_s(azurite) - storage) * 1000 / given.many)
    if given.fan_out:
        await fan_out(client, given.fan_out)
        figures.fan_out_s.append(await seconds(fan_out(client, given.fan_out)))
    if given.loop:
        await chain(client, given.loop)
        figures.loop_s.append(await seconds(chain(client, given.loop)))


def cpu_s(azurite: Azurite) -> float:
    """The CPU that Azurite has used."""
    ticks = os.sysconf("SC_CLK_TCK")
    fields = Path(f"/proc/{azurite.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / ticks


async def _rounds(given: argparse.Namespace, figures: Mapping[str, Figures], azurite: Azurite) -> None:
    for _ in range(given.rounds):
        for name, opened in CLIENTS.items():
            async with opened(azurite.connection_string) as client:
                await measure(client, figures[name], azurite, given)


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--many", type=int, default=200)
    parser.add_argument("--fan-out", type=int, default=1000)
    parser.add_argument("--loop", type=int, default=0)
    given = parser.parse_args()
    figures = {name: Figures() for name in CLIENTS}
    with (
        tempfile.TemporaryDirectory() as name,
        data_folder(Path(name)) as folder,
        running_azurite(folder, Path.cwd()) as azurite,
    ):
        asyncio.run(_rounds(given, figures, azurite))
    heads = (
        f"{'one ms p50':>11} {given.many:>5} at once /s {'CPU ms':>7} {'Azurite':>8} {'fan-out s':>10} {'loop s':>7}"
    )
    print(f"{heads}  client")
    for name, found in figures.items():
        columns = (
            (found.one_ms, 11), (found.many_per_s, 16), (found.client_cpu_ms, 7), (found.azurite_cpu_ms, 8),
            (found.fan_out_s, 10), (found.loop_s, 7),
        )  # fmt: skip
        print(*(f"{statistics.median(values) if values else 0:{width}.2f}" for values, width in columns), f" {name}")


if __name__ == "__main__":
    main()
