"""What the entries of a record say happened: rounds that began, people who were asked, stages that were open."""

from approvals.record.entries import (
    Attached,
    ChangesRequested,
    Decided,
    Delegated,
    Ended,
    Entry,
    Escalated,
    Reassigned,
    Resubmitted,
    StageClosed,
    StageOpened,
    Submitted,
)


def begins(entry: Entry, number: int) -> bool:
    """Say whether a round begins with an entry."""
    match entry:
        case Submitted():
            return number == 1
        case Attached() | Resubmitted():
            return entry.round == number
        case _:
            return False


def asked_by(entry: Entry) -> tuple[str, ...]:
    """Return who is asked by an entry."""
    match entry:
        case StageOpened() | Escalated():
            return tuple(each.person for each in entry.asked)
        case Delegated() | Reassigned():
            return (entry.to,)
        case _:
            return ()


class Opening:
    """One time that a stage was open: who might answer then, and who did."""

    def __init__(self, entry: StageOpened) -> None:
        self.answers = list[Decided]()
        self.allowed = set[str]()
        self.rungs = list[int]()
        self.ask(entry)

    def ask(self, entry: StageOpened | Escalated) -> None:
        """Take in who is asked, and until when."""
        self.deadline = entry.deadline
        self.allowed |= {each.person for each in entry.asked}

    def take(self, entry: Entry) -> None:
        """Take in one entry of the time that it was open."""
        match entry:
            case Escalated():
                assert entry.at >= self.deadline
                self.rungs.append(entry.rung)
                self.ask(entry)
            case Delegated() | Reassigned():
                self.allowed.add(entry.to)
            case Decided():
                self.answers.append(entry)
            case _:
                pass


def openings(entries: tuple[Entry, ...]) -> list[Opening]:
    """Return every time that a stage was open. Early answers are not among its answers: they came before."""
    found = list[Opening]()
    current: Opening | None = None
    for entry in entries:
        if isinstance(entry, StageOpened):
            current = Opening(entry)
            found.append(current)
        elif isinstance(entry, StageClosed | ChangesRequested | Attached | Ended):
            current = None
        elif current and not (isinstance(entry, Decided) and entry.seat is None):
            current.take(entry)
    return found
