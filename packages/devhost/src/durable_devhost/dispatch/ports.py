"""The seams of dispatch: the storage behind bindings, and who wants to hear of invocations."""

from typing import Protocol

from durable_devhost.dispatch.outcome import Invocation, Outcome
from durable_devhost.model.functions import Function


class BindingStore(Protocol):
    """Where blob inputs come from and where outputs go.

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


class InvocationObserver(Protocol):
    """The console: hears of each invocation when it ends."""

    def ended(self, function: Function, invocation: Invocation, outcome: Outcome, seconds: float) -> None:
        """An invocation ended after `seconds`; each try of a retried one is reported."""
        ...

    def advise(self, text: str) -> None:
        """Something works here as on Azure, and probably not as it is meant; the same sentence is said once."""
        ...
