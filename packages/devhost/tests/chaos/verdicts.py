"""What came of a run, told from what was wanted and what was found."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Verdict(Enum):
    """What came of a run."""

    RIGHT = "right"
    STUCK = "stuck"
    LOST = "lost"
    DOUBLED = "doubled"
    DIED = "died"


RED = (Verdict.STUCK, Verdict.LOST, Verdict.DOUBLED, Verdict.DIED)


@dataclass(kw_only=True)
class Run:
    """One run: which call met the fault, and what came of it."""

    scenario: str
    fault: str
    """What the report calls it."""
    at: int
    choice: str
    call: str
    verdict: Verdict
    found: Any = None
    note: str = ""
    after_restart: str = ""
    refused: list[str] = field(default_factory=list)
    denied: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    """The activities whose body ran more than once; that is allowed."""
    was_hasty: bool = False
    """Whether the host asked again before the time that Retry-After had named."""
    calls: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    @property
    def is_red(self) -> bool:
        """Whether the run is a failure: an untrue refusal is one too."""
        return self.verdict in RED or bool(self.denied)

    def __str__(self) -> str:
        """Return what a person needs who looks for the cause."""
        found = f"found {self.found!r} {self.note} {self.after_restart} {self.denied or ''}"
        return f"{self.verdict.name} {self.scenario}, {self.fault} at call {self.at}, {self.call}: {found}"


def red(runs: list[Run]) -> list[str]:
    """Return those that failed, in words."""
    return [str(run) for run in runs if run.is_red]


def judge(wanted: Any, found: Any, *, is_final: bool) -> Verdict | None:
    """The verdict on what is there; None where it can still become right."""
    if found == wanted:
        return Verdict.RIGHT
    if is_doubled(list(_leaves(wanted)), list(_leaves(found))):
        return Verdict.DOUBLED
    return Verdict.LOST if is_final else None


def is_doubled(wanted: list[Any], found: list[Any]) -> bool:
    """Whether something is there more often than wanted, or counts for more."""
    surplus = Counter(map(repr, found)) - Counter(map(repr, wanted))
    if len(found) > len(wanted) or any(repr(value) in surplus for value in wanted):
        return True
    pairs = zip(wanted, found, strict=False)
    return any(isinstance(has, int) and isinstance(want, int) and has > want for want, has in pairs)


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for each in value:
            yield from _leaves(each)
    else:
        yield value
