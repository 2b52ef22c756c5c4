"""The seams of dispatch: the storage behind bindings, and who wants to hear of invocations."""

from collections.abc import Sequence
from typing import Protocol

from durable_devhost.dispatch.outcome import Invocation, Outcome
from durable_devhost.dispatch.tables import TableQuery
from durable_devhost.model.functions import Function
from durable_devhost.storage.tables import Operation, Row


class BindingStore(Protocol):
    """Where inputs come from and where outputs go.

    `connection` is the name that the binding carries, None for the default account. What cannot be done is raised as
    the storage layer's own error and ends the invocation as a failure.
    """

    async def read_blob(self, connection: str | None, container: str, name: str) -> bytes | None:
        """The blob's bytes, or None where there is no such blob or container."""
        ...

    async def write_blob(self, connection: str | None, container: str, name: str, content: bytes) -> None:
        """Write a block blob; the container is created when missing."""
        ...

    async def enqueue(self, connection: str | None, queue: str, message: str | bytes) -> None:
        """Put one message into a queue, encoded as host.json says; the queue is created when missing."""
        ...

    async def read_rows(self, connection: str | None, query: TableQuery) -> list[Row]:
        """The rows that a query asks for; there must be such a table."""
        ...

    async def write_rows(self, connection: str | None, table: str, operations: Sequence[Operation]) -> None:
        """Do this to the rows of a table; the table is created when missing."""
        ...


class InvocationObserver(Protocol):
    """The console: hears of each invocation when it ends."""

    def ended(self, function: Function, invocation: Invocation, outcome: Outcome, seconds: float) -> None:
        """An invocation ended after `seconds`; each try of a retried one is reported."""
        ...

    def advise(self, text: str) -> None:
        """Something works here as on Azure, and probably not as it is meant; the same sentence is said once."""
        ...
