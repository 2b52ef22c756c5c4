"""An entry: one thing that somebody, or time, did to a proposal. Entries are added to its record and never changed."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from approvals.validation import Boundary, Line


class Kind(StrEnum):
    """What was done."""

    SUBMITTED = "submitted"
    CHECKED = "checked"
    STAGE_OPENED = "stageOpened"
    DECIDED = "decided"
    STAGE_CLOSED = "stageClosed"
    COMMENTED = "commented"
    DELEGATED = "delegated"
    REASSIGNED = "reassigned"
    REMINDED = "reminded"
    ESCALATED = "escalated"
    CHANGES_REQUESTED = "changesRequested"
    RESUBMITTED = "resubmitted"
    ATTACHED = "attached"
    WITHDRAWN = "withdrawn"
    ENDED = "ended"


class Via(StrEnum):
    """By which way it came, which is how far one can trust the name beside it."""

    PERSON = "person"
    """Somebody who was signed in."""
    SYSTEM = "system"
    """Another system with a function key, which vouches for the person that it names."""
    LINK = "link"
    """Whoever held a decision link, which was sent to that person alone."""
    QUEUE = "queue"
    """A message on approval-queue; its sender vouches."""
    EVENT = "event"
    """A durable event that an operator raised."""
    CLOCK = "clock"
    """Time went by."""
    WORKFLOW = "workflow"
    """The workflow itself: checks, or its own failure."""


GREENLIGHT = "Greenlight"
"""Stands for nobody: what time and the workflow do."""


def _enum(kind: type[StrEnum]) -> BeforeValidator:
    """JSON has texts where Python has members; strict models take only members."""
    return BeforeValidator(lambda value: kind(value) if isinstance(value, str) and value in set(kind) else value)


class Entry(Boundary):
    """One line of a record."""

    number: Annotated[int, Field(ge=1)]
    """Its place, from 1."""
    kind: Annotated[Kind, _enum(Kind)]
    at: str
    """ISO 8601 in UTC; never before the entry before it, whatever the clocks of the hosts say."""
    by: Line
    """The person; `Greenlight` for what time and the workflow do."""
    via: Annotated[Via, _enum(Via)]
    data: dict[str, Any]
    """What else there is to say, by kind; plain JSON."""
    document: str
    """SHA-256 of the document as it was then, in hex; what a decision was about."""

    @property
    def time(self) -> datetime:
        """`at` as a datetime in UTC."""
        return datetime.fromisoformat(self.at)
