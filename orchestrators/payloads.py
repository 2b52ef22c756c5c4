"""Event payloads: how any payload passes the SDK's decoder, so that the workflow itself can check it.

With `AZURE_FUNCTIONS_DURABLE_STRICT_TYPING=1` azure-functions 1.26 raises an error out of the orchestration if an event
is an envelope `{"__class__", "__module__", "__data__"}` of an unexpected type: a sender could end a proposal with one
request. `AnyPayload` is an expected type that matches every value and every envelope. So plain values pass unchanged,
and an envelope becomes a harmless `Envelope`, which is not a decision.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Envelope:
    """An event's payload that asked the SDK to create an object of some class, which was not done."""


class _EveryName:
    """Equal to every class and module name in an envelope."""

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0


class _MatchesAll(type):
    """The metaclass of `AnyPayload`: the class matches every name, and every value is an instance of it."""

    __name__ = _EveryName()  # type: ignore[assignment]

    def __instancecheck__(cls, instance: object) -> bool:
        return True


class AnyPayload(metaclass=_MatchesAll):
    """The `expected_type` for every event."""

    __module__ = _EveryName()  # type: ignore[assignment]

    def to_json(self) -> dict[str, Any]:
        """Never called; the SDK only checks that it exists."""
        raise NotImplementedError

    @staticmethod
    def from_json(data: object) -> Envelope:  # noqa: ARG004  the content of an envelope is ignored
        """Ignore the content of an envelope."""
        return Envelope()
