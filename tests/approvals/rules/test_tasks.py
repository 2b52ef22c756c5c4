"""Handing tasks over, reminding, commenting, asking for changes, resubmitting, adding files, withdrawing."""

import pytest

from approvals.record.entries import Kind, Via
from approvals.rules.acceptance import Accepted
from approvals.rules.eligibility import ActionRefused, AlreadyRecorded
from tests.approvals.story import AUTHOR, Story, policy

PAIR = {"approvers": ["Mara", "Jonas"], "rule": "all"}


@pytest.fixture
def story() -> Story:
    """Mara and Jonas must both agree; the checks are through."""
    return Story(policy(PAIR)).check()


def code(answer: object) -> str:
    """The code of a refusal."""
    assert isinstance(answer, ActionRefused), answer
    return answer.code


class TestDelegating:
    """Somebody else answers in one's stead."""

    def test_a_delegate_answers_on_behalf_of_the_owner(self, story: Story) -> None:
        """The record keeps both names; the owner can no longer answer."""
        assert isinstance(story.does("delegate", approver="Mara", to="Ana"), Accepted)
        assert story.waiting == ["Ana", "Jonas"]
        assert "Mara has handed this task over to Ana" == story.decides("Mara").reason
        story.decides("Ana")
        entry = story.of(Kind.DECIDED)[0]
        assert ("Ana", "Mara") == (entry.by, entry.on_behalf_of)

    def test_delegating_twice_changes_nothing(self, story: Story) -> None:
        """The second time is a repetition."""
        story.does("delegate", approver="Mara", to="Ana")
        assert isinstance(story.does("delegate", approver="Mara", to="Ana"), AlreadyRecorded)
        assert len(story.of(Kind.DELEGATED)) == 1

    def test_a_delegate_may_delegate_further_and_back(self, story: Story) -> None:
        """On behalf of the owner all the way; back with the owner on nobody's."""
        story.does("delegate", approver="Mara", to="Ana")
        story.does("delegate", approver="Ana", to="Cem")
        assert story.review.waiting_for[0].on_behalf_of == "Mara"
        story.does("delegate", approver="Cem", to="Mara")
        assert story.review.waiting_for[0].on_behalf_of is None

    def test_delegating_is_refused_to_people_with_a_seat_and_to_the_author(self, story: Story) -> None:
        """Nor can anybody hand over a task that is not theirs."""
        assert code(story.does("delegate", approver="Mara", to="Jonas")) == "conflict"
        assert code(story.does("delegate", approver="Mara", to=AUTHOR)) == "selfApproval"
        assert code(story.does("delegate", approver="Eve", to="Ana")) == "notAsked"
        story.decides("Mara")
        assert code(story.does("delegate", approver="Mara", to="Ana")) == "notAsked"

    def test_delegating_needs_an_open_stage(self, story: Story) -> None:
        """There is no task before and after."""
        assert code(Story(policy(PAIR)).does("delegate", approver="Mara", to="Ana")) == "notNow"
        story.does("withdraw", by=AUTHOR)
        assert code(story.does("delegate", approver="Mara", to="Ana")) == "over"


class TestHandingOverWhatCannotBeDoneWithout:
    """A stage that could be decided when it was planned still can be."""

    @pytest.mark.parametrize("verb", ["delegate", "reassign"])
    def test_the_ladder_does_not_lead_back_to_the_delegate(self, verb: str) -> None:
        """Olga would be escalated to; the others on the ladder were asked."""
        stage = {**PAIR, "escalateTo": ["Olga", {"to": ["Mara", "Pia"]}]}
        story = Story(policy(stage)).check()
        assert isinstance(story.does(verb, **{"from": "Mara", "to": "Olga"}), Accepted)
        assert code(story.does(verb, **{"from": "Jonas", "to": "Pia"})) == "conflict"
        assert isinstance(story.does(verb, **{"from": "Jonas", "to": "Ana"}), Accepted)

    def test_a_stage_that_ends_on_timeout_has_no_ladder(self) -> None:
        """So nobody is reserved for it."""
        story = Story(policy({**PAIR, "onTimeout": "reject", "escalateTo": ["Olga"]})).check()
        assert isinstance(story.does("delegate", approver="Mara", to="Olga"), Accepted)

    def test_a_delegation_leaves_the_next_stage_its_people_with_four_eyes(self) -> None:
        """The refusal comes with the delegation, not when it is too late."""
        lone, pair = {"approvers": ["Olga"]}, {"approvers": ["Olga", "Pia"]}
        strict = Story(policy(PAIR, lone, fourEyes=True)).check()
        assert code(strict.does("delegate", approver="Mara", to="Olga")) == "conflict"
        assert isinstance(strict.does("delegate", approver="Mara", to="Ana"), Accepted)
        assert isinstance(Story(policy(PAIR, lone)).check().does("delegate", approver="Mara", to="Olga"), Accepted)
        loose = Story(policy(PAIR, pair, fourEyes=True)).check()
        assert isinstance(loose.does("delegate", approver="Mara", to="Olga"), Accepted)
        assert code(loose.does("delegate", approver="Jonas", to="Pia")) == "conflict"

    def test_a_person_who_decided_before_is_not_counted_with_four_eyes(self) -> None:
        """Nor is a required person whose seat was taken; on a rung one answer is enough."""
        stages = PAIR, {"approvers": ["Mara", "Pia"]}, {"approvers": ["Jonas", "Pia", "Ana"], "required": ["Ana"]}
        story = Story(policy(*stages, fourEyes=True)).check()
        story.decides("Mara")
        assert code(story.does("delegate", approver="Jonas", to="Pia")) == "conflict"
        assert code(story.does("delegate", approver="Jonas", to="Ana")) == "conflict"
        assert isinstance(story.does("delegate", approver="Jonas", to="Cem"), Accepted)

    def test_an_already_understaffed_stage_does_not_block_a_delegation(self) -> None:
        """Olga decided for the board, and the last stage has nobody else."""
        board = {"approvers": ["the board"], "anyone": True}
        story = Story(policy(board, {"approvers": ["Jonas"]}, {"approvers": ["Olga"]}, fourEyes=True)).check()
        story.decides("Olga")
        assert isinstance(story.does("delegate", approver="Jonas", to="Ana"), Accepted)

    def test_a_required_seat_is_needed_whoever_holds_it_with_four_eyes(self) -> None:
        """On the ladder one answer is enough."""
        first = {"approvers": ["Mara", "Jonas"], "required": ["Mara"], "escalateTo": [{"to": ["Eva", "Fay"]}]}
        story = Story(policy(first, {"approvers": ["Olga"]}, fourEyes=True)).check()
        assert code(story.does("delegate", approver="Mara", to="Olga")) == "conflict"
        assert isinstance(story.does("delegate", approver="Jonas", to="Olga"), Accepted)
        story.passes(72)
        assert isinstance(story.does("delegate", approver="Eva", to="Olga"), Accepted)


class TestReassigning:
    """A task goes to somebody else for good."""

    def test_an_operator_reassigns_a_task_and_the_seat_stays(self, story: Story) -> None:
        """Quorum and required people count as before."""
        story.does("reassign", **{"from": "Mara", "to": "Ana", "by": "the office"})
        assert isinstance(story.does("reassign", **{"from": "Mara", "to": "Ana"}), AlreadyRecorded)
        story.decides("Jonas")
        story.decides("Ana")
        assert story.status == "approved"
        assert story.of(Kind.REASSIGNED)[0].by == "the office"

    def test_only_the_owner_may_reassign_among_signed_in_people(self, story: Story) -> None:
        """A person acts on their own tasks."""
        refusal = story.does("reassign", Via.PERSON, **{"from": "Mara", "to": "Ana", "by": "Jonas"})
        assert code(refusal) == "notAsked"
        assert isinstance(story.does("reassign", Via.PERSON, **{"from": "Mara", "to": "Ana"}), Accepted)


class TestReminding:
    """Those who have not answered are asked once more."""

    def test_a_reminder_names_the_people_without_an_answer(self, story: Story) -> None:
        """Nobody else is reminded."""
        story.decides("Mara")
        story.does("remind", by=AUTHOR)
        assert story.of(Kind.REMINDED)[0].people == ("Jonas",)

    def test_reminders_are_throttled(self, story: Story) -> None:
        """Once an hour; the refusal says when the next is possible."""
        story.does("remind", by=AUTHOR)
        story.waits(0.5)
        refusal = story.does("remind", by=AUTHOR)
        assert (code(refusal), refusal.retry_after_s) == ("tooSoon", 1801)
        story.waits(0.5)
        assert isinstance(story.does("remind", by=AUTHOR), Accepted)

    def test_only_people_with_a_part_may_remind(self, story: Story) -> None:
        """While somebody is waited for."""
        assert code(story.does("remind", Via.PERSON, by="Eve")) == "notAsked"
        story.does("changes", approver="Mara", comment="shorter")
        assert code(story.does("remind", by=AUTHOR)) == "notNow"
        story.does("withdraw", by=AUTHOR)
        assert code(story.does("remind", by=AUTHOR)) == "over"


class TestCommenting:
    """Words that decide nothing."""

    def test_people_with_a_part_may_comment(self, story: Story) -> None:
        """Anybody for whom a system vouches, and signed-in people who are concerned."""
        assert isinstance(story.does("comments", Via.PERSON, by="Jonas", comment="why oak?"), Accepted)
        assert isinstance(story.does("comments", by="the office", comment="noted"), Accepted)
        assert code(story.does("comments", Via.PERSON, by="Eve", comment="hello")) == "notAsked"
        assert story.review.comments == 2

    def test_a_repeated_comment_is_the_same_comment(self, story: Story) -> None:
        """It was delivered twice; others may write the same words."""
        story.does("comments", by="Jonas", comment="why oak?")
        assert isinstance(story.does("comments", by="Jonas", comment="why oak?"), AlreadyRecorded)
        assert isinstance(story.does("comments", by="Mara", comment="why oak?"), Accepted)

    def test_commenting_goes_on_after_the_end(self, story: Story) -> None:
        """As a note."""
        story.does("withdraw", by=AUTHOR)
        assert isinstance(story.does("comments", by="Jonas", comment="pity"), Accepted)


class TestChanges:
    """Back to the author, and again."""

    def test_asking_for_changes_stops_the_clock(self, story: Story) -> None:
        """The rest of the window follows the resubmission."""
        story.passes(70).does("changes", approver="Mara", comment="shorter")
        story.passes(100)
        assert story.status == "changesRequested"
        story.does("resubmit", by=AUTHOR)
        assert story.status == "inReview"
        story.passes(1.9)
        assert story.status == "inReview"
        story.passes(0.1)
        assert story.status == "expired"

    def test_a_resubmission_of_the_same_document_keeps_the_approvals(self, story: Story) -> None:
        """In a round of its own."""
        story.decides("Mara")
        story.does("changes", approver="Jonas", comment="who pays?")
        story.does("resubmit", by=AUTHOR, comment="the town")
        assert (story.review.round, story.waiting) == (2, ["Jonas"])
        story.decides("Jonas")
        assert story.status == "approved"

    @pytest.mark.parametrize("changed", [{"title": "Longer bench"}, {"cost": 90.0}, {"summary": "oak"}])
    def test_a_resubmission_of_another_document_voids_the_approvals(
        self, story: Story, changed: dict[str, object]
    ) -> None:
        """It is checked and people are asked again, from the first stage."""
        story.decides("Mara")
        story.does("changes", approver="Jonas", comment="shorter")
        story.does("resubmit", by=AUTHOR, **changed)
        assert (story.status, story.review.round) == ("checking", 2)
        story.check()
        assert story.waiting == ["Mara", "Jonas"]

    def test_a_file_replaced_before_the_resubmission_voids_the_approvals(self, story: Story) -> None:
        """A file is part of the document."""
        story.decides("Mara")
        story.does("changes", approver="Jonas", comment="the plan is missing")
        story.attaches("plan", "drawn")
        assert story.status == "changesRequested"
        story.does("resubmit", by=AUTHOR)
        assert story.status == "checking"

    def test_a_resubmission_keeps_the_rung(self) -> None:
        """The person escalated to still decides."""
        story = Story(policy({"approvers": ["Mara"], "escalateTo": ["Jonas"]})).check().passes(72)
        story.does("changes", approver="Jonas", comment="shorter")
        story.does("resubmit", by=AUTHOR)
        assert (story.waiting, story.review.stage and story.review.stage.rung) == (["Jonas"], 1)

    def test_changes_that_never_come_let_the_proposal_expire(self, story: Story) -> None:
        """After thirty days, unless the policy has another time."""
        story.does("changes", approver="Mara", comment="shorter")
        story.passes(719)
        assert story.status == "changesRequested"
        story.passes(1)
        assert (story.status, story.review.end.reason) == (
            "expired",
            "the author did not submit the requested changes in time",
        )

    def test_only_asked_people_may_ask_for_changes_while_they_are_asked(self, story: Story) -> None:
        """A second request is a repetition; nobody decides meanwhile."""
        assert code(Story(policy(PAIR)).does("changes", approver="Mara", comment="x")) == "notNow"
        assert code(story.does("changes", approver="Eve", comment="x")) == "notAsked"
        story.does("changes", approver="Mara", comment="shorter")
        assert isinstance(story.does("changes", approver="Mara", comment="shorter"), AlreadyRecorded)
        assert code(story.decides("Jonas")) == "notNow"
        story.does("withdraw", by=AUTHOR)
        assert code(story.does("changes", approver="Mara", comment="x")) == "over"

    def test_a_resubmission_cannot_lead_to_a_stage_that_only_the_author_could_answer(self) -> None:
        """A higher cost adds the budget's owner; otherwise nobody could decide."""
        story = Story(policy(PAIR, budgetLimit=200, budgetOwners=[AUTHOR])).check()
        story.does("changes", approver="Mara", comment="dearer oak")
        refusal = story.does("resubmit", by=AUTHOR, cost=300)
        assert code(refusal) == "invalid"
        assert "stage 'budget': the author is the only approver" in refusal.reason
        assert isinstance(story.does("resubmit", by=AUTHOR, cost=150), Accepted)

    def test_the_author_resubmits_once_after_changes_were_asked_for(self, story: Story) -> None:
        """Not before, and not twice."""
        assert code(story.does("resubmit", by=AUTHOR)) == "notNow"
        story.does("changes", approver="Mara", comment="shorter")
        assert code(story.does("resubmit", by="Mara")) == "notAuthor"
        story.does("resubmit", by=AUTHOR, title="Short bench")
        assert isinstance(story.does("resubmit", by=AUTHOR, title="Short bench"), AlreadyRecorded)
        story.does("withdraw", by=AUTHOR)
        assert code(story.does("resubmit", by=AUTHOR, title="Other")) == "over"


class TestFiles:
    """What is added or exchanged."""

    def test_an_added_file_makes_another_document(self, story: Story) -> None:
        """The approvals were for the earlier one."""
        story.decides("Mara")
        before = story.review.document
        assert isinstance(story.attaches("plan", "drawn"), Accepted)
        assert (story.status, story.review.round) == ("checking", 2)
        assert story.review.document != before
        story.check()
        assert story.waiting == ["Mara", "Jonas"]

    def test_a_file_added_before_anybody_was_asked_starts_no_round(self) -> None:
        """No answer could be void."""
        story = Story(policy(PAIR))
        story.attaches("plan", "drawn")
        assert (story.status, story.review.round) == ("checking", 1)

    def test_a_file_of_the_same_name_replaces_the_earlier_one(self, story: Story) -> None:
        """Unless its content is equal."""
        story.attaches("plan", "drawn")
        assert isinstance(story.attaches("plan", "drawn"), AlreadyRecorded)
        story.attaches("plan", "drawn better")
        assert [each.sha256 for each in story.review.attachments] == ["drawn better"]

    def test_a_proposal_has_at_most_ten_files(self, story: Story) -> None:
        """One may replace another."""
        for number in range(10):
            story.attaches(f"plan {number}", f"drawn {number}")
        assert code(story.attaches("plan 10", "drawn 10")) == "conflict"
        assert isinstance(story.attaches("plan 9", "drawn again"), Accepted)

    def test_only_the_author_adds_files_to_an_open_proposal(self, story: Story) -> None:
        """Nobody else, and not after its end."""
        assert code(story.attaches("plan", "drawn", by="Mara")) == "notAuthor"
        story.does("withdraw", by=AUTHOR)
        assert code(story.attaches("plan", "drawn")) == "over"


class TestWithdrawing:
    """The author takes it back."""

    def test_withdrawing_ends_a_proposal_in_any_open_state(self, story: Story) -> None:
        """During checks, review, changes or the budget stage."""
        checking = Story(policy(PAIR))
        story.does("changes", approver="Mara", comment="shorter")
        for each in (checking, story):
            each.does("withdraw", by=AUTHOR, reason="no need any more")
            assert (each.status, each.review.end.reason) == ("withdrawn", "no need any more")
            assert each.kinds()[-2:] == ["withdrawn", "ended"]
            assert each.waiting == []

    def test_withdrawing_twice_changes_nothing(self, story: Story) -> None:
        """The second time is a repetition."""
        story.does("withdraw", by=AUTHOR)
        assert isinstance(story.does("withdraw", by=AUTHOR), AlreadyRecorded)

    def test_only_the_author_withdraws_and_not_after_the_end(self, story: Story) -> None:
        """A decision is final."""
        assert code(story.does("withdraw", by="Mara")) == "notAuthor"
        story.decides("Mara", "reject")
        assert code(story.does("withdraw", by=AUTHOR)) == "over"
