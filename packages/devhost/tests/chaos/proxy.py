"""A proxy between a host and storage, a process of its own, that fails the calls it is told to fail.

usage: python -m packages.devhost.tests.chaos.proxy --blobPort N --queuePort N --tablePort N --upstream N N N

It reads one JSON command a line and answers each with one line; it ends with its input. `arm` begins to count calls
anew and says which of them meet a fault; `look` tells what has come since. Bytes are forwarded as they came.
"""

import argparse
import asyncio
import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from packages.devhost.tests.chaos.faults import CLOSED_S, FAULTS, Ending, Fault
from packages.devhost.tests.chaos.messages import Message, read_answer, read_request

ADDRESS = "127.0.0.1"
SERVICES = ("blob", "queue", "table")
_LONGEST_HEAD = 1 << 20


def is_idle(verb: str, target: str) -> bool:
    """Whether a call is a look into a queue or about a lease: those come by the clock, whatever the host works on."""
    path, _, query = target.partition("?")
    is_poll = verb == "GET" and path.endswith("/messages")
    return is_poll or "Partitions" in path or "comp=lease" in query


_CHOICES: Mapping[str, Callable[[str, str], bool]] = {
    "work": lambda verb, target: not is_idle(verb, target),
    "idle": is_idle,
    "all": lambda _verb, _target: True,
}


@dataclass(kw_only=True)
class Script:
    """What happens from now on, and what has happened: the calls that count, and which of them met the fault."""

    fault: Fault | None = None
    at: int = 0
    times: int = 1
    chance: float = 0.0
    choice: str = "work"
    whose: str = "host"
    matching: str = ""
    """What the description of a call must hold for the call to count."""
    victims: tuple[int, ...] = ()
    dice: random.Random = field(default_factory=random.Random)
    calls: list[str] = field(default_factory=list)
    of_app: list[bool] = field(default_factory=list)
    """Of each call whether an SDK in the app made it."""
    came_at: list[float] = field(default_factory=list)
    struck: list[int] = field(default_factory=list)

    @classmethod
    def from_command(cls, command: Mapping[str, Any]) -> "Script":
        """The script of an `arm` command."""
        return cls(
            fault=FAULTS[command["fault"]] if command.get("fault") else None,
            at=command.get("at", 0),
            times=command.get("times", 1),
            chance=command.get("chance", 0.0),
            choice=command.get("choice", "work"),
            whose=command.get("whose", "host"),
            matching=command.get("matching", ""),
            victims=tuple(command.get("victims", ())),
            dice=random.Random(command.get("seed", 0)),
        )

    def meet(self, service: str, request: Message) -> Fault | None:
        """Count a call, and say what it meets."""
        is_apps = request.agent.startswith("azsdk")
        if self.whose != "all" and is_apps is not (self.whose == "app"):
            return None
        if not _CHOICES[self.choice](request.verb, request.target):
            return None
        described = _described(service, request)
        if self.matching not in described:
            return None
        number = len(self.calls)
        self.calls.append(described)
        self.of_app.append(is_apps)
        self.came_at.append(time.monotonic())
        if self.fault is None:
            return None
        meets = self.dice.random() < self.chance if self.chance else self.at <= number < self.at + self.times
        if meets:
            self.struck.append(number)
        return self.fault if meets else None


def _described(service: str, request: Message) -> str:
    path, _, query = request.target.partition("?")
    short = "/".join(path.split("/")[2:])
    if "comp=" in query:
        short += "?" + query
    batch = f" of {request.table}" if short == "$batch" else ""
    return f"{service} {request.verb} {short}{batch}"


class Proxy:
    """The three doors of one storage account. All state is touched by the loop alone."""

    def __init__(self, doors: Mapping[str, int], upstream: Mapping[str, int]) -> None:
        self.script = Script()
        self._doors = doors
        self._upstream = upstream
        self._servers: dict[str, asyncio.Server] = {}
        self._closed: dict[str, asyncio.Task[None]] = {}

    async def run(self, commands: asyncio.StreamReader) -> None:
        """Serve until the input ends."""
        for service in self._doors:
            await self._open(service)
        _say({"ready": True})
        while line := await commands.readline():
            _say(await self._obey(json.loads(line)))

    async def _obey(self, command: Mapping[str, Any]) -> Mapping[str, Any]:
        if command["do"] == "arm":
            self.script = Script.from_command(command)
            for service, closed in list(self._closed.items()):
                closed.cancel()
                await self._open(service)
            return {}
        script = self.script
        return {
            "calls": script.calls, "of_app": script.of_app, "struck": script.struck, "came_at": script.came_at,
        }  # fmt: skip

    async def _open(self, service: str) -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with suppress(OSError, asyncio.IncompleteReadError):
                await self._serve(service, reader, writer)
            writer.transport.abort()

        self._servers[service] = await asyncio.start_server(
            serve, ADDRESS, self._doors[service], limit=_LONGEST_HEAD, reuse_address=True
        )
        self._closed.pop(service, None)

    async def _serve(self, service: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner, outer = await asyncio.open_connection(ADDRESS, self._upstream[service], limit=_LONGEST_HEAD)
        try:
            while True:
                request = await read_request(reader)
                if inner.at_eof():  # storage closes what is idle, which is no fault of its
                    outer.close()
                    inner, outer = await asyncio.open_connection(ADDRESS, self._upstream[service], limit=_LONGEST_HEAD)
                fault = self.script.meet(service, request)
                if fault is None:
                    answer = await self._forward(request, inner, outer)
                    writer.write(answer.head + answer.body)
                elif not await self._fail(fault, service, request, inner, outer, writer):
                    return
                await writer.drain()
        finally:
            outer.close()

    async def _forward(self, request: Message, inner: asyncio.StreamReader, outer: asyncio.StreamWriter) -> Message:
        outer.write(request.head + request.body)
        return await read_answer(inner, request.verb)

    async def _fail(
        self,
        fault: Fault,
        service: str,
        request: Message,
        inner: asyncio.StreamReader,
        outer: asyncio.StreamWriter,
        writer: asyncio.StreamWriter,
    ) -> bool:
        """Do what the fault says; False where the connection is to be broken."""
        await asyncio.sleep(fault.delay_s)
        if fault.victim is not None and not fault.is_forwarded:
            self._kill()
        answer = await self._forward(request, inner, outer) if fault.is_forwarded else Message(b"", b"")
        if fault.victim is not None and fault.is_forwarded:
            self._kill()
        await asyncio.sleep(fault.hang_s)
        match fault.ending:
            case Ending.ANSWER:
                writer.write(fault.answer(service) if fault.status else answer.head + answer.body)
                return True
            case Ending.CUT:
                whole = answer.head + answer.body
                writer.write(whole[: len(answer.head) + len(answer.body) // 2 if answer.body else len(whole) // 2])
                await writer.drain()
                writer.close()  # in order, so that the half arrives
                await writer.wait_closed()
            case Ending.REFUSED:
                self._close_for_a_moment(service)
            case Ending.RESET:
                pass
        return False

    def _kill(self) -> None:
        for pid in self.script.victims:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _close_for_a_moment(self, service: str) -> None:
        """Nobody listens at this door; a connection that is open already goes on."""

        async def reopen() -> None:
            await asyncio.sleep(CLOSED_S)
            await self._open(service)

        if service not in self._closed:
            self._servers[service].close()
            self._closed[service] = asyncio.create_task(reopen())


def _say(answer: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


async def main() -> None:
    """Run the proxy that the command line describes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for service in SERVICES:
        parser.add_argument(f"--{service}Port", type=int, required=True)
    parser.add_argument("--upstream", type=int, nargs=3, required=True, metavar="N")
    given = parser.parse_args()
    commands = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    doors = {service: int(getattr(given, f"{service}Port")) for service in SERVICES}
    await Proxy(doors, dict(zip(SERVICES, given.upstream, strict=True))).run(commands)


if __name__ == "__main__":
    asyncio.run(main())
