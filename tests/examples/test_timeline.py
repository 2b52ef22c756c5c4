"""Histories as people read them."""

from io import StringIO

from rich.console import Console

from examples.timeline import timeline

EVENTS = [
    {"EventType": "ExecutionStarted", "Timestamp": "2026-11-21T05:02:19.2687444Z", "FunctionName": "ApprovalWorkflow"},
    {"EventType": "TimerCreated", "Timestamp": "2026-11-21T05:02:19Z", "FireAt": "2026-11-24T05:02:19.28203Z"},
    {"EventType": "EventSent", "Timestamp": "2026-11-21T05:02:19Z", "InstanceId": "@counter@submitted"},
    {
        "EventType": "TaskCompleted",
        "Timestamp": "2026-11-21T05:02:20Z",
        "FunctionName": "RequestApproval",
        "Result": {},
    },
    {"EventType": "TaskFailed", "Timestamp": "2026-11-21T05:02:20Z", "FunctionName": "Escalate", "Reason": "down"},
    {
        "EventType": "EventRaised",
        "Timestamp": "2026-11-21T06:00:00Z",
        "Name": "ApprovalEvent",
        "Input": '"{\\"approved\\": true, \\"approver\\": \\"Mara\\"}"',
    },
    {"EventType": "TimerFired", "Timestamp": "2026-11-21T05:02:19Z", "FireAt": "2026-11-24T05:02:19.28203Z"},
    {"EventType": "ExecutionResumed", "Timestamp": "2026-11-24T05:02:20Z"},
    {
        "EventType": "ExecutionCompleted",
        "Timestamp": "2026-11-24T05:02:20Z",
        "OrchestrationStatus": "Completed",
        "Result": {"outcome": "escalated"},
    },
]


def test_a_timeline_says_what_happened_when():
    """One line for each event; a fired timer has the time at which it fired."""
    shown = StringIO()
    Console(width=200, file=shown).print(timeline("Footbridge", EVENTS))
    text = shown.getvalue()
    lines = text.splitlines()
    assert "ApprovalWorkflow started" in text
    assert "approved True, approver Mara" in text
    assert next(line for line in lines if "timer fired" in line).split("│")[0].strip() == "24 Nov 05:02:19"
    assert "ended: Completed" in text
    assert "outcome escalated" in text
