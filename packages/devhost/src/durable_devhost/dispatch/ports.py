"""The interfaces of dispatch: the storage behind bindings, and the observer of invocations."""

from collections.abc import Sequence
from typing import Protocol

from durable_devhost.dispatch.outcome import Invocation, Outcome
from durable_devhost.dispatch.tables import TableQuery
from durable_devhost.model.functions import Function
from durable_devhost.storage.tables import Operation, Row


class BindingStore(Protocol):
    """Reads inputs and writes outputs.

    `connection` is the name in the binding, None for the default account. A failure is raised as
    the storage layer's own error and fails the invocation.
    """

    async def read_blob(self, connection: str | None, container: str, name: str) -> bytes | None:
        """The blob's bytes, or None if the blob or container does not exist."""
        ...

    async def write_blob(self, connection: str | None, container: str, name: str, content: bytes) -> None:
        """Write a block blob; a missing container is created."""
        ...

    async def enqueue(self, connection: str | None, queue: str, message: str | bytes) -> None:
        """Put one message into a queue, encoded as host.json says; a missing queue is created."""
        ...

    async def read_rows(self, connection: str | None, query: TableQuery) -> list[Row]:
        """The rows of a query; the table must exist."""
        ...

    async def write_rows(self, connection: str | None, table: str, operations: Sequence[Operation]) -> None:
        """Apply operations to the rows of a table; a missing table is created."""
        ...


class InvocationObserver(Protocol):
    """The console: it is told of each invocation when it ends."""

    def invocation_ended(self, function: Function, invocation: Invocation, outcome: Outcome, seconds: float) -> None:
        """An invocation ended after `seconds`; each try of a retried one is reported."""
        ...

    def advise(self, text: str) -> None:
        """Something works here as on Azure, but probably not as intended; each sentence is shown once."""
        ...
