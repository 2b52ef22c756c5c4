"""Who is asked in the stages of a plan: not the author, and nobody in two stages where four eyes are asked for."""

from collections.abc import Collection, Iterator, Sequence

from approvals.names import key
from approvals.policy.faults import refuse
from approvals.policy.stages import Stage


def staff(stages: Sequence[Stage], *, author: str | None, four_eyes: bool) -> tuple[Stage, ...]:
    """Return the stages with those people who may decide, each stage able to pass; raises `Invalid` where one is not.

    `author` is None where authors may decide on what they wrote. The error names each stage that comes short.
    """
    staffed = tuple(stages) if author is None else tuple(stage.without(author) for stage in stages)
    faults = [fault for before, after in zip(stages, staffed, strict=True) for fault in _missing(before, after)]
    if four_eyes and not faults:
        short = _short_stage(staffed)
        if short is None:
            return _keep_apart(staffed)
        faults.append(f"stage {short!r}: with fourEyes it comes short of people who decide in no other stage")
    refuse(faults)
    return staffed


def find_short(current: Stage, later: Sequence[Stage], decided: Collection[str]) -> str | None:
    """Return a stage that comes short of people where nobody decides in two, once some have; None where none does.

    `current` is what is left to answer of the open stage.
    """
    left = [current]
    for stage in later:
        fresh = _less(stage, set(decided))
        if len(fresh.required) < len(stage.required) or not fresh.can_pass:
            return stage.name
        left.append(fresh)
    return _short_stage(left)


def _missing(before: Stage, after: Stage) -> Iterator[str]:
    """Say what a stage lacks once the author is taken out of it."""
    who = f"stage {before.name!r}: the author"
    if not after.approvers:
        yield f"{who} is the only approver; name somebody else, or set allowSelfApproval"
    elif len(after.required) < len(before.required):
        yield f"{who} is required; name somebody else, or set allowSelfApproval"
    elif not after.can_pass:
        yield f"{who} does not count, and {after.needed} of the other {len(after.approvers)} cannot answer"


def _keep_apart(stages: Sequence[Stage]) -> tuple[Stage, ...]:
    """Return the stages, each without those whom another one cannot do without; `_short_stage` has found none short.

    Otherwise whoever was quick to answer the first stage might be missed in the second.
    """
    apart = tuple(stages)
    while True:
        owner = {person: index for index, stage in enumerate(apart) for person in _indispensable(stage)}
        kept = tuple(_less(stage, {person for person in owner if owner[person] != i}) for i, stage in enumerate(apart))
        if kept == apart:
            return apart
        apart = kept


def _short_stage(stages: Sequence[Stage]) -> str | None:
    """Return the name of a stage that comes short of people who decide in no other one; None where each has enough.

    A stage that anyone may answer never does: its approvers stand for a body, and that has other members.
    Seats are given out one by one. Where all of a stage's people are taken, another stage gives one of them up if it
    can find somebody else: the augmenting paths of a bipartite matching, so an answer of None is never missed.
    """
    stages = [stage for stage in stages if not stage.anyone]
    taken = dict[str, int]()
    pinned = set[str]()
    for index, stage in enumerate(stages):
        for person in {key(each) for each in stage.required}:
            if person in taken:
                return stage.name
            taken[person] = index
            pinned.add(person)
    people = [{key(each) for each in stage.approvers} - pinned for stage in stages]
    for index, stage in enumerate(stages):
        for _ in range(stage.needed - len(stage.required)):
            if not _take(index, people, taken, set()):
                return stage.name
    return None


def _take(stage: int, people: list[set[str]], taken: dict[str, int], asked: set[int]) -> bool:
    """Give a stage one more of its people, moving others if need be; recursion goes no deeper than there are stages."""
    asked.add(stage)
    for person in sorted(people[stage]):
        holder = taken.get(person)
        if holder is None or (holder not in asked and _take(holder, people, taken, asked)):
            taken[person] = stage
            return True
    return False


def _indispensable(stage: Stage) -> set[str]:
    """Return the keys of those without whom the stage cannot pass."""
    if stage.anyone:
        return set()
    return {key(each) for each in (stage.approvers if stage.needed == len(stage.approvers) else stage.required)}


def _less(stage: Stage, persons: set[str]) -> Stage:
    for person in persons if not stage.anyone else ():
        stage = stage.without(person)
    return stage
