"""The receiver's side of the order: delivers each sender's requests once and in the order in which they were sent.

A request names its predecessor, the one that its sender sent before it to the same entity. If that has not come yet,
the request waits for it, but no longer than a window (half an hour): one older than the window is delivered at
once. Rules and stored form are those of the extension's `EntityScheduler/MessageSorter.cs`.
"""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from durable_devhost.durable.entities.labels import UNSET, moved_back, ticks_in, ticks_of
from durable_devhost.durable.entities.messages import CLEAN_UP_PAUSE, RequestMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """The state of one sender: the label of the last delivered request, and those that wait for an earlier one."""

    last: str = UNSET
    execution_id: str | None = None
    buffered: tuple[RequestMessage, ...] = ()
    """In the order of their labels."""

    def to_json(self) -> dict[str, Any]:
        """The stored form; only `Last` is always present."""
        value: dict[str, Any] = {"Last": self.last}
        if self.execution_id is not None:
            value["ExecutionId"] = self.execution_id
        if self.buffered:
            value["Buffered"] = {request.timestamp: request.to_json() for request in self.buffered}
        return value

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Received":
        """Read the stored form; raises ValueError, TypeError or KeyError if it is invalid."""
        ticks_of(value["Last"])
        buffered = [RequestMessage.from_json(request) for request in (value.get("Buffered") or {}).values()]
        return cls(
            last=value["Last"],
            execution_id=value.get("ExecutionId"),
            buffered=tuple(sorted(buffered, key=_ticks)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SorterState:
    """Both sides of an entity's order, as stored; horizons are labels, maps are by instance id."""

    last_sent: Mapping[str, str] = field(default_factory=dict)
    received: Mapping[str, Received] = field(default_factory=dict)
    receive_horizon: str = UNSET
    send_horizon: str = UNSET

    def to_json(self) -> dict[str, Any]:
        """The stored form without default values."""
        value: dict[str, Any] = {}
        if self.last_sent:
            value["LastSentToInstance"] = dict(self.last_sent)
        if self.received:
            value["ReceivedFromInstance"] = {sender: item.to_json() for sender, item in self.received.items()}
        if self.receive_horizon != UNSET:
            value["ReceiveHorizon"] = self.receive_horizon
        if self.send_horizon != UNSET:
            value["SendHorizon"] = self.send_horizon
        return value

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "SorterState":
        """Read the stored form; raises ValueError, TypeError, KeyError or AttributeError if it is invalid."""
        received = value.get("ReceivedFromInstance") or {}
        return cls(
            last_sent=dict(value.get("LastSentToInstance") or {}),
            received={sender: Received.from_json(item) for sender, item in received.items()},
            receive_horizon=value.get("ReceiveHorizon", UNSET),
            send_horizon=value.get("SendHorizon", UNSET),
        )


class Sorter:
    """Sorts the requests of one batch; made from the stored maps, which it does not change."""

    def __init__(self, state: SorterState, window: timedelta) -> None:
        self.received = dict(state.received)
        self.horizon = state.receive_horizon
        self._window = window

    def receive(self, request: RequestMessage) -> list[RequestMessage]:
        """Take one request and return those that may be delivered now: none, this one, or also some that waited.

        Clients' requests and forwarded lock requests have no order and are delivered at once.
        """
        if not self._window or request.parent is None or request.position > 0:
            return [request]
        delivered = self._advance(request)
        if ticks_of(request.timestamp) < ticks_of(self.horizon):
            return [*delivered, request]
        sender = self.received.get(request.parent) or Received(execution_id=request.parent_execution)
        if sender.execution_id != request.parent_execution:
            delivered += sender.buffered
            sender = Received(execution_id=request.parent_execution)
        if ticks_of(request.timestamp) > ticks_of(sender.last):
            sender, ready = self._deliver(_with(sender, request))
            delivered += ready
        self.received[request.parent] = sender
        return delivered

    def _advance(self, request: RequestMessage) -> list[RequestMessage]:
        """Move the horizon after the newest label, now and then, and forget what is older."""
        patience = ticks_in(self._window + CLEAN_UP_PAUSE)
        if ticks_of(self.horizon) + patience >= ticks_of(request.timestamp):
            return []
        self.horizon = moved_back(request.timestamp, self._window)
        delivered: list[RequestMessage] = []
        for name, before in list(self.received.items()):
            sender, ready = self._deliver(before)
            delivered += ready
            if self._is_behind(sender.last) and not sender.buffered:
                del self.received[name]
            else:
                self.received[name] = sender
        return delivered

    def _deliver(self, sender: Received) -> tuple[Received, list[RequestMessage]]:
        """Take requests off the buffer that have no predecessor to wait for."""
        last, waiting = sender.last, list(sender.buffered)
        ready: list[RequestMessage] = []
        while waiting and self._is_next(waiting[0], last):
            ready.append(waiting.pop(0))
            last = ready[-1].timestamp
        last = UNSET if self._is_behind(last) else last
        return Received(last=last, execution_id=sender.execution_id, buffered=tuple(waiting)), ready

    def _is_next(self, request: RequestMessage, last: str) -> bool:
        predecessor = ticks_of(request.predecessor)
        return predecessor <= ticks_of(last) or predecessor < ticks_of(self.horizon)

    def _is_behind(self, label: str) -> bool:
        return ticks_of(label) < ticks_of(self.horizon)


def _with(sender: Received, request: RequestMessage) -> Received:
    """The sender with one more request in its buffer; one with the same label is the same request and is replaced."""
    waiting = list(sender.buffered)
    place = bisect_left(waiting, _ticks(request), key=_ticks)
    is_known = place < len(waiting) and _ticks(waiting[place]) == _ticks(request)
    waiting[place : place + is_known] = [request]
    return Received(last=sender.last, execution_id=sender.execution_id, buffered=tuple(waiting))


def _ticks(request: RequestMessage) -> int:
    return ticks_of(request.timestamp)
