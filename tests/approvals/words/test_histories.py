"""A history in words: each event that says something has a sentence, and what failed is marked."""

from datetime import UTC, datetime

import pytest

from approvals.words.histories import history_in_words, reason_of

AT = "2026-03-02T09:00:00Z"


def told(kind, **event):
    """The sentences of one event."""
    return [line.sentence for line in history_in_words([{"EventType": kind, "Timestamp": AT, **event}])]


@pytest.mark.parametrize(
    ("kind", "event", "sentence"),
    [
        ("ExecutionStarted", {"FunctionName": "BillingIssuer"}, "BillingIssuer started."),
        ("ExecutionStarted", {}, "The workflow started."),
        ("TaskCompleted", {"FunctionName": "IssueBill"}, "IssueBill was done."),
        ("SubOrchestrationInstanceCompleted", {"Name": "Chaining"}, "Chaining was done."),
        ("TaskCompleted", {}, "A step was done."),
        ("TaskFailed", {"FunctionName": "IssueBill", "Reason": "no room."}, "IssueBill failed: no room."),
        ("SubOrchestrationInstanceFailed", {}, "A step failed."),
        ("TimerCreated", {"FireAt": AT}, "It waits until Monday 2 March 2026, 09:00 UTC."),
        ("TimerCreated", {"FireAt": "soon"}, "It waits for a timer."),
        ("TimerFired", {}, "A timer fired."),
        ("EventRaised", {"Name": "Approval\u202eEvent"}, "The event ApprovalEvent arrived."),
        ("EventRaised", {}, "An event arrived."),
        ("EventSent", {"Name": "op"}, "It called an entity."),
        ("EventSent", {"Name": "x"}, "It sent an event."),
        ("ExecutionCompleted", {"OrchestrationStatus": "Completed", "Result": {"x": 1}}, "The workflow ended."),
        ("ExecutionCompleted", {"OrchestrationStatus": "Failed", "Result": "a\nb"}, "The workflow failed: a b."),
        ("ExecutionCompleted", {}, "The workflow ended."),
        ("ExecutionTerminated", {"Input": "gone"}, "The workflow was terminated: gone."),
        ("ContinueAsNew", {}, "The workflow continued in a new execution."),
        ("SomethingNew", {}, "SomethingNew."),
        ("", {}, "Something happened."),
    ],
)
def test_each_event_has_a_sentence(kind, event, sentence):
    """Texts of people are quoted unchanged."""
    assert told(kind, **event) == [sentence]


@pytest.mark.parametrize("kind", ["OrchestratorStarted", "OrchestratorCompleted", "TaskScheduled"])
def test_bookkeeping_events_are_left_out(kind):
    """The next event says what happened."""
    assert told(kind) == []


@pytest.mark.parametrize(
    ("event", "bad"),
    [
        ({"EventType": "TaskFailed"}, True),
        ({"EventType": "ExecutionTerminated"}, True),
        ({"EventType": "ExecutionCompleted", "OrchestrationStatus": "Failed"}, True),
        ({"EventType": "TaskCompleted"}, False),
    ],
)
def test_failed_events_are_marked(event, bad):
    """So that a page can highlight them."""
    (line,) = history_in_words([event])
    assert (line.bad, line.at) == (bad, None)


def test_a_line_has_its_time():
    """In UTC."""
    (line,) = history_in_words([{"EventType": "TimerFired", "Timestamp": AT}])
    assert line.at == datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("output", "reason"), [(None, ""), ("a\nb", "a b"), ({"x": 1}, "{'x': 1}"), ("x" * 999, "x" * 400)]
)
def test_a_reason_is_one_short_line(output, reason):
    """Whatever the output is."""
    assert reason_of(output) == reason
