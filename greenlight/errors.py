"""What can go wrong between a person and Greenlight: one line on what happened, one on what to do now."""

from collections.abc import Sequence

NO = 1
"""Exit status: Greenlight refused, or the outcome is not an approval."""
FAILED = 2
"""Exit status: it could not be done or found out."""
UNCHECKED = 3
"""Exit status: nothing wrong was found in a record, but not everything could be checked."""


class GreenlightError(Exception):
    """Ends the command. `details` are further lines, one per fault."""

    status = FAILED

    def __init__(self, happened: str, what_to_do: str, details: Sequence[str] = ()) -> None:
        super().__init__(happened)
        self.happened = happened
        self.what_to_do = what_to_do
        self.details = tuple(details)


class RequestRefused(GreenlightError):
    """Greenlight refused: somebody else was faster, the proposal has ended, or this person may not do it."""

    status = NO


class NotFound(GreenlightError):
    """There is no such proposal or file; the id may be a shortened one."""


class Unreachable(GreenlightError):
    """Nothing answers at the address; `watch` goes on trying for a while."""


class AnswerLost(Unreachable):
    """The answer to a request was lost: it may have been done or not."""
