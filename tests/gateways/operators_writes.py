"""What is written for operators, and by them, as the tests of lost answers try it."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from approvals.operations import LetterState, MessageState, UnsentLetter
from approvals.poison import PoisonMessage
from gateways.operations import open_operations
from gateways.put_aside import open_put_aside

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """Something that a gateway writes for a proposal of its own."""

    do: Callable[[], Any]
    look: Callable[[], Any]
    """What is there afterwards, without what differs from proposal to proposal."""
    answers: bool = True
    """Whether what `do` returns must be the same, too; else it says whether it was this very call."""


def message_put_aside():
    """A message that is put aside."""
    name, store = uuid.uuid4().hex, open_put_aside()
    keep = lambda: store.keep(PoisonMessage(reason="r", body="b"), message_id=name, now=NOW)  # noqa: E731
    return Write(do=lambda: len(keep()), look=lambda: store.find(keep()).body)


def claim_of_message():
    """The claim of a message by an operator, and what came of it."""
    store = open_put_aside()
    message = store.keep(PoisonMessage(reason="r", body="b"), message_id=uuid.uuid4().hex, now=NOW)

    def do():
        claimed = store.claim(message, MessageState.DISCARDED, by="Mara", now=NOW)
        store.settle(message, MessageState.DISCARDED, result="gone")
        return claimed is not None

    return Write(do=do, look=lambda: (store.find(message).by, store.find(message).result), answers=False)


def operators_act():
    """What an operator does, with what came of it."""
    operations, target = open_operations(), uuid.uuid4().hex

    def do():
        operations.end(operations.begin("purge", target, by="Mara", now=datetime.now(UTC)), "done")
        return True

    done = lambda: any(each.target == target and each.outcome == "done" for each in operations.acts())  # noqa: E731
    return Write(do=do, look=done)


def note_of_letter():
    """The note that a letter has not gone, and that it has."""
    operations, name = open_operations(), uuid.uuid4().hex
    note = UnsentLetter(proposal_id=name, key="k", state=LetterState.UNSENT, reason="r", at=NOW)

    def do():
        operations.note_letter(note)
        operations.forget_letter(name, "k")

    return Write(do=do, look=lambda: [each for each in operations.letters() if each.proposal_id == name])
