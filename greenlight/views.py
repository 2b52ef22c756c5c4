"""What commands print: the list, a proposal on a page, a timeline, its status. Plain data in, renderables out."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from approvals.reserved_names import NOBODY
from approvals.words.wording import money, people, rule_name, size, span
from greenlight.story import Event
from greenlight.texts import one_line, plain, short_id
from greenlight.times import clock_time, distance, moment

Json = Mapping[str, Any]

_STATES = {
    "checking": ("being checked", "cyan"),
    "inReview": ("in review", "cyan"),
    "changesRequested": ("changes requested", "yellow"),
    "awaitingBudget": ("awaiting budget", "cyan"),
    "approved": ("approved", "bold green"),
    "rejected": ("rejected", "bold red"),
    "withdrawn": ("withdrawn", "magenta"),
    "expired": ("expired", "bold red"),
    "failed": ("failed", "bold red"),
}
STATUSES = tuple(_STATES)
FINAL = ("approved", "rejected", "withdrawn", "expired", "failed")

_MOODS = {"good": "green", "bad": "red", "ask": "cyan", "late": "yellow", "plain": ""}
_STAGES = {
    "open": ("▶", "cyan", "asked now"),
    "approved": ("✓", "green", "approved"),
    "rejected": ("✗", "red", "rejected"),
    "expired": ("✗", "red", "nobody answered"),
    "waiting": ("·", "dim", "to come"),
}


def state(status: str) -> Text:
    """Return a status in words and in its colour."""
    words, style = _STATES.get(status, (one_line(status), ""))
    return Text(words, style)


def listing(rows: Iterable[Json], now: datetime) -> Table:
    """Return the list of proposals, one a row, for eighty columns and more."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("id", max_width=24, overflow="fold")
    table.add_column("title", ratio=3, no_wrap=True, overflow="ellipsis")
    table.add_column("status", no_wrap=True)
    table.add_column("waits for", ratio=2, no_wrap=True, overflow="ellipsis")
    table.add_column("left", no_wrap=True, justify="right")
    for row in rows:
        deadline = row.get("deadline")
        table.add_row(
            short_id(row["proposalId"]),
            one_line(row["title"]),
            state(row["status"]),
            one_line(people(tuple(row.get("waitingFor") or ()))),
            Text(_left(moment(deadline), now) if deadline else "", ""),
        )
    table.expand = True
    return table


def proposal(view: Json, events: Sequence[Event], now: datetime) -> Group:
    """Return everything about one proposal on a page."""
    parts: list[RenderableType] = [
        Text.assemble((one_line(view["title"]), "bold"), "  ", state(view["status"])),
        Text(one_line(view["proposalId"]), "dim"),
        "",
        _facts(view, now),
    ]
    if summary := plain(view.get("summary") or "").strip():
        parts += ["", Padding(Text(summary), (0, 2))]
    if view.get("stages"):
        parts += ["", Text("Stages", "bold"), Padding(_stages(view), (0, 2))]
    if view.get("attachments"):
        parts += ["", Text("Documents", "bold"), Padding(_documents(view["attachments"]), (0, 2))]
    if events:
        parts += [
            "",
            Text.assemble(("Timeline", "bold"), (f"  {now.astimezone():%Z}", "dim")),
            Padding(timeline(events), (0, 2)),
        ]
    return Group(*parts)


def timeline(events: Sequence[Event]) -> Table:
    """Return what happened, in order: when, who, what, and the details below."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="dim")
    table.add_column(max_width=22)
    table.add_column(ratio=1)
    year = events[-1].at.astimezone().year if events else 0
    for event in events:
        local = event.at.astimezone()
        when = local.strftime("%d %b %H:%M:%S" if local.year == year else "%d %b %Y %H:%M")
        table.add_row(when, _who(event), event_text(event))
    return table


def event_text(event: Event) -> Text:
    """Return what happened, with the details below it."""
    text = Text(event.what, _MOODS[event.mood])
    if event.details:
        text.append(f"\n{' · '.join(event.details)}", "dim")
    return text


def line(event: Event) -> Text:
    """Return an event on one line, for a log."""
    words = Text(f"{event.at.astimezone():%d %b %H:%M:%S}  ", "dim")
    if event.who:
        words.append(f"{event.who} ")
    words.append(event.what, _MOODS[event.mood])
    if event.details:
        words.append(f" ({' · '.join(event.details)})", "dim")
    return words


def status_sentence(view: Json, now: datetime) -> Text:
    """Return a proposal's status in one sentence."""
    text = state(view["status"])
    stage = open_stage(view)
    if stage and view.get("waitingFor"):
        text.append(f": {one_line(stage['name'])} waits for {_people_waited_for(view)}", "not bold")
    if deadline := view.get("deadline"):
        text.append(f", until {_point(deadline, now)}", "not bold")
    if changes := view.get("changes"):
        text.append(f" by {one_line(changes['askedBy'])}, until {_point(changes['until'], now)}", "not bold")
    if outcome := view.get("outcome"):
        text.append(_outcome(outcome), "not bold")
    return text


def stage_bar(view: Json) -> Text:
    """Return the stages in a row, each with a mark for how far it is."""
    bar = Text()
    for stage in view.get("stages") or ():
        mark, style, _ = _STAGES.get(stage["state"], ("?", "", ""))
        bar.append(" → " if bar else "", "dim").append(f"{mark} {one_line(stage['name'])}", style)
    return bar or Text("· the documents are checked first", "dim")


def open_stage(view: Json) -> Json | None:
    """Return the stage that is being answered."""
    return next((each for each in view.get("stages", ()) if each["state"] == "open"), None)


def _facts(view: Json, now: datetime) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True, min_width=11)
    table.add_column(ratio=1)
    department = f", {one_line(view['department'])}" if view.get("department") else ""
    facts = {
        "author": f"{one_line(view['author'])}{department}",
        "cost": money(view["cost"], one_line(view["currency"])) if view.get("cost") else "",
        "policy": rule_name(view["policy"], view["policyVersion"]),
        "document": f"{one_line(view['document'])}, round {view['round']}",
        "handed in": _point(view["submittedAt"], now),
        "checks": "; ".join(one_line(each) for each in view.get("findings") or ()),
        "waits for": _people_waited_for(view),
        "deadline": _point(view["deadline"], now) if view.get("deadline") else "",
    }
    if changes := view.get("changes"):
        facts["waits for"] = f"{one_line(view['author'])}, for the changes that {one_line(changes['askedBy'])} wants"
        facts["deadline"] = _point(changes["until"], now)
    if outcome := view.get("outcome"):
        facts["ended"] = f"{clock_time(moment(outcome['decidedAt']))}{_outcome(outcome)}"
    for name, fact in facts.items():
        if fact:
            table.add_row(name, fact)
    return table


def _stages(view: Json) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, max_width=24, overflow="ellipsis")
    table.add_column(ratio=1)
    on_hold = bool(view.get("changes"))
    for stage in view["stages"]:
        mark, style, words = _STAGES.get(stage["state"], ("?", "", one_line(stage["state"])))
        if on_hold and stage["state"] == "waiting":
            # Only the first of them was open when changes were asked for.
            mark, style, words, on_hold = "‖", "yellow", "on hold", False
        table.add_row(Text(mark, style), one_line(stage["name"]), Text.assemble((words, style), _answers(stage)))
    return table


def _answers(stage: Json) -> str:
    answers = [f"{_person_asked(each)}: {one_line(each['decision'])}" for each in stage["answers"]]
    rule = {"all": "all of ", "quorum": "some of "}.get(stage["rule"], "")
    if answers:
        return f"; {', '.join(answers)}"
    return f": {rule}{one_line(people(tuple(stage['approvers'])))}" if stage["state"] == "waiting" else ""


def _people_waited_for(view: Json) -> str:
    """Name the people that a proposal waits for, and on whose behalf."""
    stage = open_stage(view) or {}
    behalf = {each["person"]: each.get("onBehalfOf") for each in stage.get("asked", ())}
    names = [{"person": each, "onBehalfOf": behalf.get(each)} for each in view.get("waitingFor") or ()]
    return people(tuple(_person_asked(each) for each in names))


def _person_asked(each: Json) -> str:
    behalf = each.get("onBehalfOf")
    return one_line(each["person"]) + (f" (for {one_line(behalf)})" if behalf else "")


def _documents(attachments: Iterable[Json]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(ratio=1, overflow="fold")
    table.add_column(no_wrap=True, justify="right")
    table.add_column(no_wrap=True, style="dim")
    for each in attachments:
        table.add_row(one_line(each["name"]), size(each["size"]), one_line(each["contentType"]))
    return table


def _outcome(outcome: Json) -> str:
    by = outcome.get("decidedBy")
    decided = f" by {one_line(by)}" if by and by != NOBODY else ""
    return decided + (f", {one_line(outcome['reason'])}" if outcome.get("reason") else "")


def _point(text: str, now: datetime) -> str:
    """Return an instant, and how far off it is."""
    return f"{clock_time(moment(text))} ({distance(moment(text), now)})"


def _left(deadline: datetime, now: datetime) -> str:
    return span(deadline - now).replace("less than a", "< 1") if deadline > now else "over"


def _who(event: Event) -> Text:
    who = Text(event.who)
    if event.way:
        who.append(f"\n{event.way}", "dim")
    return who


def foreseen(stages: Sequence[Json], now: datetime) -> RenderableType:
    """Return the stages that a proposal would go through: the people that each asks, and its latest end."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, max_width=24, overflow="ellipsis", style="cyan")
    table.add_column(ratio=1)
    for stage in stages:
        names = people(tuple(one_line(each) for each in stage["approvers"]))
        who = names if stage["needed"] == len(stage["approvers"]) else f"{stage['needed']} of {names}"
        ladder = "".join(
            f", then {people(tuple(one_line(each) for each in rung['to']))}" for rung in stage["escalateTo"]
        )
        latest = moment(stage["latestEnd"])
        table.add_row(one_line(stage["name"]), f"{who}{ladder}; ends by {clock_time(latest)} ({distance(latest, now)})")
    return Padding(table, (0, 2))
