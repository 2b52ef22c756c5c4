"""The entries of a record in words: who did what, when, with the details."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from approvals.record.entries import Entry, Via
from approvals.record.wire import from_json
from approvals.reserved_names import GREENLIGHT
from approvals.words import story
from approvals.words.story import Mood
from greenlight.texts import one_line
from greenlight.times import clock_time, moment

Data = Mapping[str, Any]

LONGEST_DETAIL = 300
"""Characters; the whole text is in `greenlight audit show --json`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One entry in words."""

    number: int
    at: datetime
    who: str
    """Empty for the clock and the workflow."""
    way: str
    """How we know the person; empty if they were signed in."""
    what: str
    details: tuple[str, ...]
    mood: Mood
    """What a reader should notice first."""


def tell(entries: Iterable[Data]) -> tuple[Event, ...]:
    """Return the entries of a record in words; one of an unknown kind is shown by its name."""
    return tuple(_event(entry) for entry in entries)


def _event(shown: Data) -> Event:
    via, entry = shown["via"], _read(shown)
    what, details = story.tell(entry, shown["by"], clock_time) if entry else (shown["kind"], ())
    return Event(
        number=shown["number"],
        at=moment(shown["at"]),
        who=one_line(story.doer(shown["by"], via)),
        way=story.identification(via),
        what=one_line(what),
        details=tuple(_short(each) for each in details if each),
        mood=story.mood_of(entry) if entry else "plain",
    )


def _read(shown: Data) -> Entry | None:
    """Return the entry that is shown; None for a kind that is not known here, or one with other fields.

    The person, and how we know them, are shown unchanged.
    """
    told = {key: shown[key] for key in ("number", "kind", "at", "data", "document") if key in shown}
    try:
        return from_json({**told, "by": GREENLIGHT, "via": Via.SYSTEM}, newer=True)
    except ValueError:
        return None


def _short(text: str) -> str:
    text = one_line(text)
    return text if len(text) <= LONGEST_DETAIL else text[:LONGEST_DETAIL].rstrip() + " …"
