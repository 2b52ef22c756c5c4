"""What can go wrong between a person and Greenlight: one line on what happened, one on what to do now."""

from collections.abc import Sequence

NO = 1
"""Exit status: Greenlight understood and said no, or the outcome is not the one that was hoped for."""
FAILED = 2
"""Exit status: it could not be done or found out."""
UNCHECKED = 3
"""Exit status: nothing wrong was found in a record, but not everything could be checked."""


class GreenlightError(Exception):
    """Ends the command. `details` are further lines, each a fault of its own."""

    status = FAILED

    def __init__(self, happened: str, what_to_do: str, details: Sequence[str] = ()) -> None:
        super().__init__(happened)
        self.happened = happened
        self.what_to_do = what_to_do
        self.details = tuple(details)


class Refused(GreenlightError):
    """Greenlight understood, and did not do it: another was faster, it is over, or it is not this person's to do."""

    status = NO


class Unknown(GreenlightError):
    """There is no such proposal, or no such file of one; a shortened id may still lead to it."""


class Unreachable(GreenlightError):
    """Nobody answers at the address; watching goes on for a while."""


class Lost(Unreachable):
    """No answer came to something that was sent: it may have been done or not."""
