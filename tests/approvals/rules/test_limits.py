"""How much may be written into a record: one person does not fill it, and nothing closes the author's way out."""

import pytest

from approvals.record.entries import Via
from approvals.rules.acceptance import Accepted
from approvals.rules.limits import MOST_BY_ONE
from tests.approvals.story import AUTHOR, Story, policy


@pytest.fixture
def story() -> Story:
    """A review that waits for two people."""
    return Story(policy({"approvers": ["Mara", "Jonas"], "rule": "all", "windowHours": 2_000})).check()


def fills(story: Story, person: str = "Jonas") -> int:
    """Let somebody comment until that is refused; return how often it was taken down."""
    for number in range(2_000):
        if not isinstance(story.does("comments", by=person, comment=f"no. {number}"), Accepted):
            return number
    raise AssertionError("nothing stops them")


def test_one_person_may_comment_only_so_often(story: Story) -> None:
    """In any spelling of the name; others still may, and the person's answer counts."""
    assert fills(story) == 100
    refused = story.does("comments", by=" jonas ", comment="once more")
    assert (refused.code, refused.reason) == (
        "conflict", "Jonas has done this 100 times, which is the limit for one proposal"
    )  # fmt: skip
    assert isinstance(story.does("comments", by="Mara", comment="enough"), Accepted)
    assert isinstance(story.decides("Jonas"), Accepted)


@pytest.mark.parametrize("verb", ["delegate", "reassign"])
def test_a_task_is_handed_over_only_so_often(story: Story, verb: str) -> None:
    """Each of the two has a limit; then one of them must decide."""
    people = ["Jonas", "Petra"]
    for number in range(100):
        owner, to = people[number % 2], people[1 - number % 2]
        assert isinstance(story.does(verb, Via.PERSON, **{"from": owner, "to": to}), Accepted)
    assert "50 times" in story.does(verb, Via.PERSON, **{"from": "Jonas", "to": "Petra"}).reason
    assert isinstance(story.decides("Jonas"), Accepted)


def test_one_person_may_remind_only_so_often(story: Story) -> None:
    """Once an hour for everybody, and a hundred times for each person."""
    for _ in range(100):
        assert isinstance(story.does("remind", by=AUTHOR), Accepted)
        story.passes(1)
    assert "100 times" in story.does("remind", by=AUTHOR).reason
    assert isinstance(story.does("remind", by="Mara"), Accepted)


@pytest.mark.parametrize("via", ["changes", "attach", "withdraw", "decide"])
def test_a_full_record_still_accepts_decisions_and_the_authors_changes(story: Story, via: str) -> None:
    """Comments must not block a proposal."""
    talkers = 0
    while story.review.number < 1_000:
        talkers += 1
        fills(story, f"Talker {talkers}")
    full = story.does("comments", by="Mara", comment="why oak?")
    assert full.reason == "the record has 1,000 entries; only decisions and the author's actions are accepted now"
    match via:
        case "changes":
            assert isinstance(story.does("changes", approver="Mara", comment="in oak"), Accepted)
            assert isinstance(story.does("resubmit", by=AUTHOR, cost=90), Accepted)
            assert isinstance(story.attaches("plan.txt", "oak"), Accepted)
        case "attach":
            assert isinstance(story.attaches("plan.txt", "oak"), Accepted)
        case "withdraw":
            assert isinstance(story.does("withdraw", by=AUTHOR), Accepted)
        case "decide":
            assert [isinstance(story.decides(each), Accepted) for each in ("Mara", "Jonas")] == [True, True]


def test_the_changes_of_an_author_are_limited_too(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """Replacing files for ever would make each look longer; the proposal can still be decided."""
    monkeypatch.setattr("approvals.rules.limits.MOST_OF_AUTHOR", story.review.number + 1)
    assert isinstance(story.attaches("plan.txt", "oak"), Accepted)
    story.check()
    assert "only decisions are accepted now" in story.attaches("plan.txt", "ash").reason
    assert isinstance(story.decides("Mara", document=story.review.document), Accepted)


def test_the_limits_for_each_person_cover_what_everybody_can_do() -> None:
    """The rules of a review limit decisions and the author's changes."""
    assert {kind.value for kind in MOST_BY_ONE} == {"commented", "reminded", "delegated", "reassigned"}
