"""What several people were promised is what several people give: quorums, ladders, four eyes, tasks that come back."""

from dataclasses import replace
from typing import Any

import pytest

from approvals.record.entries import Kind, Via
from approvals.reserved_names import A_SYSTEM
from approvals.rules.acceptance import Accepted
from approvals.rules.eligibility import ActionRefused, AlreadyRecorded
from tests.approvals.story import AUTHOR, Story, policy

BOARD = {"approvers": ["Anna", "Bert", "Carl"], "rule": "quorum", "quorum": 2}
CONDITIONS = {"approved with conditions": "approve", "for a year": "approve", "not here": "reject"}
FOUR = {"approvers": ["Anna", "Bert", "Carl", "Dana"], "rule": "all"}


def code(answer: object) -> str:
    """The code of a refusal."""
    assert isinstance(answer, ActionRefused), answer
    return answer.code


def escalated(stage: dict[str, Any], *to: str, **answers: str) -> Story:
    """A stage whose window has run out after these answers."""
    story = Story(policy({**stage, "escalateTo": [{"to": list(to)}]})).check()
    for person, word in answers.items():
        story.decides(person, word)
    return story.passes(72)


class TestTheLadder:
    """Each person on a rung takes one of the places that nobody has filled."""

    def test_an_escalation_leaves_the_stage_open_if_one_person_cannot_meet_the_quorum(self) -> None:
        """Approvers without an answer are still asked, and get no second seat."""
        story = escalated(BOARD, "Helena", Anna="reject")
        assert story.waiting == ["Helena", "Bert", "Carl"]
        assert code(story.does("delegate", approver="Helena", to="Bert")) == "conflict"
        assert code(story.does("delegate", approver="Helena", to="Anna")) == "conflict"
        story.decides("Bert")
        assert story.status == "inReview"
        story.decides("Helena")
        assert story.status == "approved"

    def test_an_escalation_with_enough_people_replaces_the_approvers(self) -> None:
        """As many must agree as are missing; a late approver learns that."""
        story = escalated(BOARD, "Helena", "Olga")
        assert story.waiting == ["Helena", "Olga"]
        assert code(story.decides("Bert")) == "over"
        assert isinstance(story.does("delegate", approver="Helena", to="Bert"), Accepted)
        story.decides("Bert")
        assert story.status == "inReview"
        story.decides("Olga")
        assert story.status == "approved"

    def test_an_escalation_counts_earlier_answers(self) -> None:
        """One approval exists, so one is missing."""
        story = escalated(BOARD, "Helena", Anna="approve")
        assert story.waiting == ["Helena"]
        story.decides("Helena")
        assert story.status == "approved"

    def test_an_escalation_replaces_a_silent_required_person(self) -> None:
        """Even if there were enough without them."""
        story = escalated({**BOARD, "required": ["Carl"]}, "Helena", Anna="approve", Bert="approve")
        assert story.waiting == ["Helena"]
        story.decides("Helena")
        assert story.status == "approved"

    def test_one_reject_on_the_rung_rejects_the_stage(self) -> None:
        """As before."""
        story = escalated(BOARD, "Helena", "Olga")
        story.decides("Olga", "reject")
        assert story.status == "rejected"

    def test_remaining_approvers_reject_by_their_own_rule(self) -> None:
        """While two others can still agree, one reject does not end it."""
        story = escalated(BOARD, "Helena")
        story.decides("Anna", "reject")
        assert story.status == "inReview"
        story.decides("Bert", "reject")
        assert story.status == "inReview"
        story.decides("Carl", "reject")
        assert story.status == "rejected"

    @pytest.mark.parametrize("more", [{"rule": "all", "quorum": None}, {"veto": ["Anna"]}, {"required": ["Anna"]}])
    def test_an_escalation_keeps_veto_required_people_and_the_rule_all(self, more: dict[str, Any]) -> None:
        """A reject of one of them still ends the stage."""
        story = escalated({**BOARD, **more}, "Helena")
        story.decides("Anna", "reject")
        assert story.status == "rejected"

    def test_the_next_rung_keeps_asking_the_people_who_are_needed(self) -> None:
        """Also those of the rung before."""
        story = Story(policy({**BOARD, "escalateTo": ["Helena", "Olga"]})).check().passes(72)
        story.decides("Carl")
        story.passes(72)
        assert story.waiting == ["Olga"]
        other = Story(policy({**BOARD, "escalateTo": ["Helena", "Olga"]})).check().passes(72).passes(72)
        assert other.waiting == ["Olga", "Helena", "Anna", "Bert", "Carl"]

    def test_an_escalation_asks_nobody_twice_and_nobody_whose_seat_is_answered(self) -> None:
        """A seat has one answer, whoever gave it."""
        stage = {"approvers": ["Anna", "Bert"], "rule": "all", "escalateTo": [{"to": ["Anna", "Bert", "Olga"]}]}
        story = Story(policy(stage)).check()
        story.does("delegate", approver="Anna", to="Yuki")
        story.decides("Yuki")
        story.passes(72)
        assert story.waiting == ["Bert", "Olga"]

    def test_an_old_escalation_entry_is_decided_by_one_person(self) -> None:
        """Such an entry does not say how many are needed, and asks nobody else."""
        story = escalated(BOARD, "Helena", Anna="reject")
        entry = story.entries[-1]
        story.entries = (*story.entries[:-1], replace(entry, asked=entry.asked[:1], needed=None))
        story.forget()
        story.decides("Helena")
        assert story.status == "approved"

    def test_a_reopened_stage_needs_the_same_number_of_answers(self) -> None:
        """Changes were asked for on a rung."""
        story = escalated(BOARD, "Helena")
        story.does("changes", approver="Helena", comment="shorter")
        story.does("resubmit", by=AUTHOR)
        assert story.waiting == ["Helena", "Anna", "Bert", "Carl"]
        story.decides("Helena")
        assert story.status == "inReview"
        story.decides("Carl")
        assert story.status == "approved"


class TestFourEyes:
    """Checked when a task is handed over, not when it is too late to hand it on."""

    @pytest.mark.parametrize("verb", ["delegate", "reassign"])
    def test_a_task_is_not_given_to_a_person_who_decided_another_stage(self, verb: str) -> None:
        """Without four eyes it may go to anybody."""
        story = Story(policy({"approvers": ["Anna"]}, {"approvers": ["Bert"]}, fourEyes=True)).check()
        story.decides("Anna")
        refusal = story.does(verb, **{"from": "Bert", "to": "Anna"})
        assert code(refusal) == "conflict"
        assert refusal.reason == "Anna has decided in another stage, and this policy requires four eyes"
        lenient = Story(policy({"approvers": ["Anna"]}, {"approvers": ["Bert"]})).check()
        lenient.decides("Anna")
        assert isinstance(lenient.does(verb, **{"from": "Bert", "to": "Anna"}), Accepted)

    def test_a_task_is_not_given_to_a_person_with_an_early_answer(self) -> None:
        """That answer will count for its own stage."""
        second = {"approvers": ["Bert", "Carl"]}
        story = Story(policy({"approvers": ["Anna", "Olga"]}, second, fourEyes=True)).check()
        story.decides("Carl")
        assert code(story.does("delegate", approver="Anna", to="Carl")) == "conflict"


class TestTakingBack:
    """Who delegated a task may have it back."""

    @pytest.fixture
    def story(self) -> Story:
        """Anna has delegated to Yuki, and Yuki to Petra."""
        story = Story(policy({"approvers": ["Anna", "Bert"], "rule": "all"})).check()
        story.does("delegate", approver="Anna", to="Yuki")
        story.does("delegate", approver="Yuki", to="Petra")
        return story

    def test_taking_back_ends_the_delegation(self, story: Story) -> None:
        """Whoever has the task by then."""
        assert isinstance(story.does("takeBack", Via.PERSON, by="Anna", comment="back"), Accepted)
        assert [(each.person, each.on_behalf_of) for each in story.review.waiting_for] == [
            ("Anna", None),
            ("Bert", None),
        ]
        entry = story.of(Kind.DELEGATED)[-1]
        assert (entry.by, entry.owner, entry.to, entry.comment) == ("Anna", "Petra", "Anna", "back")

    def test_taking_back_twice_changes_nothing(self, story: Story) -> None:
        """The second time is a repetition."""
        story.does("takeBack", by="Anna")
        assert isinstance(story.does("takeBack", by="Anna"), AlreadyRecorded)

    def test_only_the_person_who_delegated_may_take_back(self, story: Story) -> None:
        """Nobody else has anything to take back."""
        for person in ("Bert", "Petra", "Eve"):
            assert code(story.does("takeBack", by=person)) == "notAsked"

    def test_taking_back_reaches_the_persons_own_delegation(self, story: Story) -> None:
        """Yuki has it again on behalf of Anna, and Anna may still end that; a task cannot come back twice."""
        assert isinstance(story.does("takeBack", Via.PERSON, by="Yuki"), Accepted)
        assert story.review.waiting_for[0].on_behalf_of == "Anna"
        assert isinstance(story.does("takeBack", by="Anna"), Accepted)
        assert code(story.does("takeBack", by="Yuki")) == "notAsked"

    def test_a_reassigned_task_cannot_be_taken_back(self, story: Story) -> None:
        """It is on nobody's behalf any more."""
        story.does("reassign", **{"from": "Petra", "to": "Zoe"})
        story.does("delegate", approver="Zoe", to="Eve")
        for person in ("Anna", "Yuki"):
            assert code(story.does("takeBack", by=person)) == "notAsked"

    def test_taking_back_gives_nobody_a_second_seat(self, story: Story) -> None:
        """Anna has got Bert's task meanwhile: one person can fill one of the two."""
        story.does("delegate", approver="Bert", to="Anna")
        assert code(story.does("takeBack", by="Anna")) == "conflict"
        story.decides("Anna")
        assert code(story.does("takeBack", by="Anna")) == "conflict"
        assert (story.status, story.waiting) == ("inReview", ["Petra"])

    def test_taking_back_leaves_the_next_stage_its_people(self) -> None:
        """With four eyes Yuki was free to get a task and to pass it on; Pia has one meanwhile."""
        first, second = {"approvers": ["Anna", "Bert"], "rule": "all"}, {"approvers": ["Yuki", "Pia"]}
        story = Story(policy(first, second, fourEyes=True)).check()
        for owner, to in (("Anna", "Yuki"), ("Yuki", "Zoe"), ("Bert", "Pia")):
            assert isinstance(story.does("delegate", approver=owner, to=to), Accepted)
        assert code(story.does("takeBack", by="Yuki")) == "conflict"
        assert isinstance(story.does("takeBack", by="Anna"), Accepted)

    def test_an_answered_task_cannot_be_taken_back(self, story: Story) -> None:
        """An answer cannot be changed."""
        story.decides("Petra")
        refusal = story.does("takeBack", by="Anna")
        assert (code(refusal), refusal.reason) == ("alreadyDecided", "Petra has answered on behalf of Anna")

    def test_taking_back_needs_an_open_stage(self, story: Story) -> None:
        """Before and after it there is no task."""
        story.does("changes", approver="Bert", comment="shorter")
        assert code(story.does("takeBack", by="Anna")) == "notNow"
        story.does("withdraw", by=AUTHOR)
        assert code(story.does("takeBack", by="Anna")) == "over"

    def test_taking_back_is_refused_for_a_person_who_decided_elsewhere_with_four_eyes(self) -> None:
        """They could not answer it."""
        stages = {"approvers": ["the board"], "anyone": True}, {"approvers": ["Anna", "Bert"]}
        story = Story(policy(*stages, fourEyes=True)).check()
        story.decides("Anna", via=Via.QUEUE)
        assert isinstance(story.does("delegate", approver="Anna", to="Yuki"), Accepted)
        assert code(story.does("takeBack", by="Anna")) == "conflict"


def test_a_reassignment_without_a_name_is_by_a_system() -> None:
    """Not by the owner, who may know nothing of it; a signed-in person is its author."""
    story = Story(policy({"approvers": ["Anna", "Bert"], "rule": "all"})).check()
    story.does("reassign", **{"from": "Anna", "to": "Olga"})
    story.does("reassign", Via.PERSON, **{"from": "Bert", "to": "Pia"})
    assert [entry.by for entry in story.of(Kind.REASSIGNED)] == [A_SYSTEM, "Bert"]
    assert code(story.does("comments", by=A_SYSTEM, comment="hello")) == "notAsked"


class TestOutcome:
    """The word of an end has everybody's words in it."""

    def test_the_outcome_has_the_policys_word_even_if_the_last_approval_has_none(self) -> None:
        """Two approve with conditions, and the last one without."""
        story = Story(policy(FOUR, outcomes=CONDITIONS)).check()
        for person, word in {"Anna": "Approved with conditions", "Bert": "approved with conditions"}.items():
            story.decides(person, word)
        story.decides("Carl")
        story.decides("Dana")
        assert (story.status, story.review.end.word) == ("approved", "Approved with conditions")

    def test_the_outcome_has_all_different_conditions(self) -> None:
        """In the order of the answers, over all stages."""
        story = Story(policy({"approvers": ["Anna"]}, {"approvers": ["Bert"]}, outcomes=CONDITIONS)).check()
        story.decides("Anna", "for a year")
        story.decides("Bert", "approved with conditions")
        assert story.review.end.word == "for a year, approved with conditions"

    def test_a_rejection_has_the_words_of_those_who_rejected(self) -> None:
        """Conditions of approvals do not count."""
        story = Story(policy({**BOARD}, outcomes=CONDITIONS)).check()
        story.decides("Anna", "not here")
        story.decides("Bert", "for a year")
        story.decides("Carl", "reject")
        assert (story.status, story.review.end.word) == ("rejected", "not here")

    def test_a_timeout_has_no_persons_word(self) -> None:
        """But conditions that somebody set before stay."""
        silent = {"approvers": ["Bert"], "onTimeout": "approve"}
        story = Story(policy({"approvers": ["Anna"]}, silent, outcomes=CONDITIONS)).check()
        story.decides("Anna")
        assert (story.passes(72).status, story.review.end.word) == ("approved", "approved")
        other = Story(policy({"approvers": ["Anna"]}, silent, outcomes=CONDITIONS)).check()
        other.decides("Anna", "for a year")
        assert other.passes(72).review.end.word == "for a year"
