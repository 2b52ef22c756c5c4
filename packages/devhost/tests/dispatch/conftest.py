"""Functions made in a test and run by the worker's code in this process, and a binding store in memory."""

import json
from collections.abc import AsyncIterator, Callable, Sequence

import azure.functions as func
import pytest

from durable_devhost.clock import VirtualClock
from durable_devhost.dispatch.invoker import Invoker
from durable_devhost.dispatch.outcome import Invocation, Outcome
from durable_devhost.dispatch.tables import TableQuery
from durable_devhost.model.functions import Function
from durable_devhost.storage.tables import Operation, Row
from packages.devhost.tests.local import LocalWorkers

CLIENT = json.dumps({"taskHubName": "H", "creationUrls": {}, "managementUrls": {"id": "x"}, "rpcBaseUrl": "http://x/"})
Build = Callable[[func.FunctionApp], Function]


class MemoryBindings:
    """Blobs and queues in dictionaries, by connection."""

    def __init__(self) -> None:
        self.blobs: dict[tuple[str | None, str, str], bytes] = {}
        self.rows: dict[tuple[str | None, TableQuery], list[Row]] = {}
        self.operations: dict[tuple[str | None, str], list[Operation]] = {}
        self.queues: dict[tuple[str | None, str], list[str | bytes]] = {}

    async def read_blob(self, connection: str | None, container: str, name: str) -> bytes | None:
        """The bytes or None."""
        return self.blobs.get((connection, container, name))

    async def write_blob(self, connection: str | None, container: str, name: str, content: bytes) -> None:
        """Keep the bytes."""
        self.blobs[connection, container, name] = content

    async def read_rows(self, connection: str | None, query: TableQuery) -> list[Row]:
        """The rows that were put there for this query."""
        return self.rows[connection, query]

    async def write_rows(self, connection: str | None, table: str, operations: Sequence[Operation]) -> None:
        """Keep what is to be done."""
        self.operations[connection, table] = list(operations)

    async def enqueue(self, connection: str | None, queue: str, message: str | bytes) -> None:
        """Append the message."""
        self.queues.setdefault((connection, queue), []).append(message)


@pytest.fixture
async def workers() -> AsyncIterator[LocalWorkers]:
    """The worker's code in this process."""
    async with LocalWorkers() as started:
        yield started


@pytest.fixture
def build(workers: LocalWorkers) -> Build:
    """Have an app made in the test callable and give its only function."""

    def only(app: func.FunctionApp) -> Function:
        (function,) = workers.take(app).functions
        return function

    return only


@pytest.fixture
def bindings() -> MemoryBindings:
    """An empty store."""
    return MemoryBindings()


class Ends:
    """Remembers what ended."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, str]] = []
        self.advice: list[str] = []

    def invocation_ended(self, function: Function, invocation: Invocation, outcome: Outcome, seconds: float) -> None:
        """Keep the function, the id and the kind of outcome."""
        assert seconds >= 0
        self.seen.append((function.name, invocation.id, type(outcome).__name__))

    def advise(self, text: str) -> None:
        """Keep the text."""
        self.advice.append(text)


@pytest.fixture
def ends() -> Ends:
    """An observer."""
    return Ends()


@pytest.fixture
def invoker(workers: LocalWorkers, bindings: MemoryBindings, ends: Ends) -> Invoker:
    """An invoker over the store in memory."""
    return Invoker(workers, store=bindings, client_json=lambda _: CLIENT, clock=VirtualClock(), observer=ends)
