"""Raises events on an orchestrator that continues as new after each wait, and writes down which turn heard which."""

from collections.abc import Iterator
from typing import Any

from packages.devhost.tests.edges.driver import Host, Record, has

IN_A_ROW = {"early": ("One", "Two", "One"), "burst": ("Wake", "Wake", "One", "Two", "Wake")}
"""Raised without a pause. Which turn hears what depends on the moment, on the real host too."""


def turns(host: Host) -> Iterator[Record]:
    """One event after the other, each when the one before it was heard for the last time, and events in a row."""
    started: dict[str, dict[str, str]] = {}
    for name, events in IN_A_ROW.items():
        started[name] = host.start("clock_turns")
        if name == "burst":
            host.until(started[name]["statusQueryGetUri"], has("TimerCreated"))
        for number, event in enumerate(events):
            _raise(host, started[name], event, number)
    one_each = started["one-each"] = host.start("clock_turns")
    for number, event in enumerate(("Wake", "One", "Two")):
        host.until(one_each["statusQueryGetUri"], lambda seen, turn=2 * number - 1: _waits_after(seen, turn))
        _raise(host, one_each, event, number)
    for name, urls in started.items():
        yield f"turns.{name}", _told(host.ended(urls["statusQueryGetUri"]))


def _raise(host: Host, urls: dict[str, str], event: str, number: int) -> None:
    answer = host.http.post(urls["sendEventPostUri"].replace("{eventName}", event), json={"n": number}, timeout=30)
    answer.raise_for_status()


def _waits_after(seen: dict[str, Any], turn: int) -> bool:
    """Whether the turn after this one waits; -1 is before the first."""
    return (seen.get("customStatus") or {"turns": -1})["turns"] == turn and has("TimerCreated")(seen)


def _told(seen: dict[str, Any]) -> dict[str, Any]:
    events = [[each["EventType"], each.get("Name") or each.get("FunctionName")] for each in seen["historyEvents"]]
    return {"runtimeStatus": seen["runtimeStatus"], **seen["output"], "last": events}
