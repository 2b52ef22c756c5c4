"""Starts and asks everything that was recorded of the app of flows, and writes it down in the recording's form.

A record's name says what was started or asked. Ids, GUIDs and the host's address stand as `<id>`, `<guid>`, `<base>`.
"""

import json
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import requests

Record = tuple[str, Any]
Status = dict[str, Any]

_PATIENCE_S = 30.0
_PAUSE_S = 0.05
_ENDED = frozenset({"Completed", "Failed", "Terminated"})
_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_HEX = re.compile(r"[0-9a-f]{32}")
_DETAILS = " \n {"
_SHOWN_HEADERS = frozenset({"content-type", "x-one", "set-cookie"})

FLOWS = (
    "all_then_each", "any_then_rest", "nested", "any_failing", "child_retry", "child_retry_gives_up",
    "activity_retry_gives_up", "retries_at_once", "signal_then_call", "entity_raises", "entity_corners", "guids",
    "payloads", "locked_out", "history_of_status", "returns_generator_value", "http_fails", "http_poll", "http_post",
)  # fmt: skip
UNORDERED = frozenset({"any_then_rest", "any_failing", "nested", "retries_at_once", "all_then_each", "long_timer"})
"""Whose events come in any order."""

MISSING = ("status", "terminate", "raise", "suspend", "resume", "rewind", "purge")
ENDED = ("terminate", "raise", "suspend", "resume", "rewind")
WEB: dict[str, tuple[str, str, dict[str, Any]]] = {
    "asgi.plain": ("GET", "/api/asgi/a/b?x=1&y=%20z", {}),
    "asgi.utf8": ("GET", "/api/asgi/Pippi%20L%C3%A5ng", {}),
    "asgi.slash": ("GET", "/api/asgi/a%2Fb/", {}),
    "asgi.post": ("POST", "/api/asgi/p", {"data": "grüße".encode(), "headers": {"x-e": "1", "x-e2": "ü"}}),
    "wsgi.plain": ("GET", "/api/wsgi/a/b?x=1", {}),
    "wsgi.utf8": ("GET", "/api/wsgi/L%C3%A5ng", {"headers": {"x-e": "1"}}),
    "wsgi.post": ("POST", "/api/wsgi/p", {"data": b"12345", "headers": {"content-type": "text/plain"}}),
}


class Instance:
    """One instance of the app, known by the URLs that its start answered."""

    def __init__(self, base: str, name: str, argument: Any = None) -> None:
        self.base = base
        self.name = name
        urls = requests.post(f"{base}/api/start/{name}", json=argument, timeout=_PATIENCE_S).json()
        self.id: str = urls["id"]
        self._status_url: str = urls["statusQueryGetUri"]
        self._event_url: str = urls["sendEventPostUri"]

    def look(self) -> Status:
        """The status with its history."""
        found: Status = requests.get(f"{self._status_url}&showHistory=true", timeout=_PATIENCE_S).json()
        return found

    def until(self, holds: Callable[[Status], bool]) -> None:
        """Return as soon as this holds for the status, or patience ends."""
        give_up = time.monotonic() + _PATIENCE_S
        while not holds(self.look()) and time.monotonic() < give_up:
            time.sleep(_PAUSE_S)

    def has(self, event: str, count: int = 1) -> None:
        """Wait until so many events of this type are in the history."""
        self.until(lambda seen: sum(e["EventType"] == event for e in seen.get("historyEvents") or ()) >= count)

    def raise_event(self, name: str, payload: Any) -> None:
        """Raise an event, and wait until it is in the history."""
        before = sum(event["EventType"] == "EventRaised" for event in self.look()["historyEvents"])
        requests.post(self._event_url.replace("{eventName}", name), json=payload, timeout=_PATIENCE_S)
        self.has("EventRaised", before + 1)

    def ask(self, what: str) -> Any:
        """What a client of the app gets that asks this of the instance."""
        return _ask(self.base, what, self.id)

    def kept_fields(self) -> Status:
        """What is kept of the status."""
        seen = self.look()
        output = seen["output"]
        events = [[each["EventType"], each.get("Name") or each.get("FunctionName")] for each in seen["historyEvents"]]
        kept = {
            "runtimeStatus": seen["runtimeStatus"],
            "output": output.split(_DETAILS)[0][:300] if isinstance(output, str) else output,
            "customStatus": seen["customStatus"],
            "events": sorted(map(str, events)) if self.name in UNORDERED else events,
        }
        masked: Status = _masked(kept, self.base, self.id)
        return masked


def drive(base: str) -> dict[str, Any]:
    """Start and ask everything, and return the records by name."""
    rows = (waits, clients, web, *(_flow(name) for name in FLOWS))
    with ThreadPoolExecutor(len(rows)) as threads:
        asked = [threads.submit(lambda row=row: dict(row(base))) for row in rows]
        return {name: record for row in asked for name, record in row.result().items()}


def _flow(name: str) -> Callable[[str], Iterator[Record]]:
    def row(base: str) -> Iterator[Record]:
        flow = Instance(base, name, {"base": base})
        flow.until(lambda seen: seen["runtimeStatus"] in _ENDED)
        yield f"flow.{name}", flow.kept_fields()

    return row


def waits(base: str) -> Iterator[Record]:
    """Flows that wait: for events of one name, for one in another case, and for a deadline in another zone."""
    odd, long, twice = (Instance(base, name) for name in ("timers_odd", "long_timer", "same_name_events"))
    long.has("TimerCreated")
    long.raise_event("GO", 1)
    twice.has("ExecutionStarted")
    for number in (1, 2):
        twice.raise_event("Go", number)
    twice.until(lambda seen: seen["runtimeStatus"] in _ENDED)
    odd.has("TimerCreated", 2)
    for flow in (twice, long, odd):
        yield f"flow.{flow.name}", flow.kept_fields()


def clients(base: str) -> Iterator[Record]:
    """What a client gets of an instance that is not there, one that has ended and one that waits."""
    for what in MISSING:
        yield f"client.{what}.missing", _ask(base, what, "no-such-id")
    yield "client.entity.missing", _ask(base, "entity", "nobody")
    ended, waiting = Instance(base, "guids"), Instance(base, "same_name_events")
    ended.until(lambda seen: seen["runtimeStatus"] in _ENDED)
    for what in ENDED:
        yield f"client.{what}.ended", ended.ask(what)
    waiting.has("ExecutionStarted")
    for what in ("purge", "rewind", "suspend"):
        yield f"client.{what}.running", waiting.ask(what)
    waiting.until(lambda seen: seen["runtimeStatus"] == "Suspended")
    yield "client.suspend.again", waiting.ask("suspend")
    yield "client.resume", waiting.ask("resume")
    waiting.until(lambda seen: seen["runtimeStatus"] == "Running")
    yield "client.resume.again", waiting.ask("resume")
    yield "client.terminate", waiting.ask("terminate")
    waiting.until(lambda seen: seen["runtimeStatus"] == "Terminated")
    yield "client.status.terminated", waiting.ask("status")
    yield "client.purge.terminated", waiting.ask("purge")
    yield "client.status.purged", waiting.ask("status")


def web(base: str) -> Iterator[Record]:
    """What an ASGI and a WSGI application get and give inside a function."""
    for name, (method, path, sent) in WEB.items():
        answer = requests.request(method, base + path, allow_redirects=False, timeout=_PATIENCE_S, **sent)
        try:
            body = answer.json()
        except ValueError:
            body = answer.text[:300]
        headers = {header: value for header, value in answer.headers.items() if header.lower() in _SHOWN_HEADERS}
        record = {"status": answer.status_code, "body": _masked(body, base, uuid4().hex), "headers": headers}
        yield f"web.{name}", record


def _ask(base: str, what: str, instance: str) -> Any:
    answer = requests.get(f"{base}/api/client/{what}/{instance}", timeout=_PATIENCE_S)
    return _masked(answer.json(), base, instance)


def _masked(value: Any, base: str, instance: str) -> Any:
    text = _GUID.sub("<guid>", json.dumps(value).replace(instance, "<id>"))
    text = text.replace(base, "<base>").replace(base.partition("//")[2], "<host>")
    return json.loads(_HEX.sub("<hex>", text))
