"""Two clients that send the storage calls of an orchestration without an engine.

`Thin` is devhost's own, with its encodings. `Bare` sends what `Thin` would send, encoded once and then used again with
other ids and the receipts and etags that storage gave, and does nothing else: what is left is Azurite and the sockets.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email.utils import format_datetime
from typing import Any, Protocol
from urllib.parse import quote, urlsplit
from uuid import uuid4

from durable_devhost.clock import SystemClock, real_now
from durable_devhost.model.history import ExecutionStarted, HistoryEvent, InstanceRef, RuntimeStatus, TaskScheduled
from durable_devhost.model.instances import InstanceRecord
from durable_devhost.model.messages import Message
from durable_devhost.storage.account import Service, StorageAccount
from durable_devhost.storage.queues import Receipt
from durable_devhost.storage.signing import Signer
from durable_devhost.storage.transport import Answer, Transport
from durable_devhost.taskhub.history import StoredHistory, Tail
from durable_devhost.taskhub.hub import TaskHub
from durable_devhost.taskhub.names import HubNames

HUB = "Floor"
_HOLD = timedelta(seconds=60)
_CONNECTIONS = 64
"""As many as devhost's transport has."""


class Client(Protocol):
    """The four kinds of storage call that an orchestration makes."""

    async def send(self, run: "Run", number: int) -> Any:
        """Store the work item of an activity and return what deletes it."""
        ...

    async def delete(self, receipt: Any) -> None:
        """Delete a work item."""
        ...

    async def append(self, run: "Run", events: list[HistoryEvent]) -> None:
        """Commit history rows."""
        ...

    async def show(self, run: "Run", status: RuntimeStatus) -> None:
        """Write the Instances row."""
        ...


@dataclass
class Run:
    """One instance and where its history ends."""

    instance: InstanceRef = field(
        default_factory=lambda: InstanceRef(instance_id=uuid4().hex, execution_id=uuid4().hex)
    )
    etag: str | None = None
    rows: int = 0
    tail: Tail = StoredHistory().tail

    @property
    def started(self) -> ExecutionStarted:
        """The event that begins it."""
        return ExecutionStarted(timestamp=real_now(), instance=self.instance, name="chain", input="0")


def scheduled(number: int) -> TaskScheduled:
    """The row of an activity that was scheduled."""
    return TaskScheduled(timestamp=real_now(), event_id=number, name="add_one")


class Thin:
    """devhost's own client: its encodings, its signing, its connections."""

    def __init__(self, hub: TaskHub) -> None:
        self._hub = hub

    async def send(self, run: Run, number: int) -> Receipt:
        """Store the work item of an activity."""
        event = replace(scheduled(number), input=f'["{number}"]')
        message = Message(event=event, target=run.instance, sender=run.instance, episode=1, from_decision=True)
        return await self._hub.queues.send_work_item(message, visible_after=_HOLD)

    async def delete(self, receipt: Receipt) -> None:
        """Delete a work item."""
        await self._hub.queues.delete(receipt)

    async def append(self, run: Run, events: list[HistoryEvent]) -> None:
        """Commit history rows under the sentinel's etag."""
        instance = run.instance
        appended = await self._hub.history.append(
            instance.instance_id,
            instance.execution_id or "",
            first_row=run.rows,
            events=events,
            etag=run.etag,
            tail=run.tail,
        )
        run.etag, run.rows, run.tail = appended.etag, appended.row_count, appended.tail

    async def show(self, run: Run, status: RuntimeStatus) -> None:
        """Write the Instances row, of an instance that is new the first time."""
        now = real_now()
        record = InstanceRecord(
            instance_id=run.instance.instance_id,
            execution_id=run.instance.execution_id,
            name="chain",
            status=status,
            input="0",
            output=None if status is RuntimeStatus.RUNNING else "5",
            custom_status="null",
            created_time=now,
            last_updated_time=now,
            generation=0,
            tags="null",
        )
        await self._hub.instances.merge(record)


class Bare:
    """Sends each request as `Thin` encodes it, encoded once, and reads no more of an answer than it must.

    Run a workload once before it is measured: what it sends is remembered then.
    """

    def __init__(self, account: StorageAccount, thin: Thin) -> None:
        self._account = account
        self._signer = Signer(account)
        self._thin = thin
        self._known: dict[object, _Captured] = {}
        self._idle: dict[Service, list[_Wire]] = {"queue": [], "table": []}
        self._free = asyncio.Semaphore(_CONNECTIONS)

    async def send(self, run: Run, number: int) -> tuple[str, str]:
        """Store the work item of an activity."""
        answer = await self._repeat(("send", number), self._thin.send(_SAMPLE, number), run)
        return _between(answer, b"<MessageId>", b"<"), _between(answer, b"<PopReceipt>", b"<")

    async def delete(self, receipt: tuple[str, str]) -> None:
        """Delete a work item."""
        message_id, pop_receipt = receipt
        queue = HubNames(HUB).work_items
        await self._request("queue", "DELETE", f"/{queue}/messages/{message_id}", {"popreceipt": pop_receipt}, {}, b"")

    async def append(self, run: Run, events: list[HistoryEvent]) -> None:
        """Commit history rows under the sentinel's etag."""
        sample = replace(_SAMPLE, etag=_ETAG if run.etag else None, rows=run.rows)
        key = ("append", run.rows, len(events), type(events[1]))
        answer = await self._repeat(key, self._thin.append(sample, events), run)
        run.etag, run.rows = _ETAGS.findall(answer)[-1].decode().strip(), run.rows + len(events)

    async def show(self, run: Run, status: RuntimeStatus) -> None:
        """Write the Instances row."""
        await self._repeat(("show", status), self._thin.show(_SAMPLE, status), run)

    async def _repeat(self, key: object, encode: Coroutine[Any, Any, Any], run: Run) -> bytes:
        """Send what `encode` comes to for the sample, with the ids and the etag of a run."""
        known = self._known.get(key)
        if known is None:
            try:
                await encode
            except _Captured as captured:
                known = self._known[key] = captured
        encode.close()
        assert known is not None  # the capture lets nothing through
        instance, execution = run.instance.instance_id, run.instance.execution_id or ""
        path = known.path.replace(_INSTANCE, instance)
        body = known.body.replace(_INSTANCE.encode(), instance.encode()).replace(
            _EXECUTION.encode(), execution.encode()
        )
        if run.etag:
            body = body.replace(_ETAG.encode(), run.etag.encode())
        return await self._request(known.service, known.verb, path, known.query, known.headers, body)

    async def _request(
        self,
        service: Service,
        verb: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes,
    ) -> bytes:
        sent = {"x-ms-version": "2021-12-02", "x-ms-date": format_datetime(real_now(), usegmt=True), **headers}
        sent["authorization"] = self._signer.authorization(service, verb, path, query, sent, len(body))
        base = urlsplit(self._account.endpoint(service))
        asked = "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items())
        target = f"{base.path}{path}{'?' if asked else ''}{asked}"
        lines = [f"{verb} {target} HTTP/1.1", f"Host: {base.netloc}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in sent.items()]
        async with self._free:
            idle = self._idle[service]
            wire = idle.pop() if idle else await _Wire.open(base.hostname or "", base.port or 80)
            answer = await wire.ask("\r\n".join([*lines, "", ""]).encode() + body)
            idle.append(wire)
        return answer

    def close(self) -> None:
        """Hang up."""
        for wire in (*self._idle["queue"], *self._idle["table"]):
            wire.close()


_INSTANCE, _EXECUTION, _ETAG = "0123456789abcdef" * 2, "fedcba9876543210" * 2, "the-etag"
_SAMPLE = Run(instance=InstanceRef(instance_id=_INSTANCE, execution_id=_EXECUTION))
_ETAGS = re.compile(rb"^etag: *([^\r\n]+)", re.IGNORECASE | re.MULTILINE)
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


class _Captured(Exception):
    """A request that was not sent."""

    def __init__(self, service: Service, verb: str, path: str, more: Mapping[str, Any]) -> None:
        super().__init__(path)
        self.service, self.verb, self.path = service, verb, path
        self.query: Mapping[str, str] = more.get("query") or {}
        self.headers: Mapping[str, str] = more.get("headers") or {}
        self.body: bytes = more.get("body", b"")


class _Capture(Transport):
    """Once it `captures`, raises what it is asked to send."""

    captures = False

    async def request(self, service: Service, verb: str, path: str, **more: Any) -> Answer:
        if self.captures:
            raise _Captured(service, verb, path, more)
        return await super().request(service, verb, path, **more)


class _Wire(asyncio.Protocol):
    """One connection; what comes back is cut where its length says, or at the last chunk."""

    def __init__(self) -> None:
        self._got = b""
        self._answer: asyncio.Future[bytes] | None = None

    @classmethod
    async def open(cls, host: str, port: int) -> "_Wire":
        _, wire = await asyncio.get_running_loop().create_connection(cls, host, port)
        return wire

    def ask(self, request: bytes) -> "asyncio.Future[bytes]":
        self._got, self._answer = b"", asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answer

    def close(self) -> None:
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # of a socket
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._got += data
        head, end, body = self._got.partition(b"\r\n\r\n")
        if not end or self._answer is None or self._answer.done():
            return
        if not _is_whole(head, body):
            return
        if not head.startswith(b"HTTP/1.1 20") or b"HTTP/1.1 4" in body:
            self._answer.set_exception(RuntimeError(f"storage refused a request: {self._got[:2000]!r}"))
        else:
            self._answer.set_result(self._got)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionResetError("Azurite hung up"))


def _is_whole(head: bytes, body: bytes) -> bool:
    """Whether an answer has all of its body; one without content has none, whatever its head says."""
    if head.startswith(b"HTTP/1.1 204"):
        return True
    length = _LENGTH.search(head)
    return len(body) >= int(length[1]) if length else body.endswith(b"0\r\n\r\n")


def _between(text: bytes, before: bytes, after: bytes) -> str:
    return text.partition(before)[2].partition(after)[0].decode()


@asynccontextmanager
async def thin(connection_string: str) -> AsyncIterator[Client]:
    """devhost's own client on a hub of its own in the storage behind a connection string."""
    async with Transport(StorageAccount.parse(connection_string)) as transport:
        yield Thin(await TaskHub.open(transport, HUB, partition_count=4, clock=SystemClock()))


@asynccontextmanager
async def bare(connection_string: str) -> AsyncIterator[Client]:
    """The client that only sends."""
    account = StorageAccount.parse(connection_string)
    async with _Capture(account) as capture:
        client = Bare(account, Thin(await TaskHub.open(capture, HUB, partition_count=4, clock=SystemClock())))
        capture.captures = True
        try:
            yield client
        finally:
            client.close()
