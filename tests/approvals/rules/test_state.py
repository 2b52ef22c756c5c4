"""What entries add up to, and how they are written."""

from pathlib import Path

import pytest

from approvals.names import among, key, same
from approvals.record.chain import read_chain
from approvals.record.documents import Attachment, document_hash
from approvals.record.entries import ChangesRequested, Delegated, Entry, Escalated, Reminded
from approvals.rules.progress import next_wake
from approvals.rules.replay import apply, replay
from approvals.rules.state import WithdrawalStarted
from tests.approvals.story import AUTHOR, Story, policy

WORDS = {"title": "Bench", "summary": "", "cost": 1.0, "currency": "EUR", "department": None}


def file(name: str, content: str, blob: str = "p1/a") -> Attachment:
    """Return a file whose content stands for its hash."""
    return Attachment(name=name, blob=blob, content_type="text/plain", size=1, sha256=content)


def test_a_record_has_only_one_submission() -> None:
    """A second one is a defect."""
    story = Story(policy({"approvers": ["Mara"]}))
    with pytest.raises(ValueError, match="one submission"):
        apply(story.review, story.entries[0])


def test_a_record_begins_with_its_submission() -> None:
    """Without it no review can be built."""
    story = Story(policy({"approvers": ["Mara"]})).check()
    with pytest.raises(ValueError, match="first entry of a record must be its submission"):
        replay(story.entries[1:])


def test_documents_with_equal_words_and_contents_are_equal() -> None:
    """Place and order do not matter; a name, a letter or a cent does."""
    one, two = file("a", "x"), file("b", "y")
    assert document_hash(WORDS, (one, two)) == document_hash(WORDS, (two, file("a", "x", blob="p1/z")))
    others = [
        document_hash(WORDS, (one,)),
        document_hash(WORDS, (one, file("c", "y"))),
        document_hash({**WORDS, "cost": 1.01}, (one, two)),
        document_hash({**WORDS, "title": "bench"}, (one, two)),
    ]
    assert 5 == len({document_hash(WORDS, (one, two)), *others})


def test_names_are_compared_without_case_and_spaces() -> None:
    """People type them in different ways."""
    assert same(" Mara  Lindqvist", "mara lindqvist")
    assert not same("Mara", "Maria")
    assert among("JONAS", ("Mara", "Jonas"))
    assert key("ß") == key("SS")


@pytest.mark.parametrize("kind", [Delegated, Escalated, Reminded, ChangesRequested])
def test_an_entry_about_an_open_stage_needs_one(kind: type[Entry]) -> None:
    """Otherwise the record cannot be the app's."""
    samples = Path(__file__).parents[1] / "record" / "samples" / "hashed"
    entries = [entry for path in samples.glob("*.jsonl") for entry in read_chain(path.read_bytes()).entries]
    entry = next(each for each in entries if isinstance(each, kind))
    story = Story(policy({"approvers": ["Mara"]}))
    with pytest.raises(ValueError, match="needs an open stage, but none is open"):
        apply(story.review, entry)


def test_nobody_is_waited_for_during_a_withdrawal() -> None:
    """Its end is the next entry, written together with it."""
    story = Story(policy({"approvers": ["Mara"]})).check()
    story.does("withdraw", by=AUTHOR, reason="")
    between = replay(story.entries[:-1])
    assert isinstance(between.phase, WithdrawalStarted)
    assert ("inReview", (), None, False) == (
        between.status,
        between.waiting_for,
        next_wake(between),
        between.final,
    )
