"""Examine a hub at rest: every row of Instances, every history, and what lies on the queues. Changes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from durable_devhost.doctor.findings import Finding
from durable_devhost.doctor.lost import Kind, LostMessage, lost_tasks
from durable_devhost.doctor.mail import Mail, read_mail
from durable_devhost.durable.damage import Damage, Fault, damage_of, is_ended, open_tasks, unreadable
from durable_devhost.durable.entities.messages import EntityId
from durable_devhost.durable.sessions import is_over
from durable_devhost.model.history import ExecutionStarted, SubOrchestrationCreated, TaskScheduled
from durable_devhost.model.instances import InstanceFilter, InstanceRecord
from durable_devhost.storage.tables import Row, TableService
from durable_devhost.storage_mode import StorageMode
from durable_devhost.taskhub.failures import CorruptHistory
from durable_devhost.taskhub.history import StoredHistory
from durable_devhost.taskhub.hub import TaskHub
from durable_devhost.taskhub.journal import is_message
from durable_devhost.taskhub.names import unescape_key
from durable_devhost.taskhub.packed import events_in
from durable_devhost.taskhub.rows import SENTINEL, from_row

Tasks = list[TaskScheduled | SubOrchestrationCreated]

_UNBEGUN = (Fault.NOT_STARTED, Fault.NO_HISTORY)
_MOST_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What was found. `notes` are sentences about the hub as a whole that need nobody to decide anything."""

    instances: int
    alive: int
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class _Trace:
    """What the History table holds under one key: how many rows, and whether one of them looks wrong."""

    rows: int = 0
    is_doubtful: bool = False


@dataclass(slots=True)
class _Chart:
    """What is known so far."""

    records: Mapping[str, InstanceRecord]
    traces: Mapping[str, _Trace]
    findings: list[Finding] = field(default_factory=list)
    waiting: dict[str, Tasks] = field(default_factory=dict)
    unreadable_ended: list[str] = field(default_factory=list)

    def add(self, damage: Damage, lost: Sequence[LostMessage] = ()) -> None:
        """Note one damaged instance."""
        record = self.records.get(damage.instance_id)
        name = record.name or "" if record is not None else ""
        self.findings.append(Finding(damage=damage, name=name, lost_messages=tuple(lost)))


async def examine(hub: TaskHub, tables: TableService) -> Examination:
    """Look at everything; the queues only where an instance waits for something that should be there.

    Living instances and entities are read as a host reads them, histories of ended ones row by row, without the texts
    that lie in blobs.
    """
    chart = _Chart(records=await _records(hub), traces=await _traces(hub, tables))
    for record in chart.records.values():
        await _examine_instance(hub, record, chart)
    for instance_id in chart.traces.keys() - chart.records.keys():
        await _examine_rest(hub, instance_id, chart)
    mail = Mail()
    if chart.waiting or any(each.damage.fault in _UNBEGUN for each in chart.findings):
        mail = await read_mail(hub)
        await _examine_mail(hub, mail, chart)
    alive = sum(not is_ended(record) for record in chart.records.values())
    return Examination(
        instances=len(chart.records),
        alive=alive,
        findings=tuple(sorted(chart.findings, key=lambda finding: finding.instance_id)),
        notes=(
            *await _notes_of_partitions(hub),
            *_notes_of_ended(chart.unreadable_ended),
            *_notes_of_mail(mail, chart),
        ),
    )


async def _records(hub: TaskHub) -> dict[str, InstanceRecord]:
    wanted = InstanceFilter(with_input=False)
    return {record.instance_id: record async for record in hub.instances.every(wanted)}


async def _traces(hub: TaskHub, tables: TableService) -> dict[str, _Trace]:
    traces: dict[str, _Trace] = {}
    async for page in tables.query(hub.names.history):
        for row in page.rows:
            if is_message(row):
                continue  # of a hub in journal mode; it may outlive its instance
            trace = traces.setdefault(unescape_key(str(row["PartitionKey"])), _Trace())
            for event in _events(row):
                trace.rows += 1
                trace.is_doubtful |= not _is_sound(event)
    return traces


def _events(row: Row) -> Sequence[Row]:
    """The row, or in the place of a sentinel the events that are packed into it; itself if they cannot be read."""
    if row["RowKey"] != SENTINEL:
        return [row]
    try:
        return events_in(row)
    except ValueError:
        return [row]


def _is_sound(row: Row) -> bool:
    try:
        from_row(row)
    except ValueError:
        return False
    return True


async def _read(hub: TaskHub, instance_id: str) -> StoredHistory | CorruptHistory:
    try:
        return await hub.history.read(instance_id)
    except CorruptHistory as error:
        return error


async def _examine_instance(hub: TaskHub, record: InstanceRecord, chart: _Chart) -> None:
    instance_id = record.instance_id
    if is_ended(record):
        trace = chart.traces.get(instance_id)
        if trace is not None and trace.is_doubtful:
            stored = await _read(hub, instance_id)
            if isinstance(stored, CorruptHistory):
                chart.unreadable_ended.append(instance_id)
        return
    stored = await _read(hub, instance_id)
    if (damage := damage_of(record, stored)) is not None:
        chart.add(damage)
    elif isinstance(stored, StoredHistory):
        _note_waiting(instance_id, stored, chart)


def _note_waiting(instance_id: str, stored: StoredHistory, chart: _Chart) -> None:
    if not EntityId.is_one(instance_id) and not is_over(stored.events) and (tasks := open_tasks(stored.events)):
        chart.waiting[instance_id] = tasks


async def _examine_rest(hub: TaskHub, instance_id: str, chart: _Chart) -> None:
    """What has a history and no row of its own."""
    stored = await _read(hub, instance_id)
    if isinstance(stored, CorruptHistory):
        chart.add(unreadable(stored))
    elif any(isinstance(event, ExecutionStarted) for event in stored.events):
        text = "it has a history and no row, so that no list shows it and no start goes on with it"
        chart.add(Damage(instance_id=instance_id, fault=Fault.NO_RECORD, text=text))
    else:
        rows = chart.traces[instance_id].rows
        left = f"{rows} rows of a history are" if rows else "the sentinel of a history is"
        text = f"only {left} left of it, with which nothing can go on"
        chart.add(Damage(instance_id=instance_id, fault=Fault.LEFTOVER, text=text))


async def _examine_mail(hub: TaskHub, mail: Mail, chart: _Chart) -> None:
    chart.findings = [
        finding
        for finding in chart.findings
        if finding.damage.fault not in _UNBEGUN or finding.instance_id not in mail.starts
    ]
    known = chart.records.keys() | chart.traces.keys()
    ended = {record.instance_id for record in chart.records.values() if is_ended(record)}
    for instance_id, tasks in chart.waiting.items():
        lost = [
            each
            for each in lost_tasks(instance_id, tasks, mail, known=known, ended=ended)
            if not _runs_again(hub, each)
            and (each.kind is not Kind.ANSWER or await _owes(hub, each.name, instance_id, each.task_id))
        ]
        if lost:
            named = ", ".join(f"{each.kind.value} '{each.name}'" for each in lost[:2])
            more = f" and {len(lost) - 2} more" if len(lost) > 2 else ""
            text = f"it waits for ever: {named}{more} lies on no queue"
            chart.add(Damage(instance_id=instance_id, fault=Fault.LOST_MESSAGES, text=text), lost)


def _runs_again(hub: TaskHub, lost: LostMessage) -> bool:
    """Whether the next start brings it back: in journal mode an activity is open as long as the history says so."""
    return hub.mode is StorageMode.JOURNAL and lost.kind is Kind.WORK_ITEM


async def _owes(hub: TaskHub, child_id: str, parent_id: str, task_id: int) -> bool:
    """Whether the ended instance is the child that the parent waits for, and not another one of the same id."""
    stored = await _read(hub, child_id)
    if isinstance(stored, CorruptHistory):
        return False
    started = next((event for event in stored.events if isinstance(event, ExecutionStarted)), None)
    parent = started.parent if started is not None else None
    return parent is not None and (parent.instance.instance_id, parent.task_id) == (parent_id, task_id)


async def _notes_of_partitions(hub: TaskHub) -> list[str]:
    foreign: list[str] = []
    await hub.partitions.read(foreign.append)
    return [
        f"Table {hub.names.partitions} has a row '{each}' that is none of this hub's; it does no harm."
        for each in foreign
    ]


def _notes_of_ended(ids: Sequence[str]) -> list[str]:
    if not ids:
        return []
    named = ", ".join(ids[:_MOST_NAMED]) + (f" and {len(ids) - _MOST_NAMED} more" if len(ids) > _MOST_NAMED else "")
    return [f"Ended instances with a history that cannot be read: {named}. They do no harm; a purge deletes them."]


def _notes_of_mail(mail: Mail, chart: _Chart) -> list[str]:
    notes = []
    unsure = any(each.damage.fault in (*_UNBEGUN, Fault.LOST_MESSAGES) for each in chart.findings)
    if mail.hidden and unsure:
        notes.append(
            f"{mail.hidden} messages on the queues are hidden, timers mostly. What seems lost may be among them; sent "
            "again, an activity may run twice, and its result counts once."
        )
    if mail.unreadable:
        notes.append(
            f"{mail.unreadable} messages on the queues of the hub cannot be read. The host names them as it runs."
        )
    return notes
