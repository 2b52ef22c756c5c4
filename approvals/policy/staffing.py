"""Who is asked in the stages of a plan: not the author, and with four eyes nobody in two stages."""

from collections.abc import Collection, Iterator, Sequence

from approvals.names import key
from approvals.policy.faults import refuse
from approvals.policy.stages import Stage


def staff(stages: Sequence[Stage], *, author: str | None, four_eyes: bool) -> tuple[Stage, ...]:
    """Return the stages with only the people who may decide; raises `Invalid` if a stage cannot pass with them.

    `author` is None if authors may decide on their own proposals. The error names each stage with too few people.
    """
    staffed = tuple(stages) if author is None else tuple(stage.without(author) for stage in stages)
    faults = [fault for before, after in zip(stages, staffed, strict=True) for fault in _missing(before, after)]
    if four_eyes and not faults:
        short = _short_stage(staffed)
        if short is None:
            return _keep_apart(staffed)
        faults.append(f"stage {short!r}: with fourEyes it has too few people who decide in no other stage")
    refuse(faults)
    return staffed


def find_short(current: Stage, later: Sequence[Stage], decided: Collection[str]) -> str | None:
    """Return a stage with too few people if nobody may decide in two stages and some have decided; None if all suffice.

    `current` is the open stage with only the answers that are still missing.
    """
    left = [current]
    for stage in later:
        fresh = _less(stage, set(decided))
        if len(fresh.required) < len(stage.required) or not fresh.can_pass:
            return stage.name
        left.append(fresh)
    return _short_stage(left)


def _missing(before: Stage, after: Stage) -> Iterator[str]:
    """Yield what a stage lacks after the author is removed from it."""
    who = f"stage {before.name!r}: the author"
    if not after.approvers:
        yield f"{who} is the only approver; add another approver, or set allowSelfApproval"
    elif len(after.required) < len(before.required):
        yield f"{who} is required; require another person, or set allowSelfApproval"
    elif not after.can_pass:
        yield f"{who} does not count, and {after.needed} answers are needed from the other {len(after.approvers)}"


def _keep_apart(stages: Sequence[Stage]) -> tuple[Stage, ...]:
    """Return each stage without the people that another stage cannot pass without; `_short_stage` has found none short.

    Otherwise a person who answers in the first stage could be missing in the second.
    """
    apart = tuple(stages)
    while True:
        owner = {person: index for index, stage in enumerate(apart) for person in _indispensable(stage)}
        kept = tuple(_less(stage, {person for person in owner if owner[person] != i}) for i, stage in enumerate(apart))
        if kept == apart:
            return apart
        apart = kept


def _short_stage(stages: Sequence[Stage]) -> str | None:
    """Return the name of a stage with too few people who decide in no other stage; None if each has enough.

    A stage that anyone may answer always has enough: its approvers represent a group with more members.
    Seats are assigned one by one. If all of a stage's people are taken, another stage gives one of them up if it
    can find somebody else. These are the augmenting paths of a bipartite matching, so a solution is always found.
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
    """Assign one more person to a stage, moving others if necessary. The recursion is at most as deep as the stages."""
    asked.add(stage)
    for person in sorted(people[stage]):
        holder = taken.get(person)
        if holder is None or (holder not in asked and _take(holder, people, taken, asked)):
            taken[person] = stage
            return True
    return False


def _indispensable(stage: Stage) -> set[str]:
    """Return the keys of the people that the stage cannot pass without."""
    if stage.anyone:
        return set()
    return {key(each) for each in (stage.approvers if stage.needed == len(stage.approvers) else stage.required)}


def _less(stage: Stage, persons: set[str]) -> Stage:
    for person in persons if not stage.anyone else ():
        stage = stage.without(person)
    return stage
