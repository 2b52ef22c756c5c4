"""An instance's history as a table that a person can read."""

import json
import re
from datetime import datetime
from typing import Any

from rich.table import Table

_REQUEST_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""The reply to an entity call is an event under the id of the request."""


def timeline(title: str, events: list[dict[str, Any]]) -> Table:
    """Return the events in order, each with its time, what happened, and the details."""
    table = Table("time (UTC)", "what", "details", title=title, title_justify="left", show_edge=False)
    for event in events:
        table.add_row(_time(event), *_words(event))
    return table


def _time(event: dict[str, Any]) -> str:
    """A timer's event has the time at which it was set; the time at which it fires is another field."""
    text = event["FireAt"] if event["EventType"] == "TimerFired" else event["Timestamp"]
    return datetime.fromisoformat(text).strftime("%d %b %H:%M:%S")


def _words(event: dict[str, Any]) -> tuple[str, str]:
    match event["EventType"]:
        case "ExecutionStarted":
            return f"{event['FunctionName']} started", ""
        case "TaskCompleted":
            return f"{event['FunctionName']} done", _short(event.get("Result"))
        case "TaskFailed":
            return f"{event['FunctionName']} failed", _short(event.get("Reason"))
        case "SubOrchestrationInstanceCompleted":
            return f"{event['FunctionName']} done", _short(event.get("Result"))
        case "SubOrchestrationInstanceFailed":
            return f"{event['FunctionName']} failed", _short(event.get("Reason"))
        case "TimerCreated":
            return "timer set", f"until {datetime.fromisoformat(event['FireAt']):%d %b %H:%M:%S}"
        case "TimerFired":
            return "timer fired", ""
        case "EventRaised" if _REQUEST_ID.fullmatch(event["Name"]):
            return "entity answered", _short(event.get("Input"))
        case "EventRaised":
            return f"event {event['Name']}", _short(event.get("Input"))
        case "EventSent":
            return "entity called", event.get("InstanceId") or ""
        case "ExecutionCompleted":
            return f"ended: {event['OrchestrationStatus']}", _short(event.get("Result"))
        case other:
            return str(other), ""


def _short(value: object) -> str:
    """Show a value on one line; JSON inside of text, as the Python client sends it, is unpacked."""
    while isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            break
    if isinstance(value, dict):
        value = value.get("result", value)  # of the reply to an entity call
        return _short(value) if not isinstance(value, dict) else _named(value)
    return str(value if value is not None else "")[:90]


def _named(value: dict[str, Any]) -> str:
    """The few fields of an object that people want to see."""
    told = (
        "outcome", "approved", "approver", "decidedBy", "comment", "number", "state", "status", "granted", "price",
        "reason", "refused", "size", "polls",
    )  # fmt: skip
    return ", ".join(f"{key} {value[key]}" for key in told if value.get(key) not in (None, ""))[:90]
