"""What looking at a record comes to: one word, and what it rests on."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class State(StrEnum):
    """What a record is found to be. Only the first one says that all is well."""

    WHOLE = "whole"
    """It is what the app wrote, up to an end that was seen elsewhere."""
    NOT_ANCHORED = "notAnchored"
    """Nothing is wrong with it; but no earlier sight of it is at hand, so whole entries may be missing at its end."""
    NOT_AUTHENTICATED = "notAuthenticated"
    """Nothing is wrong with it; but not every entry was checked with a key, so anybody may have written it."""
    CUT = "cut"
    """Its end is missing."""
    APPENDED = "appended"
    """Somebody without a key has added to it."""
    REPLACED = "replaced"
    """It is another record than the one that was here."""
    MISSING = "missing"
    """There was one, and it is gone."""
    DAMAGED = "damaged"
    """A line is not what was written."""


SAYINGS: Mapping[State, str] = MappingProxyType(
    {
        State.WHOLE: "whole",
        State.NOT_ANCHORED: "not anchored",
        State.NOT_AUTHENTICATED: "not authenticated",
        State.CUT: "cut",
        State.APPENDED: "appended to by somebody else",
        State.REPLACED: "replaced",
        State.MISSING: "missing",
        State.DAMAGED: "damaged",
    }
)
"""Each state for people."""

_SOUND = frozenset({State.WHOLE, State.NOT_ANCHORED, State.NOT_AUTHENTICATED})


class Tampered(Exception):
    """A record is not what was written; `line` is the first (from 1) that cannot be, `reason` says why."""

    def __init__(self, line: int, reason: str, state: State = State.DAMAGED) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line = line
        self.reason = reason
        self.state = state


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """What was seen of a record earlier and is kept elsewhere. The record may have grown since."""

    head: str | None = None
    """The hash of its last entry then; None where only the number is known."""
    entries: int | None = None
    """How many it had; None where only the hash is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What looking at a record's bytes came to."""

    state: State
    entries: int
    """How many there are; up to the damage where there is any."""
    authenticated: int
    """Number of the last entry that a key has vouched for, with all before it: each line holds the hash of the last."""
    head: str
    """The hash of the last of the entries."""
    finding: str | None = None
    """What is wrong or was not checked, in a sentence; None where the record is whole."""
    line: int | None = None
    """Where something is wrong; one behind the end where something is missing there."""

    @property
    def ok(self) -> bool:
        """Whether everything was checked and is as it was written."""
        return self.state is State.WHOLE

    @property
    def sound(self) -> bool:
        """Whether nothing wrong was found, which is less: not everything may have been checked."""
        return self.state in _SOUND
