"""The place of a call in a distributed trace: W3C trace contexts, as in headers and in the task hub.

The format is that of https://www.w3.org/TR/trace-context/; the hub has DurableTask.Core's `DistributedTraceContext`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

SAMPLED, UNSAMPLED = "01", "00"
_PARENT = re.compile("(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?")
_LONGEST_STATE = 513


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """A span of a trace: ids of 32 and 16 hexadecimal digits, two digits of flags, and vendor data."""

    trace_id: str
    span_id: str
    flags: str = SAMPLED
    state: str = ""

    @property
    def parent(self) -> str:
        """The text of a `traceparent` header."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"

    @classmethod
    def parse(cls, parent: str | None, state: str | None) -> Self | None:
        """The span in two headers; None if there is none, or an invalid one."""
        found = _PARENT.fullmatch(parent or "")
        if found is None:
            return None
        return cls(trace_id=found[1], span_id=found[2], flags=found[3], state=state or "")

    @classmethod
    def of_history(cls, context: Mapping[str, Any] | None) -> Self | None:
        """The span in a history event's ParentTraceContext."""
        return None if context is None else cls.parse(context.get("TraceParent"), context.get("TraceState"))

    def span(self, span_id: str, flags: str | None = None) -> Self:
        """Another span of the same trace, with the same flags unless others are given."""
        return replace(self, span_id=span_id, flags=flags or self.flags)

    def to_history(self) -> dict[str, Any]:
        """A ParentTraceContext for an event; a state that is too long is left out, as in DurableTask."""
        state = self.state if 0 < len(self.state) <= _LONGEST_STATE else None
        return {"TraceParent": self.parent, "TraceState": state, "Id": None, "SpanId": None, "ActivityStartTime": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTrace:
    """A function's trace: its own span, and the host's data about the call."""

    span: Trace
    attributes: Mapping[str, str] = field(default_factory=dict)
