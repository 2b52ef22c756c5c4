"""How an event payload gets past the SDK's decoder whatever it holds, so that the workflow itself can judge it.

With `AZURE_FUNCTIONS_DURABLE_STRICT_TYPING=1` azure-functions 1.26 raises out of the orchestration when an event is an
envelope `{"__class__", "__module__", "__data__"}` of another type than the expected one: a sender could end a proposal
with one request. `AnyPayload` is an expected type that every value is an instance of and every envelope names, so that
plain values pass unchanged and an envelope comes out as an inert `Envelope`, which is no decision.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Envelope:
    """What an event held that wanted to be turned into an object of a class; it was not."""


class _EveryName:
    """Equal to every name that an envelope may claim."""

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0


class _MatchesAll(type):
    """The metaclass of `AnyPayload`: its class has every name, and every value as an instance."""

    __name__ = _EveryName()  # type: ignore[assignment]

    def __instancecheck__(cls, instance: object) -> bool:
        return True


class AnyPayload(metaclass=_MatchesAll):
    """The `expected_type` of every event that is waited for."""

    __module__ = _EveryName()  # type: ignore[assignment]

    def to_json(self) -> dict[str, Any]:
        """Never called; the SDK only asks whether it is there."""
        raise NotImplementedError

    @staticmethod
    def from_json(data: object) -> Envelope:  # noqa: ARG004  the content of an envelope is not looked at
        """Make of an envelope's content what it is worth."""
        return Envelope()
