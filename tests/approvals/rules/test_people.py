"""What several people were promised is what several people give: quorums, ladders, four eyes, tasks that come back."""

from dataclasses import replace
from typing import Any

import pytest

from approvals.record.entries import Kind, Via
from approvals.reserved_names import A_SYSTEM
from approvals.rules.acceptance import Accepted, Repeated
from approvals.rules.eligibility import Refused
from tests.approvals.story import AUTHOR, Story, policy

BOARD = {"approvers": ["Anna", "Bert", "Carl"], "rule": "quorum", "quorum": 2}
CONDITIONS = {"approved with conditions": "approve", "for a year": "approve", "not here": "reject"}
FOUR = {"approvers": ["Anna", "Bert", "Carl", "Dana"], "rule": "all"}


def code(answer: object) -> str:
    """The code of a refusal."""
    assert isinstance(answer, Refused), answer
    return answer.code


def escalated(stage: dict[str, Any], *to: str, **answers: str) -> Story:
    """A stage whose window has run out after these answers."""
    story = Story(policy({**stage, "escalateTo": [{"to": list(to)}]})).check()
    for person, word in answers.items():
        story.decides(person, word)
    return story.passes(72)


class TestTheLadder:
    """Each person on a rung takes one of the places that nobody has filled."""

    def test_leaves_a_quorum_that_one_person_cannot_make_up_to_two(self) -> None:
        """Those who have not answered are asked on, and hold no second place."""
        story = escalated(BOARD, "Helena", Anna="reject")
        assert story.waiting == ["Helena", "Bert", "Carl"]
        assert code(story.does("delegate", approver="Helena", to="Bert")) == "conflict"
        assert code(story.does("delegate", approver="Helena", to="Anna")) == "conflict"
        story.decides("Bert")
        assert story.status == "inReview"
        story.decides("Helena")
        assert story.status == "approved"

    def test_takes_the_stage_over_where_it_has_people_enough(self) -> None:
        """As many of them must agree as are missing; whoever was late is told so."""
        story = escalated(BOARD, "Helena", "Olga")
        assert story.waiting == ["Helena", "Olga"]
        assert code(story.decides("Bert")) == "over"
        assert isinstance(story.does("delegate", approver="Helena", to="Bert"), Accepted)
        story.decides("Bert")
        assert story.status == "inReview"
        story.decides("Olga")
        assert story.status == "approved"

    def test_counts_what_was_answered_before(self) -> None:
        """One yes is there, so one is missing."""
        story = escalated(BOARD, "Helena", Anna="approve")
        assert story.waiting == ["Helena"]
        story.decides("Helena")
        assert story.status == "approved"

    def test_replaces_a_required_person_who_was_silent(self) -> None:
        """Though there were enough without them."""
        story = escalated({**BOARD, "required": ["Carl"]}, "Helena", Anna="approve", Bert="approve")
        assert story.waiting == ["Helena"]
        story.decides("Helena")
        assert story.status == "approved"

    def test_lets_one_of_the_rung_say_no_for_all(self) -> None:
        """As before."""
        story = escalated(BOARD, "Helena", "Olga")
        story.decides("Olga", "reject")
        assert story.status == "rejected"

    def test_lets_those_who_are_asked_on_say_no_by_their_own_rule(self) -> None:
        """Here two others can still agree; then they cannot."""
        story = escalated(BOARD, "Helena")
        story.decides("Anna", "reject")
        assert story.status == "inReview"
        story.decides("Bert", "reject")
        assert story.status == "inReview"
        story.decides("Carl", "reject")
        assert story.status == "rejected"

    @pytest.mark.parametrize("more", [{"rule": "all", "quorum": None}, {"veto": ["Anna"]}, {"required": ["Anna"]}])
    def test_keeps_a_veto_what_it_is(self, more: dict[str, Any]) -> None:
        """And a required person, and one of all."""
        story = escalated({**BOARD, **more}, "Helena")
        story.decides("Anna", "reject")
        assert story.status == "rejected"

    def test_goes_on_to_the_next_rung_with_whoever_is_needed(self) -> None:
        """Also those of the rung before."""
        story = Story(policy({**BOARD, "escalateTo": ["Helena", "Olga"]})).check().passes(72)
        story.decides("Carl")
        story.passes(72)
        assert story.waiting == ["Olga"]
        other = Story(policy({**BOARD, "escalateTo": ["Helena", "Olga"]})).check().passes(72).passes(72)
        assert other.waiting == ["Olga", "Helena", "Anna", "Bert", "Carl"]

    def test_asks_nobody_twice_whose_seat_was_answered_or_who_is_asked_already(self) -> None:
        """A seat has one answer, whoever gave it."""
        stage = {"approvers": ["Anna", "Bert"], "rule": "all", "escalateTo": [{"to": ["Anna", "Bert", "Olga"]}]}
        story = Story(policy(stage)).check()
        story.does("delegate", approver="Anna", to="Yuki")
        story.decides("Yuki")
        story.passes(72)
        assert story.waiting == ["Bert", "Olga"]

    def test_of_a_record_of_before_is_decided_by_one_as_it_was(self) -> None:
        """Its entry does not say how many, and asks nobody else."""
        story = escalated(BOARD, "Helena", Anna="reject")
        entry = story.entries[-1]
        story.entries = (*story.entries[:-1], replace(entry, asked=entry.asked[:1], needed=None))
        story.forget()
        story.decides("Helena")
        assert story.status == "approved"

    def test_keeps_what_is_needed_when_changes_were_asked_for(self) -> None:
        """The stage opens again as it was."""
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
    def test_keep_a_task_from_who_has_decided_a_stage(self, verb: str) -> None:
        """Without them it may go anywhere."""
        story = Story(policy({"approvers": ["Anna"]}, {"approvers": ["Bert"]}, fourEyes=True)).check()
        story.decides("Anna")
        refusal = story.does(verb, **{"from": "Bert", "to": "Anna"})
        assert code(refusal) == "conflict"
        assert refusal.reason == "Anna has decided in another stage, and this policy requires four eyes"
        lenient = Story(policy({"approvers": ["Anna"]}, {"approvers": ["Bert"]})).check()
        lenient.decides("Anna")
        assert isinstance(lenient.does(verb, **{"from": "Bert", "to": "Anna"}), Accepted)

    def test_keep_a_task_from_who_has_answered_early(self) -> None:
        """That answer will count for a stage of its own."""
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

    def test_ends_the_delegation(self, story: Story) -> None:
        """From whoever has it by then."""
        assert isinstance(story.does("takeBack", Via.PERSON, by="Anna", comment="back"), Accepted)
        assert [(each.person, each.on_behalf_of) for each in story.review.waiting_for] == [
            ("Anna", None),
            ("Bert", None),
        ]
        entry = story.of(Kind.DELEGATED)[-1]
        assert (entry.by, entry.owner, entry.to, entry.comment) == ("Anna", "Petra", "Anna", "back")

    def test_twice_is_once(self, story: Story) -> None:
        """The same again changes nothing."""
        story.does("takeBack", by="Anna")
        assert isinstance(story.does("takeBack", by="Anna"), Repeated)

    def test_is_for_who_gave_it(self, story: Story) -> None:
        """Nobody else has anything to take back."""
        for person in ("Bert", "Petra", "Eve"):
            assert code(story.does("takeBack", by=person)) == "notAsked"

    def test_goes_as_far_as_whoever_asks_for_it_gave(self, story: Story) -> None:
        """Yuki has it again in Anna's stead, and Anna may still end that; what came back cannot come back twice."""
        assert isinstance(story.does("takeBack", Via.PERSON, by="Yuki"), Accepted)
        assert story.review.waiting_for[0].on_behalf_of == "Anna"
        assert isinstance(story.does("takeBack", by="Anna"), Accepted)
        assert code(story.does("takeBack", by="Yuki")) == "notAsked"

    def test_is_over_once_somebody_has_reassigned_the_task(self, story: Story) -> None:
        """It is in nobody's stead any more."""
        story.does("reassign", **{"from": "Petra", "to": "Zoe"})
        story.does("delegate", approver="Zoe", to="Eve")
        for person in ("Anna", "Yuki"):
            assert code(story.does("takeBack", by=person)) == "notAsked"

    def test_gives_nobody_a_second_place(self, story: Story) -> None:
        """Anna has been given Bert's meanwhile: one of the two is all that one person can fill."""
        story.does("delegate", approver="Bert", to="Anna")
        assert code(story.does("takeBack", by="Anna")) == "conflict"
        story.decides("Anna")
        assert code(story.does("takeBack", by="Anna")) == "conflict"
        assert (story.status, story.waiting) == ("inReview", ["Petra"])

    def test_leaves_the_next_stage_its_people(self) -> None:
        """With four eyes Yuki was free to be given a task, and free to give it on; Pia has one meanwhile."""
        first, second = {"approvers": ["Anna", "Bert"], "rule": "all"}, {"approvers": ["Yuki", "Pia"]}
        story = Story(policy(first, second, fourEyes=True)).check()
        for owner, to in (("Anna", "Yuki"), ("Yuki", "Zoe"), ("Bert", "Pia")):
            assert isinstance(story.does("delegate", approver=owner, to=to), Accepted)
        assert code(story.does("takeBack", by="Yuki")) == "conflict"
        assert isinstance(story.does("takeBack", by="Anna"), Accepted)

    def test_comes_too_late_once_it_is_answered(self, story: Story) -> None:
        """An answer stands as it was given."""
        story.decides("Petra")
        refusal = story.does("takeBack", by="Anna")
        assert (code(refusal), refusal.reason) == ("alreadyDecided", "Petra has answered on behalf of Anna")

    def test_needs_an_open_stage(self, story: Story) -> None:
        """Before and after there is no task."""
        story.does("changes", approver="Bert", comment="shorter")
        assert code(story.does("takeBack", by="Anna")) == "notNow"
        story.does("withdraw", by=AUTHOR)
        assert code(story.does("takeBack", by="Anna")) == "over"

    def test_is_not_for_who_has_decided_elsewhere_under_four_eyes(self) -> None:
        """They could not answer it."""
        stages = {"approvers": ["the board"], "anyone": True}, {"approvers": ["Anna", "Bert"]}
        story = Story(policy(*stages, fourEyes=True)).check()
        story.decides("Anna", via=Via.QUEUE)
        assert isinstance(story.does("delegate", approver="Anna", to="Yuki"), Accepted)
        assert code(story.does("takeBack", by="Anna")) == "conflict"


def test_a_reassignment_without_a_name_is_the_systems() -> None:
    """Not the owner's, who may know nothing of it; somebody who signed in is its author."""
    story = Story(policy({"approvers": ["Anna", "Bert"], "rule": "all"})).check()
    story.does("reassign", **{"from": "Anna", "to": "Olga"})
    story.does("reassign", Via.PERSON, **{"from": "Bert", "to": "Pia"})
    assert [entry.by for entry in story.of(Kind.REASSIGNED)] == [A_SYSTEM, "Bert"]
    assert code(story.does("comments", by=A_SYSTEM, comment="hello")) == "notAsked"


class TestOutcome:
    """The word of an end has everybody's words in it."""

    def test_of_several_is_the_policys_own_and_not_the_last(self) -> None:
        """Two have conditions, and the last yes has none."""
        story = Story(policy(FOUR, outcomes=CONDITIONS)).check()
        for person, word in {"Anna": "Approved with conditions", "Bert": "approved with conditions"}.items():
            story.decides(person, word)
        story.decides("Carl")
        story.decides("Dana")
        assert (story.status, story.review.end.word) == ("approved", "Approved with conditions")

    def test_of_different_conditions_has_all_of_them(self) -> None:
        """In the order in which they came, over all stages."""
        story = Story(policy({"approvers": ["Anna"]}, {"approvers": ["Bert"]}, outcomes=CONDITIONS)).check()
        story.decides("Anna", "for a year")
        story.decides("Bert", "approved with conditions")
        assert story.review.end.word == "for a year, approved with conditions"

    def test_of_a_no_has_the_words_of_those_who_said_no(self) -> None:
        """Conditions of a yes are nothing to it."""
        story = Story(policy({**BOARD}, outcomes=CONDITIONS)).check()
        story.decides("Anna", "not here")
        story.decides("Bert", "for a year")
        story.decides("Carl", "reject")
        assert (story.status, story.review.end.word) == ("rejected", "not here")

    def test_of_a_silence_is_not_the_word_of_somebody(self) -> None:
        """But conditions that somebody made before stay."""
        silent = {"approvers": ["Bert"], "onTimeout": "approve"}
        story = Story(policy({"approvers": ["Anna"]}, silent, outcomes=CONDITIONS)).check()
        story.decides("Anna")
        assert (story.passes(72).status, story.review.end.word) == ("approved", "approved")
        other = Story(policy({"approvers": ["Anna"]}, silent, outcomes=CONDITIONS)).check()
        other.decides("Anna", "for a year")
        assert other.passes(72).review.end.word == "for a year"
