"""The pages of the running host: what it tells, its clock, its settings and its calls of storage. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from durable_devhost.dashboard.markup import Child, table, tag
from durable_devhost.dashboard.page import button, code, field, form, link, moment, page, pairs
from durable_devhost.dashboard.settings import mask_secret
from durable_devhost.dashboard.sources import Record


def live_page(records: Sequence[Record]) -> str:
    """What the console told lately, the newest first."""
    rows = [_children_of(record) for record in reversed(records) if record["event"] != "ready"]
    heads = ("time", "what", "of", "how it went", "more")
    listed = tag("div", table(f"The last {len(rows)} things that happened", heads, rows), id="live")
    return page("Live", listed, place="live")


def clock_page(kind: str, now: datetime, next_due: datetime | None, token: str) -> str:
    """The time, and buttons that move it where it is virtual."""
    shown = pairs({"clock": kind, "now (UTC)": moment(now), "next durable timer": moment(next_due) or "none"})
    if kind != "virtual":
        hint = tag("p", "Time is real. Start with ", tag("code", "--clock virtual"), " to move it.")
        return page("Clock", shown, hint, place="clock")
    jumps = [("next", "To the next timer")] if next_due else []
    jumps += [("1", "+1 hour"), ("24", "+24 hours"), ("72", "+72 hours")]
    return page(
        "Clock",
        tag("div", shown, id="live"),
        form("clock", token, *(button(text, value) for value, text in jumps)),
        form(
            "clock", token, field("Hours", "hours", type="number", min="0", step="any", required=True), button("Move")
        ),
        place="clock",
    )


def settings_page(facts: Mapping[str, Any], settings: Mapping[str, str]) -> str:
    """Where the host is, what it has asked of storage, and the app's settings with secrets covered."""
    calls: Mapping[str, Any] = facts.get("storageCalls", {})
    plain = {name: _plain(value) for name, value in facts.items() if name not in ("storage", "storageCalls")}
    rows = [(name, tag("code", mask_secret(name, value))) for name, value in sorted(settings.items())]
    kinds = sorted(calls.get("byKind", {}).items())
    return page(
        "Settings",
        pairs(plain),
        tag("h2", "App settings"),
        table("Names and values; what may be a secret is covered", ("name", "value"), rows),
        tag("h2", "Calls of storage"),
        table(f"{calls.get('total', 0)} calls since the start", ("kind", "calls"), kinds),
        place="settings",
    )


def _children_of(record: Record) -> tuple[Child, ...]:
    instance = str(record.get("instance", ""))
    whose = str(record.get("function") or record.get("name") or record.get("path") or "")
    verb = f"{record.get('method', '')} ".lstrip()
    result = [str(record[each]) for each in ("status", "error", "text") if record.get(each)]
    if (took := record.get("ms")) is not None:
        result.append(f"{took} ms")
    rest = [str(record[each]) for each in ("detail", "details", "stack") if record.get(each)]
    return (
        str(record["time"])[11:23],
        record["event"],
        (verb + whose, " ", link("instance", instance, id=instance) if instance else None),
        ", ".join(result),
        [code(each) for each in rest],
    )


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {each}" for name, each in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list | tuple | set | frozenset) else str(value)
