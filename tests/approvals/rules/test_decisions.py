"""Who may decide, how answers add up, and that each counts once."""

import pytest

from approvals.record.entries import Kind, Via
from approvals.rules.acceptance import Accepted
from approvals.rules.eligibility import ActionRefused, AlreadyRecorded
from tests.approvals.story import AUTHOR, Story, policy

PAIR = {"approvers": ["Mara", "Jonas"]}
THREE = {"approvers": ["Mara", "Jonas", "Ana"]}


def refused(code: str, answer: object) -> bool:
    """Say whether an answer is a refusal of that kind."""
    return isinstance(answer, ActionRefused) and answer.code == code


def test_the_first_answer_decides_a_stage_that_needs_one() -> None:
    """It is approved by that person; the entries have the whole history."""
    story = Story(policy(PAIR)).check()
    assert isinstance(story.decides("Jonas", comment="fine"), Accepted)
    assert story.status == "approved"
    assert story.kinds() == ["submitted", "checked", "stageOpened", "decided", "stageClosed", "ended"]
    assert story.review.end.by == "Jonas"


def test_the_second_person_learns_who_decided() -> None:
    """The refusal of a late answer says so in words."""
    story = Story(policy(PAIR)).check()
    story.decides("Jonas")
    late = story.decides("Mara", "reject")
    assert refused("over", late)
    assert late.reason == "the proposal was approved by Jonas at 2026-03-02 09:00 UTC"


def test_a_late_person_of_a_stage_of_several_learns_who_decided_it() -> None:
    """Also if the proposal goes on."""
    story = Story(policy(PAIR, {"approvers": ["Ana"]})).check()
    story.decides("Jonas")
    late = story.decides("Mara")
    assert refused("over", late)
    assert late.reason == "stage 'A' was approved by Jonas at 2026-03-02 09:00 UTC"


def test_a_person_two_stages_late_learns_about_their_own_stage() -> None:
    """Not about the one after it."""
    story = Story(policy(PAIR, {"approvers": ["Ana"]}, {"approvers": ["Cem"]})).check()
    story.decides("Jonas")
    story.decides("Ana")
    assert story.decides("Mara").reason == "stage 'A' was approved by Jonas at 2026-03-02 09:00 UTC"


def test_a_reject_in_a_single_answer_stage_rejects_the_proposal() -> None:
    """The outcome names the stage."""
    story = Story(policy(PAIR, {"approvers": ["Ana"]})).check()
    story.decides("Mara", "reject")
    assert (story.status, story.review.end.reason, story.review.end.by) == ("rejected", "stage 'A'", "Mara")


def test_all_must_agree_with_the_rule_all() -> None:
    """Two of three are not enough; one reject ends it."""
    story = Story(policy({**THREE, "rule": "all"})).check()
    story.decides("Mara")
    story.decides("Jonas")
    assert (story.status, story.waiting) == ("inReview", ["Ana"])
    story.decides("Ana", "reject")
    assert story.status == "rejected"


def test_a_quorum_needs_that_many_different_people() -> None:
    """A second answer of the same person is a repetition."""
    story = Story(policy({**THREE, "rule": "quorum", "quorum": 2})).check()
    first = story.decides("Mara")
    again = story.decides("mara ")
    assert isinstance(again, AlreadyRecorded)
    assert again.number == first.number
    assert story.status == "inReview"
    story.decides("Ana")
    assert story.status == "approved"


def test_a_quorum_that_can_no_longer_be_met_rejects() -> None:
    """Two of three: the second reject ends it, the first does not."""
    story = Story(policy({**THREE, "rule": "quorum", "quorum": 2})).check()
    story.decides("Mara", "reject")
    assert story.status == "inReview"
    story.decides("Jonas", "reject")
    assert story.status == "rejected"


def test_a_quorum_waits_for_its_required_people() -> None:
    """Two approvals without the required person are not enough; that person's reject ends it."""
    demanding = policy({**THREE, "rule": "quorum", "quorum": 2, "required": ["Ana"]})
    story = Story(demanding).check()
    story.decides("Mara")
    story.decides("Jonas")
    assert story.status == "inReview"
    story.decides("Ana")
    assert story.status == "approved"
    other = Story(demanding).check()
    other.decides("Ana", "reject")
    assert other.status == "rejected"


@pytest.mark.parametrize("veto", [True, ["Jonas"]])
def test_a_veto_ends_a_stage_that_could_still_be_met(veto: object) -> None:
    """Of everybody, or of the named people."""
    story = Story(policy({**THREE, "rule": "quorum", "quorum": 1, "veto": veto})).check()
    story.decides("Jonas", "reject")
    assert story.status == "rejected"


def test_a_reject_without_a_veto_leaves_the_decision_to_the_others() -> None:
    """Only named people have a veto."""
    story = Story(policy({**THREE, "rule": "quorum", "quorum": 1, "veto": ["Jonas"]})).check()
    story.decides("Mara", "reject")
    assert story.status == "inReview"


def test_an_answer_cannot_be_changed() -> None:
    """Another one of the same person is refused with the recorded answer."""
    story = Story(policy({**THREE, "rule": "all"})).check()
    story.decides("Mara")
    other = story.decides("Mara", "reject")
    assert refused("alreadyDecided", other)
    assert other.reason == "Mara answered 'approve' at 2026-03-02 09:00 UTC; an answer cannot be changed"


def test_a_repeated_decision_id_is_the_same_decision_even_after_the_end() -> None:
    """The first answer may have been lost on its way back."""
    story = Story(policy(PAIR)).check()
    first = story.decides("Mara", decisionId="d1")
    again = story.decides("Mara", decisionId="d1")
    assert again == AlreadyRecorded(number=first.number)
    assert refused("alreadyDecided", story.decides("Jonas", decisionId="d1"))


def test_a_repeated_decision_id_for_another_document_is_refused() -> None:
    """The sender must not believe that this document was approved."""
    story = Story(policy({**THREE, "rule": "all"})).check()
    before = story.review.document
    story.decides("Mara", decisionId="d1")
    story.attaches("offer.md", "v2")
    story.check()
    assert refused("alreadyDecided", story.decides("Mara", decisionId="d1", document=story.review.document))
    assert refused("alreadyDecided", story.decides("Mara", decisionId="d1", round=2))
    assert isinstance(story.decides("Mara", decisionId="d1", document=before.upper(), round=1), AlreadyRecorded)
    assert "Mara" in story.waiting


def test_a_repeated_decision_id_asks_for_changes_once() -> None:
    """Also if the message comes again after the author has answered; the id cannot be used for anything else."""
    story = Story(policy({**THREE, "rule": "all"}, outcomes={"later": "changes", "not so": "changes"})).check()
    first = story.decides("Mara", "later", decisionId="d1")
    story.does("resubmit", by=AUTHOR, comment="No need.")
    assert story.decides("Mara", "later", decisionId="d1") == AlreadyRecorded(number=first.number)
    assert story.status == "inReview"
    other = story.decides("Mara", decisionId="d1")
    assert refused("alreadyDecided", other)
    assert other.reason.endswith(
        "asked for changes at 2026-03-02 09:00 UTC; this decisionId belongs to another decision"
    )
    assert refused("alreadyDecided", story.decides("Jonas", "later", decisionId="d1"))
    assert isinstance(story.decides("Mara", "later", decisionId="d2"), Accepted)


def test_a_decision_id_keeps_a_repeated_message_out_of_a_later_stage() -> None:
    """The person is asked twice, the message was sent once."""
    story = Story(policy({"approvers": ["Mara"]}, {"approvers": ["Mara"]})).check()
    story.decides("Mara", decisionId="d1")
    assert story.waiting == ["Mara"]
    assert isinstance(story.decides("Mara", decisionId="d1"), AlreadyRecorded)
    assert story.status == "inReview"


def test_a_repeated_answer_after_the_end_gets_the_same_reply() -> None:
    """It was delivered twice."""
    story = Story(policy(PAIR)).check()
    story.decides("Mara")
    assert isinstance(story.decides("Mara"), AlreadyRecorded)
    assert refused("alreadyDecided", story.decides("Mara", "reject"))


def test_a_person_who_is_not_asked_may_not_decide() -> None:
    """Whoever vouches for them."""
    story = Story(policy(PAIR)).check()
    assert refused("notAsked", story.decides("Eve"))
    assert refused("notAsked", story.decides("Eve", via=Via.PERSON))
    assert story.kinds() == ["submitted", "checked", "stageOpened"]


def test_the_author_may_not_decide_unless_the_policy_allows_it() -> None:
    """Not under another spelling either."""
    story = Story(policy({"approvers": [AUTHOR, "Mara"]})).check()
    assert refused("selfApproval", story.decides("INES"))
    open_minded = Story(policy({"approvers": [AUTHOR]}, allowSelfApproval=True)).check()
    open_minded.decides(AUTHOR)
    assert open_minded.status == "approved"


def test_nobody_decides_two_stages_with_four_eyes() -> None:
    """The second stage waits for somebody else."""
    story = Story(policy({"approvers": ["Mara"]}, PAIR, fourEyes=True)).check()
    story.decides("Mara")
    twice = story.decides("Mara")
    assert isinstance(twice, AlreadyRecorded) or refused("fourEyes", twice)
    assert story.status == "inReview"
    story.decides("Jonas")
    assert story.status == "approved"


def test_a_second_answer_of_one_person_is_refused_because_of_four_eyes() -> None:
    """Two people may answer each stage, but each of them only one."""
    story = Story(policy(PAIR, {"approvers": ["Mara", "Jonas", "Ana"]}, fourEyes=True)).check()
    story.decides("Mara")
    again = story.decides("Mara", "approved")
    assert refused("fourEyes", again)
    assert again.reason == "Mara has decided in an earlier stage, and this policy requires four eyes"
    assert refused("fourEyes", story.does("changes", approver="Mara", comment="shorter"))
    story.decides("Ana")
    assert story.status == "approved"


def test_words_of_the_policy_have_the_meaning_that_it_gives() -> None:
    """The outcome shows the word."""
    conditional = {"with conditions": "approve", "not this year": "reject", "again please": "changes"}
    story = Story(policy(PAIR, outcomes=conditional)).check()
    story.decides("Mara", "with conditions")
    assert (story.status, story.review.end.word) == ("approved", "with conditions")
    other = Story(policy(PAIR, outcomes=conditional)).check()
    other.decides("Mara", "not this year")
    assert other.status == "rejected"
    third = Story(policy(PAIR, outcomes=conditional)).check()
    third.decides("Mara", "again please")
    assert third.status == "changesRequested"


def test_an_unknown_word_is_refused_with_the_known_ones() -> None:
    """An unknown word is never an approval."""
    story = Story(policy(PAIR, outcomes={"with conditions": "approve"})).check()
    answer = story.decides("Mara", "yes")
    assert refused("invalid", answer)
    assert answer.reason == (
        "decision: use one of approve, approved, reject, rejected, changes, with conditions, not 'yes'"
    )


@pytest.mark.parametrize("word", ["Approve", "APPROVED", " approve "])
def test_a_word_counts_in_any_case(word: str) -> None:
    """Another spelling of it is the same answer."""
    story = Story(policy({**THREE, "rule": "all"})).check()
    assert isinstance(story.decides("Mara", word), Accepted)
    assert isinstance(story.decides("Mara", word.lower()), AlreadyRecorded)


def test_an_early_answer_counts_once_its_stage_opens() -> None:
    """Given during the checks or an earlier stage."""
    story = Story(policy({"approvers": ["Mara"]}, {"approvers": ["Jonas"]}))
    assert isinstance(story.decides("Mara"), Accepted)
    assert isinstance(story.decides("Jonas"), Accepted)
    assert story.status == "checking"
    assert isinstance(story.decides("Jonas"), AlreadyRecorded)
    story.check()
    assert story.status == "approved"


def test_an_early_answer_is_void_when_the_document_changes() -> None:
    """It was about the earlier document."""
    story = Story(policy({"approvers": ["Mara"]}))
    story.decides("Mara")
    story.attaches("plan", "new")
    story.check()
    assert (story.status, story.waiting) == ("inReview", ["Mara"])


def test_an_early_answer_of_a_budget_owner_is_kept() -> None:
    """The cost adds the budget stage; the policy does not list it."""
    story = Story(policy({"approvers": ["Mara"]}, budgetLimit=10, budgetOwners=["Olga"]), cost=50)
    story.decides("Olga")
    story.check()
    story.decides("Mara")
    assert story.status == "approved"


def test_two_early_answers_for_one_seat_fill_it_once() -> None:
    """Members of a body, for whom a system vouches."""
    story = Story(policy({"approvers": ["the board"], "anyone": True}))
    story.decides("Mara", via=Via.QUEUE)
    story.decides("Jonas", "reject", via=Via.QUEUE)
    story.check()
    assert (story.status, story.review.end.by) == ("approved", "Mara")


def test_a_system_may_vouch_for_anybody_if_the_policy_allows_it() -> None:
    """The record keeps the person and the body; a signed-in person and the author are excluded."""
    story = Story(policy({"approvers": ["the board"], "anyone": True})).check()
    assert refused("notAsked", story.decides("Eve", via=Via.PERSON))
    assert refused("selfApproval", story.decides(AUTHOR))
    story.decides("Mara")
    [entry] = story.of(Kind.DECIDED)
    assert ("Mara", "the board") == (entry.by, entry.on_behalf_of)
    assert story.status == "approved"


def test_a_cost_above_the_limit_waits_for_the_budget_owner() -> None:
    """After all other stages."""
    costly = policy({"approvers": ["Mara"]}, budgetLimit=10, budgetOwners=["Olga"])
    story = Story(costly, cost=10.01).check()
    story.decides("Mara")
    assert (story.status, story.waiting) == ("awaitingBudget", ["Olga"])
    story.decides("Olga", "reject")
    assert story.status == "rejected"
    cheap = Story(costly, cost=10).check()
    cheap.decides("Mara")
    assert cheap.status == "approved"


def test_a_system_names_the_owner_of_a_budget_without_one() -> None:
    """Anybody but the author."""
    story = Story(policy({"approvers": ["Mara"]}, budgetLimit=10), cost=50).check()
    story.decides("Mara")
    assert (story.status, story.waiting) == ("awaitingBudget", ["the budget owner"])
    assert refused("selfApproval", story.decides(AUTHOR))
    story.decides("Olga")
    assert story.status == "approved"


class TestLinks:
    """A link stands for one person's answer to one question."""

    def test_a_link_decides_once(self) -> None:
        """A second use gets the recorded answer."""
        story = Story(policy({**THREE, "rule": "all"})).check()
        link = story.link("Mara")
        assert isinstance(story.decides("Mara", via=Via.LINK, link=link), Accepted)
        again = story.decides("Mara", via=Via.LINK, link=link)
        assert refused("replayed", again)
        assert again.reason == "this link has been used: Mara answered 'approve' at 2026-03-02 09:00 UTC"

    def test_a_link_asks_for_changes_once(self) -> None:
        """It is used up, also for the next round."""
        story = Story(policy({**THREE, "rule": "all"})).check()
        link = story.link("Mara")
        story.does("changes", Via.LINK, link, approver="Mara", comment="shorter")
        story.does("resubmit", by=AUTHOR)
        again = story.decides("Mara", via=Via.LINK, link=link)
        assert refused("replayed", again)
        assert again.reason == "this link has been used: Mara asked for changes"

    def test_a_link_is_for_one_person_and_proposal(self) -> None:
        """Whatever the form says."""
        story = Story(policy(PAIR)).check()
        assert refused("notAsked", story.decides("Jonas", via=Via.LINK, link=story.link("Mara")))
        elsewhere = story.link("Mara", proposal="p2")
        assert refused("notAsked", story.decides("Mara", via=Via.LINK, link=elsewhere))

    def test_a_link_ends_with_an_escalation(self) -> None:
        """Older links are void then."""
        story = Story(policy({"approvers": ["Mara"], "escalateTo": ["Jonas"]})).check()
        link = story.link("Mara")
        story.passes(72)
        assert refused("superseded", story.decides("Mara", via=Via.LINK, link=link))
        assert refused("superseded", story.does("changes", Via.LINK, link, approver="Mara", comment="no"))

    def test_a_link_ends_with_its_stage_and_says_who_decided(self) -> None:
        """Another person decided in time."""
        story = Story(policy(PAIR, {"approvers": ["Ana"]})).check()
        link = story.link("Mara")
        story.decides("Jonas")
        late = story.decides("Mara", via=Via.LINK, link=link)
        assert refused("over", late)
        assert late.reason == "stage 'A' was approved by Jonas at 2026-03-02 09:00 UTC"

    def test_a_link_ends_with_the_proposal(self) -> None:
        """The refusal says how it ended."""
        story = Story(policy(PAIR)).check()
        link = story.link("Mara")
        story.decides("Jonas")
        assert refused("over", story.decides("Mara", via=Via.LINK, link=link))

    def test_a_link_is_refused_while_nobody_is_asked(self) -> None:
        """Changes were asked for; the new round brings a new link."""
        story = Story(policy(PAIR)).check()
        link = story.link("Mara")
        story.does("changes", approver="Jonas", comment="shorter")
        assert refused("superseded", story.decides("Mara", via=Via.LINK, link=link))
        story.does("resubmit", by=AUTHOR)
        assert refused("superseded", story.decides("Mara", via=Via.LINK, link=link))
        assert isinstance(story.decides("Mara", via=Via.LINK, link=story.link("Mara", id="new")), Accepted)
