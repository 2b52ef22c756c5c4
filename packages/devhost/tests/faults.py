"""A transport on which one call goes wrong, with a real Azurite behind it."""

import asyncio
from collections.abc import Mapping
from enum import Enum
from random import Random

from durable_devhost.storage.account import Service, StorageAccount, failure
from durable_devhost.storage.connections import ConnectionBroken
from durable_devhost.storage.transport import Answer, Transport


class Fault(Enum):
    """What goes wrong with a call."""

    REFUSED = "refused"
    LOST = "the call has its effect, and the answer is lost"
    LOST_FOR_LONG = "the call has its effect, and neither its answer nor those of the next four attempts come"
    BUSY = "503"
    FAILED_AFTER = "500 after the call had its effect"
    THROTTLED = "429 with Retry-After"
    FORBIDDEN = "403, and once more"
    PRECONDITION = "412 without a reason"
    GARBAGE = "200 with a body that makes no sense"
    LATE = "the answer is late"
    STUCK = "nothing happens, and no answer comes"
    STUCK_AFTER = "the call has its effect, and no answer comes"


RAIN = (
    Fault.REFUSED,
    Fault.LOST,
    Fault.BUSY,
    Fault.FAILED_AFTER,
    Fault.THROTTLED,
    Fault.FORBIDDEN,
    Fault.PRECONDITION,
    Fault.GARBAGE,
    Fault.LATE,
)
"""What can strike any call at any time."""


class NotingTransport(Transport):
    """Notes when each call begins and ends, as `> queue POST` and `< queue POST` with the path behind."""

    def __init__(self, account: StorageAccount) -> None:
        super().__init__(account)
        self.notes: list[str] = []

    async def _attempt(
        self, service: Service, verb: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes
    ) -> Answer:
        self.notes.append(f"> {service} {verb} {path}")
        answer = await super()._attempt(service, verb, path, query, headers, body)
        self.notes.append(f"< {service} {verb} {path}")
        return answer


class FaultyTransport(Transport):
    """Lets `fault` strike at the call with the number `at`, counted from 0 from `arm` on, polls of queues left out."""

    def __init__(self, account: StorageAccount) -> None:
        super().__init__(account, retry_delays=(0.02, 0.05, 0.1, 0.2))
        self._fault: Fault | None = None
        self._at = 0
        self._left = 0
        self._count = 0
        self._only = ""
        self._rain: tuple[Random, float] | None = None
        self.struck = ""
        self.has_struck = asyncio.Event()

    @property
    def strikes(self) -> int:
        """How many calls a rain of faults has struck."""
        return self._count

    def arm(self, fault: Fault, at: int, only: str = "") -> None:
        """Begin to count, for example `only` calls that begin with `table PATCH`."""
        self._only = only
        self._fault, self._at, self._count, self.struck = fault, at, 0, ""
        self.has_struck.clear()

    def rain(self, chance: Random | None, share: float = 0.0) -> None:
        """From now on let a fault of any kind strike this share of all calls, polls of queues too; None ends it."""
        self._rain = (chance, share) if chance is not None else None

    async def _attempt(
        self, service: Service, verb: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes
    ) -> Answer:
        fault = self._falls_on(service, verb, path)
        match fault:
            case None:
                return await super()._attempt(service, verb, path, query, headers, body)
            case Fault.STUCK:
                await asyncio.Event().wait()
            case Fault.REFUSED:
                raise ConnectionBroken("refused")
            case Fault.BUSY:
                raise failure(503, "ServerBusy", "The server is busy.")
            case Fault.THROTTLED:
                error = failure(429, "TooManyRequests", "Slow down.")
                error.retry_after_s = 1.0
                raise error
            case Fault.FORBIDDEN:
                raise failure(403, "AuthorizationFailure", "Not this time.")
            case Fault.PRECONDITION:
                raise failure(412, "ConditionNotMet", "For no reason.")
            case Fault.GARBAGE:
                return Answer(status=200, headers={"x-ms-request-id": "1"}, body=b"<html>It works!</html>")
        answer = await super()._attempt(service, verb, path, query, headers, body)
        match fault:
            case Fault.FAILED_AFTER:
                raise failure(500, "OperationTimedOut", "It took too long.")
            case Fault.STUCK_AFTER:
                await asyncio.Event().wait()
                raise AssertionError("nobody sets it")
            case Fault.LATE:
                await asyncio.sleep(0.3)
                return answer
            case _:
                raise ConnectionBroken("lost")

    def _falls_on(self, service: Service, verb: str, path: str) -> Fault | None:
        if self._rain is not None and self._rain[0].random() < self._rain[1]:
            self._count += 1
            return self._rain[0].choice(RAIN)
        if self._left:
            self._left -= 1
            return self._fault
        if self._fault is None or self.struck or (service == "queue" and verb == "GET"):
            return None
        if not f"{service} {verb}".startswith(self._only):
            return None
        self._count += 1
        if self._count <= self._at:
            return None
        self.struck = f"{service} {verb} {path}"
        self.has_struck.set()
        self._left = {Fault.LOST_FOR_LONG: 4, Fault.FORBIDDEN: 1}.get(self._fault, 0)
        return self._fault
