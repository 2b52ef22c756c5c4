"""The stages of a proposal as a line: those behind it, the open one with its deadline, and the next ones."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from approvals.findings import CLEAN
from approvals.names import same
from approvals.policy.plan import choose_stages
from approvals.policy.stages import Stage
from approvals.record.entries import AskedPerson
from approvals.rules.seats import people_of
from approvals.rules.state import (
    Answer,
    AwaitingChanges,
    BetweenStages,
    Checking,
    ClosedStage,
    EndedReview,
    OpenStage,
    Review,
)
from approvals.validation import Invalid
from approvals.visible import one_line
from approvals.words.letter_texts import cost
from approvals.words.wording import hours, money, people, time_left

Mark = Literal["done", "bad", "open", "late", "next", "off"]
"""How a station is drawn. `off`: the proposal ended before it."""

_ENDS = {
    "approved": "Approved",
    "rejected": "Rejected",
    "withdrawn": "Withdrawn",
    "expired": "Expired",
    "failed": "Failed",
}
_OUTCOMES = {"approved": "Passed", "rejected": "Did not pass", "expired": "Nobody answered in time"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A person of a stage."""

    name: str
    on_behalf_of: str
    """Empty if they answer for themselves."""
    state: str
    """Their answer, or whether they are waited for."""
    mark: Mark
    at: datetime | None = None
    """When they answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """One point of the line."""

    title: str
    mark: Mark
    state: str
    """The mark in words."""
    at: datetime | None = None
    """When it was passed."""
    until: datetime | None = None
    """The deadline of an open station."""
    time_left: str = ""
    """How much time is left until then."""
    lines: tuple[str, ...] = ()
    people: tuple[Person, ...] = ()


def draw_way(review: Review, now: datetime) -> tuple[Station, ...]:
    """Return the stations of the current round, from the submission to the end."""
    plan = review.stages or _foreseen(review)
    stages = tuple(_stage(review, index, stage, now) for index, stage in enumerate(plan))
    return (_handed_in(review), _checks(review), *_with_changes(review, stages, now), _end(review))


def _foreseen(review: Review) -> tuple[Stage, ...]:
    """Return the expected stages if the checks find nothing; none if today's rules allow none."""
    try:
        return choose_stages(
            review.policy,
            author=review.author,
            cost=review.cost,
            currency=review.currency,
            department=review.department,
            findings=CLEAN,
        )
    except Invalid:
        return ()


def _handed_in(review: Review) -> Station:
    latest = review.revisions[-1]
    changed = (f"{one_line(latest.by)} {one_line(latest.change)}",) if len(review.revisions) > 1 else ()
    lines = (f"by {one_line(review.author)}", *changed)
    return Station(title="Handed in", mark="done", state="Done", at=latest.at, lines=lines)


def _checks(review: Review) -> Station:
    found = one_line(", ".join(review.findings))
    if isinstance(review.phase, Checking):
        return Station(title="Checks of the documents", mark="open", state="Running now")
    if review.edited_at and isinstance(review.phase, BetweenStages):
        waits = "A file has just changed. The review goes on a few minutes after the last one."
        return Station(title="Checks of the documents", mark="open", state="Waiting", lines=(waits,))
    if not review.stages:
        return Station(title="Checks of the documents", mark="off", state="Not finished")
    return Station(title="Checks of the documents", mark="done", state="Done", lines=(found,) if found else ())


def _stage(review: Review, index: int, plan: Stage, now: datetime) -> Station:
    title = "Budget" if plan.kind == "budget" else one_line(plan.name)
    stage = _held(review)
    if stage and stage.index == index:
        return _open(review, stage, title, now)
    ended = [each for each in review.closed if each.index == index and index < review.next_stage]
    return _closed(review, ended[-1], title) if ended else _to_come(review, plan, title)


def _closed(review: Review, closed: ClosedStage, title: str) -> Station:
    passed = closed.outcome == "approved"
    by = () if closed.is_by_deadline else (f"decided by {one_line(closed.by)}",)
    return Station(
        title=title,
        mark="done" if passed else "bad",
        state=_OUTCOMES[closed.outcome],
        at=closed.at,
        lines=("Nobody answered in time, which the policy takes for a yes",)
        if closed.is_by_deadline and passed
        else by,
        people=tuple(_answered(each) for each in _answers(review, closed.index)),
    )


def _held(review: Review) -> OpenStage | None:
    """Return the open stage, or the one that is paused while the author changes the proposal."""
    return review.phase.pause.stage if isinstance(review.phase, AwaitingChanges) else review.stage


def _open(review: Review, stage: OpenStage, title: str, now: datetime) -> Station:
    paused = review.stage is None
    late = not paused and stage.deadline <= now
    return Station(
        title=title,
        mark="next" if paused else "late" if late else "open",
        state="The clock stands still" if paused else "Overdue" if late else "Open now",
        until=None if paused else stage.deadline,
        time_left="" if paused else time_left(stage.deadline, now),
        lines=tuple(_open_lines(review, stage)),
        people=tuple(_people(review, stage)),
    )


def _open_lines(review: Review, stage: OpenStage) -> Iterator[str]:
    plan = stage.plan
    if stage.rung:
        yield f"Escalated, step {stage.rung} of {len(plan.escalate_to)}"
        if stage.needed > 1:
            yield f"{stage.needed} of those who are asked now must agree"
    else:
        yield from _rule(review, plan)
    yield _at_the_end(plan, stage.rung)


def _people(review: Review, stage: OpenStage) -> Iterator[Person]:
    """Yield the people who answered in the stage, and those waited for, in the order in which they were asked."""
    answers = {each.seat: each for each in _answers(review, stage.index)}
    shown = set[str | None]()
    for asked in stage.asked:
        answer = answers.get(asked.seat)
        shown.add(asked.seat)
        yield _answered(answer) if answer else _waited_for(asked)
    yield from (_answered(each) for seat, each in answers.items() if seat not in shown)


def _answers(review: Review, index: int) -> tuple[Answer, ...]:
    return tuple(each for each in review.answers if each.stage == index)


def _answered(answer: Answer) -> Person:
    known = {"approve": "approved", "approved": "approved", "reject": "rejected", "rejected": "rejected"}
    return Person(
        name=one_line(answer.person),
        on_behalf_of=one_line(answer.on_behalf_of or ""),
        state=known.get(answer.word, f"answered “{one_line(answer.word)}”"),
        mark="done" if answer.effect == "approve" else "bad",
        at=answer.at,
    )


def _waited_for(asked: AskedPerson) -> Person:
    behalf = one_line(asked.on_behalf_of or "")
    return Person(name=one_line(asked.person), on_behalf_of=behalf, state="is waited for", mark="open")


def _to_come(review: Review, plan: Stage, title: str) -> Station:
    if review.end:
        return Station(title=title, mark="off", state="Not reached")
    lines = (*_rule(review, plan), f"They have {hours(plan.window_hours)}", _at_the_end(plan, 0))
    coming = tuple(_coming(review, each) for each in people_of(review, plan))
    return Station(title=title, mark="next", state="To come", lines=lines, people=coming)


def _coming(review: Review, asked: AskedPerson) -> Person:
    """Return a person who will be asked; one who has already answered is not asked again."""
    early = next((each for each in review.answers if each.stage is None and same(each.person, asked.person)), None)
    if early:
        return _answered(early)
    behalf = one_line(asked.on_behalf_of or "")
    return Person(name=one_line(asked.person), on_behalf_of=behalf, state="will be asked", mark="next")


def _rule(review: Review, plan: Stage) -> Iterator[str]:
    if plan.kind == "budget" and review.policy.budget_limit is not None:
        yield f"{cost(review)} is above the limit of {money(review.policy.budget_limit, review.policy.currency)}"
    if plan.anyone:
        yield "Another system may name who answers"
    elif len(plan.approvers) > 1:
        yield {
            "first": "The first answer decides",
            "all": "All must agree",
            "quorum": f"{plan.needed} of {len(plan.approvers)} must agree",
        }[plan.rule]
        if plan.required and plan.rule != "all":
            yield f"{people(tuple(map(one_line, plan.required)))} must agree in any case"


def _at_the_end(plan: Stage, rung: int) -> str:
    """Say what happens at the end of the window."""
    if plan.on_timeout == "approve":
        return "Without an answer in time it counts as a yes"
    if plan.on_timeout == "reject":
        return "Without an answer in time it counts as a no"
    if rung < len(plan.escalate_to):
        return f"Without an answer in time {people(tuple(map(one_line, plan.escalate_to[rung].to)))} will be asked"
    return "Without an answer in time the proposal expires"


def _with_changes(review: Review, stages: tuple[Station, ...], now: datetime) -> tuple[Station, ...]:
    """Put the author's turn before the stage that asked for it."""
    phase = review.phase
    if not isinstance(phase, AwaitingChanges):
        return stages
    wanted = Station(
        title="Changes by the author",
        mark="late" if phase.until <= now else "open",
        state="Overdue" if phase.until <= now else "Open now",
        until=phase.until,
        time_left=time_left(phase.until, now),
        lines=(f"{one_line(phase.by)} asked for them",),
        people=(Person(name=one_line(review.author), on_behalf_of="", state="is waited for", mark="open"),),
    )
    place = phase.pause.stage.index
    return (*stages[:place], wanted, *stages[place:])


def _end(review: Review) -> Station:
    end = review.end
    if not isinstance(end, EndedReview):
        return Station(title="Decision", mark="next", state="To come")
    reason = one_line(end.reason or "")
    return Station(
        title=_ENDS[end.outcome],
        mark="done" if end.outcome == "approved" else "bad",
        state="The end",
        at=end.at,
        lines=(reason,) if reason and end.outcome in ("expired", "failed", "withdrawn") else (),
    )
