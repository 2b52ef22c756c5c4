"""The pages of orchestrations: a list with filters, and one instance as a picture with what may be done to it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from durable_devhost.dashboard.gantt import MOST_BARS, duration, gantt
from durable_devhost.dashboard.markup import Child, Markup, table, tag
from durable_devhost.dashboard.page import address, button, code, field, form, link, message, moment, page, pairs
from durable_devhost.dashboard.sources import Sources, StatusChange
from durable_devhost.dashboard.timeline import Bar, Timeline, timeline
from durable_devhost.durable.entities.messages import EntityId
from durable_devhost.model.history import RuntimeStatus
from durable_devhost.model.instances import InstanceFilter, InstanceRecord
from durable_devhost.taskhub.failures import CorruptHistory

PAGE_SIZE = 50
_MOST_READ = 10
"""How many pages of storage one page looks through for a name, which storage cannot filter by."""

_STATUSES = tuple(status.value for status in RuntimeStatus)


class Instances:
    """Reads instances through the durable client."""

    def __init__(self, sources: Sources, token: str) -> None:
        self._sources = sources
        self._client = sources.client
        self._token = token

    async def several(self, query: Mapping[str, str]) -> str:
        """The page of the instances that the query describes: `status`, `name`, `prefix`, `from`, `to`, `after`."""
        status, name = query.get("status", ""), query.get("name", "").strip()
        try:
            wanted = InstanceFilter(
                statuses=frozenset({RuntimeStatus(status)}) if status else frozenset(),
                id_prefix=query.get("prefix") or None,
                created_from=_time(query.get("from", "")),
                created_to=_time(query.get("to", "")),
                with_input=False,
            )
        except ValueError:
            return page("Instances", message("A time looks like 2026-11-27T08:00.", is_bad=True), place="instances")
        found, after = await self._find(wanted, name, query.get("after") or None)
        rows = [
            (
                link("instance", record.instance_id, id=record.instance_id),
                record.name,
                status_shown(record.status),
                moment(record.created_time),
                moment(record.last_updated_time),
            )
            for record in found
        ]
        heads = ("id", "orchestrator", "status", "created (UTC)", "updated (UTC)")
        more = tag("a", "Next page", href=address("instances", **{**query, "after": after})) if after else None
        listed = tag("div", table("Instances, ordered by id", heads, rows), more, id="live")
        return page("Instances", _filters(query), listed, place="instances")

    async def one(self, instance_id: str) -> str:
        """The page of one instance; raises NotFound."""
        record = await self._client.status(instance_id)
        try:
            inputs = self._sources.inputs(instance_id, record.execution_id)
            read, fault = timeline(await self._client.history(instance_id), inputs), ""
        except CorruptHistory as error:
            read, fault = Timeline(), str(error)
        now, statuses = self._sources.clock.now(), self._sources.statuses(instance_id)
        parent = read.parent.instance.instance_id if read.parent else ""
        facts: dict[str, Child] = {
            "orchestrator": record.name,
            "status": status_shown(record.status),
            "parent": link("instance", parent, id=parent) if parent else None,
            "created": moment(record.created_time),
            "updated": moment(record.last_updated_time),
            "custom status": code(_unless_null(record.custom_status)),
            "input": code(record.input),
            "output": code(_unless_null(record.output)),
            "execution": record.execution_id,
            "episodes": f"{read.episodes} (how often the orchestrator went on)" if read.episodes else None,
        }
        return page(
            instance_id,
            message(fault, is_bad=True),
            tag(
                "div",
                pairs(facts),
                self._stack(record),
                _picture(read.bars, statuses, now),
                self._statuses(record, statuses),
                id="live",
            ),
            tag("h2", "Do something"),
            tag("div", *self._actions(record), id="live-actions"),
            place="instances",
        )

    async def _find(
        self, wanted: InstanceFilter, name: str, after: str | None
    ) -> tuple[list[InstanceRecord], str | None]:
        found: list[InstanceRecord] = []
        for _ in range(_MOST_READ):
            read = await self._client.instances(wanted, page_size=PAGE_SIZE, continuation=after)
            found += [
                record
                for record in read.records
                if not EntityId.is_one(record.instance_id) and name.lower() in (record.name or "").lower()
            ]
            after = read.continuation
            if after is None or len(found) >= PAGE_SIZE:
                break
        return found, after

    def _stack(self, record: InstanceRecord) -> Markup | None:
        """Where the orchestrator failed, if the console has told of it; activities have theirs in their errors."""
        told = [
            each
            for each in self._sources.recent()
            if each["event"] == "orchestration" and each["instance"] == record.instance_id
        ]
        stack = str(told[-1].get("stack", "")) if told else ""
        return tag("section", tag("h2", "Traceback"), code(stack)) if stack else None

    def _statuses(self, record: InstanceRecord, statuses: Sequence[StatusChange]) -> Markup | None:
        """How the custom status changed. What it was before this host saw it, nobody knows."""
        began, since = record.created_time, self._sources.since
        is_older = began is not None and began < since
        if not statuses and not (is_older and _unless_null(record.custom_status)):
            return None
        note = "Storage has the last one only; this host remembers the last hundred changes that it has made."
        if is_older:
            note += f" Those before its start at {since:%Y-%m-%d %H:%M:%S} are not known."
        rows = [(moment(each.at), code(each.text) if each.text is not None else "none") for each in statuses]
        return tag(
            "section",
            tag("h2", "Custom status as it changed"),
            tag("p", note, class_="soft"),
            table("Custom statuses, the oldest first", ("since (UTC)", "custom status"), rows),
        )

    def _actions(self, record: InstanceRecord) -> list[Markup]:
        """What this instance can take: an ended one no event, a running one no purge."""
        is_over = record.status is not None and record.status.is_terminal
        reason = field("Reason", "reason")
        forms: list[tuple[Child, ...]] = []
        if not is_over:
            payload = tag("label", "Payload, JSON", tag("textarea", "null", name="payload", rows=1))
            forms.append((field("Event", "event", required=True), payload, button("Raise event", "raise")))
            pause = record.status is not RuntimeStatus.SUSPENDED
            forms.append((reason, button(*(("Suspend", "suspend") if pause else ("Resume", "resume")))))
            forms.append((reason, button("Terminate", "terminate", is_grave=True)))
        elif record.status is RuntimeStatus.FAILED:
            forms.append((reason, button("Rewind", "rewind")))
        if is_over:
            forms.append((button("Restart under a new id", "restart"), button("Purge", "purge", is_grave=True)))
        return [form("instance", self._token, *fields, id=record.instance_id) for fields in forms]


def status_shown(status: RuntimeStatus | None) -> Markup:
    """A status with its colour, which says nothing that the word does not."""
    return tag("span", status or "Unknown", class_=f"status {(status or 'unknown').lower()}")


def _filters(query: Mapping[str, str]) -> Markup:
    chosen = query.get("status", "")
    options = [tag("option", each, value=each, selected=each == chosen) for each in _STATUSES]
    return tag(
        "form",
        tag("label", "Status", tag("select", tag("option", "any", value=""), *options, name="status")),
        field("Orchestrator", "name", query.get("name", "")),
        field("Id begins with", "prefix", query.get("prefix", "")),
        field("Created from (UTC)", "from", query.get("from", ""), type="datetime-local"),
        field("Created to (UTC)", "to", query.get("to", ""), type="datetime-local"),
        button("Show"),
        method="get",
        role="search",
    )


def _picture(bars: Sequence[Bar], statuses: Sequence[StatusChange], now: datetime) -> Markup | None:
    if not bars:
        return None
    rows = [
        (
            bar.kind,
            (link("instance", bar.name, id=bar.child) if bar.child else bar.name, _try(bar)),
            bar.state,
            moment(bar.start),
            (duration((bar.end or max(now, bar.start)) - bar.start), _due(bar)),
            _texts(bar),
        )
        for bar in bars
    ]
    rest = f"The picture has the first {MOST_BARS} of {len(bars)}." if len(bars) > MOST_BARS else None
    heads = ("kind", "name", "state", "began (UTC)", "took", "input, output, error")
    return tag(
        "section",
        tag("h2", "What it did"),
        tag("div", gantt(bars, now, statuses), class_="wide", tabindex="0", role="region", aria_label="Timeline"),
        tag("p", rest) if rest else None,
        table("The timeline in words", heads, rows),
    )


def _texts(bar: Bar) -> Child:
    texts = {"input": bar.input, "output": _unless_null(bar.output), "error": bar.error or None}
    return [(tag("span", name, class_="soft"), code(text)) for name, text in texts.items() if text is not None]


def _try(bar: Bar) -> str:
    return f" · try {bar.attempt}" if bar.attempt > 1 else ""


def _due(bar: Bar) -> Child:
    return (", due ", moment(bar.due)) if bar.due else None


def _time(text: str) -> datetime | None:
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None


def _unless_null(text: str | None) -> str | None:
    return None if text == "null" else text
