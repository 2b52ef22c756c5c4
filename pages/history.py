"""The history of a proposal in words: every entry of its record, the latest last."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from approvals.record.entries import Attached, Entry, Resubmitted
from approvals.visible import one_line
from approvals.words import story
from approvals.words.story import Mood
from approvals.words.wording import moment

MOST_TOLD = 100
"""Entries; the record has all, and so has the page on request."""

LONGEST_DETAIL = 300
"""Characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One entry in words."""

    number: int
    at: datetime
    who: str
    """Empty for timeouts and the workflow."""
    way: str
    """The channel of the person's action; empty if they were signed in."""
    what: str
    details: tuple[str, ...]
    mood: Mood


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """The events of one round."""

    number: int
    events: tuple[Event, ...]


def rounds(entries: Sequence[Entry], *, most: int | None = MOST_TOLD) -> tuple[Round, ...]:
    """Return the latest entries by the round in which they were written."""
    number, grouped = 1, dict[int, list[Event]]()
    for entry in entries:
        if isinstance(entry, Attached | Resubmitted):
            number = max(number, entry.round or number)
        grouped.setdefault(number, []).append(_event(entry))
    first = 0 if most is None else len(entries) - most
    kept = {number: [each for each in events if each.number > first] for number, events in grouped.items()}
    return tuple(Round(number=number, events=tuple(events)) for number, events in kept.items() if events)


def _event(entry: Entry) -> Event:
    what, details = story.tell(entry, entry.by, moment)
    return Event(
        number=entry.number,
        at=entry.at,
        who=one_line(story.doer(entry.by, entry.via)),
        way=story.identification(entry.via),
        what=one_line(what),
        details=tuple(_short(one_line(each)) for each in details if each),
        mood=story.mood_of(entry),
    )


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_DETAIL else text[:LONGEST_DETAIL].rstrip() + " …"
