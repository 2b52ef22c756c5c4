"""W3C trace contexts, as headers and the task hub have them."""

import pytest

from durable_devhost.model.traces import UNSAMPLED, Trace

ID, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def test_two_headers_hold_a_span() -> None:
    """They read back equal; a child span has the same trace."""
    trace = Trace.parse(f"00-{ID}-{SPAN}-01", "a=b")
    assert trace == Trace(trace_id=ID, span_id=SPAN, flags="01", state="a=b")
    assert trace is not None
    assert trace.parent == f"00-{ID}-{SPAN}-01"
    assert trace.span("1" * 16) == Trace(trace_id=ID, span_id="1" * 16, flags="01", state="a=b")
    assert trace.span("1" * 16, UNSAMPLED).parent == f"00-{ID}-{'1' * 16}-00"


@pytest.mark.parametrize(
    "parent",
    [
        None, "", "x", f"00-{ID}-{SPAN}", f"00-{ID.upper()}-{SPAN}-01", f"ff-{ID}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01", f"00-{ID}-{'0' * 16}-01",
    ],
)  # fmt: skip
def test_an_invalid_trace_parent_is_ignored(parent: str | None) -> None:
    """Capital letters, only zeros, and version ff."""
    assert Trace.parse(parent, "a=b") is None


def test_extra_fields_of_a_later_version_are_ignored() -> None:
    """The known ones are read."""
    assert Trace.parse(f"01-{ID}-{SPAN}-01-more", None) == Trace(trace_id=ID, span_id=SPAN)


def test_the_history_keeps_a_span_in_a_context() -> None:
    """Recorded; a state that is too long is left out (DurableTask.Core `DistributedTraceContext`)."""
    trace = Trace(trace_id=ID, span_id=SPAN)
    context = trace.to_history()
    assert context == {
        "TraceParent": f"00-{ID}-{SPAN}-01", "TraceState": None, "Id": None, "SpanId": None, "ActivityStartTime": None,
    }  # fmt: skip
    assert Trace.of_history(context) == trace
    assert Trace.of_history(None) is None
    states = [Trace(trace_id=ID, span_id=SPAN, state="s" * size).to_history()["TraceState"] for size in (513, 514)]
    assert states == ["s" * 513, None]
