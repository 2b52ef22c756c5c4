"""What operators look at and do: workflows that need help, messages that were put aside, letters that did not go."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator

from approvals.described import Described
from approvals.names import Name
from approvals.validation import Boundary, Prose


class StuckReason(StrEnum):
    """Why the sweep looks at a review."""

    UNLISTED = "unlisted"
    BEHIND = "behind"
    LATE = "late"
    LOST = "lost"
    UNTOLD = "untold"

    @property
    def words(self) -> str:
        """The reason in words."""
        return _LAGS[self]


_LAGS = {
    StuckReason.UNLISTED: "it has a record and no row in the list",
    StuckReason.BEHIND: "its record is ahead of its workflow",
    StuckReason.LATE: "its time has passed and its workflow did nothing",
    StuckReason.LOST: "it has no workflow",
    StuckReason.UNTOLD: "not all of its letters and counts are known to be done",
}


class Act(StrEnum):
    """What an operator does to a workflow."""

    TERMINATE = "terminate"
    REWIND = "rewind"
    RESUME = "resume"
    WAKE = "wake"
    PURGE = "purge"


class MessageAct(StrEnum):
    """What an operator does with a message that was put aside."""

    SEND = "send"
    DISCARD = "discard"


class MessageState(StrEnum):
    """What became of a message that was put aside."""

    WAITING = "waiting"
    SENDING = "sending"
    """An operator sends it again at this moment."""
    SENT = "sent"
    DISCARDED = "discarded"


class LetterState(StrEnum):
    """What is the matter with a letter that has not gone."""

    UNSENT = "unsent"
    """It is tried again with the next look of its workflow."""
    REFUSED = "refused"
    """The mail server does not take it, and nobody tries again by themselves."""


class StuckReview(Described):
    """An open proposal whose workflow was behind or missing when the last sweep looked."""

    proposal_id: str
    lag: StuckReason
    reason: str
    """The same in words."""
    done: str
    """What the sweep did: woken, started, failed, left, notMended, or `later` where the run had no room for it."""


class FailedInstance(Described):
    """A workflow that has failed, was terminated or is suspended."""

    instance_id: str
    workflow: str
    status: str
    reason: str
    """The beginning of its output; empty where the hub gives none."""
    updated_at: datetime


class PutAsideMessage(Described):
    """A message of `approval-queue` that could not be used."""

    id: str
    """The same for the same message, however often it is read."""
    message_id: str
    reason: str
    body: str
    """As it came; of a longer one the beginning."""
    whole: bool
    """Whether `body` is all of it, so that it can be sent again."""
    at: datetime
    state: MessageState
    by: str = ""
    """Who sent it again, or discarded it."""
    done_at: datetime | None = None
    result: str = ""
    """What came of sending it again."""


class UnsentLetter(Described):
    """A letter that has not gone."""

    proposal_id: str
    key: str
    """Entry, kind and a hash of the person; with the proposal it names the letter."""
    state: LetterState
    reason: str
    at: datetime
    """Of the last attempt."""


class Run(Described):
    """The last run of a timer."""

    name: str
    """`sweep` or `purge`."""
    at: datetime
    line: dict[str, Any]
    """What it has logged."""


class ActRecord(Described):
    """Something that an operator did."""

    at: datetime
    by: str
    act: str
    target: str
    """The instance, message or letter."""
    outcome: str
    """`begun`, `done`, or why it was not done."""


class Overview(Described):
    """Everything that operators look at first."""

    now: datetime
    """By the app's clock, which may be a virtual one."""
    stuck: tuple[StuckReview, ...]
    stuck_count: int
    """With those that are not in the list above, as it has at most fifty."""
    failed: tuple[FailedInstance, ...]
    more_failed: bool
    """Whether there are more than are shown."""
    messages: tuple[PutAsideMessage, ...]
    letters: tuple[UnsentLetter, ...]
    runs: tuple[Run, ...]
    acts: tuple[ActRecord, ...]
    """The latest ones, newest first."""


class ActDone(Described):
    """What an operator asked for was done."""

    target: str
    sentence: str


def _in_one_line(text: str) -> str:
    return " ".join(text.split())[:200]


class OperatorRequest(Boundary):
    """What an operator sends along: who it is, and for acts on workflows why."""

    by: Name
    reason: Annotated[Prose, AfterValidator(_in_one_line)] = ""
    even_if_open: bool = False
    """Do it although the workflow belongs to an open proposal."""
