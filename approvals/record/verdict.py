"""The result of checking a record: its state, and what was checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class State(StrEnum):
    """The state of a record. Only the first one means that everything was checked and correct."""

    WHOLE = "whole"
    """It is what the app wrote, up to an end that is also stored elsewhere."""
    NOT_ANCHORED = "notAnchored"
    """No error was found; but there was no stored head to compare with, so entries may be missing at the end."""
    NOT_AUTHENTICATED = "notAuthenticated"
    """No error was found; but not every entry was checked with a key, so anybody may have written it."""
    CUT = "cut"
    """Its end is missing."""
    APPENDED = "appended"
    """Somebody without a key has added entries."""
    REPLACED = "replaced"
    """It is not the record that was here before."""
    MISSING = "missing"
    """There was a record, and it is gone."""
    DAMAGED = "damaged"
    """A line was changed."""


STATE_NAMES: Mapping[State, str] = MappingProxyType(
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
"""The name of each state for people."""

_SOUND = frozenset({State.WHOLE, State.NOT_ANCHORED, State.NOT_AUTHENTICATED})


class Tampered(Exception):
    """A record was changed; `line` is the first wrong line (from 1), `reason` says what is wrong."""

    def __init__(self, line: int, reason: str, state: State = State.DAMAGED) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line = line
        self.reason = reason
        self.state = state


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """The head of a record at an earlier time, stored elsewhere. The record may have grown since."""

    head: str | None = None
    """The hash of its last entry at that time; None if only the number is known."""
    entries: int | None = None
    """How many entries it had; None if only the hash is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The result of checking a record's bytes."""

    state: State
    entries: int
    """How many entries there are, up to the damage if there is any."""
    authenticated: int
    """Number of the last authenticated entry. It covers all entries before it, because each line has their hash."""
    head: str
    """The hash of the last entry."""
    finding: str | None = None
    """What is wrong or was not checked, in a sentence; None if the record is whole."""
    line: int | None = None
    """The wrong line; one after the end if something is missing there."""

    @property
    def ok(self) -> bool:
        """Whether everything was checked and is correct."""
        return self.state is State.WHOLE

    @property
    def sound(self) -> bool:
        """Whether no error was found. This is less than `ok`: not everything may have been checked."""
        return self.state in _SOUND
