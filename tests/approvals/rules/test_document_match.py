"""What an answer is about: what its sender names, or can have seen."""

from approvals.record.entries import Via
from approvals.rules.acceptance import Accepted, Repeated
from tests.approvals.rules.begun import TWO, begun, refused
from tests.approvals.story import AUTHOR


class TestNaming:
    """Document and round, as the sender names them."""

    def test_of_the_document_is_needed_once_it_is_another_one_than_when_one_was_asked(self) -> None:
        """The answer on its way was for the one before."""
        story = begun()
        story.attaches("offer.md", "v2")
        refusal = refused(story.decides("Mara"))
        assert refusal.reason == (
            "the document has changed since Mara was asked: Ines replaced offer.md at 2026-03-02 09:00 UTC"
        )
        assert refusal.changes == ("Ines replaced offer.md at 2026-03-02 09:00 UTC",)
        story.check()
        refused(story.decides("Mara"))
        refused(story.does("changes", approver="Mara", comment="shorter"))
        assert isinstance(story.decides("Mara", document=story.review.document), Accepted)
        assert story.status == "approved"

    def test_of_the_document_is_asked_of_a_wish_for_changes_also_while_the_new_one_is_checked(self) -> None:
        """Whoever was reading hears what was changed, and not only that it is too early."""
        story = begun()
        first = story.review.document
        story.attaches("offer.md", "v2")
        for about in ({}, {"document": first}, {"round": 1}):
            refusal = refused(story.does("changes", approver="Mara", comment="shorter", **about))
            assert refusal.changes == ("Ines replaced offer.md at 2026-03-02 09:00 UTC",)
        refused(story.does("changes", approver="Mara", comment="shorter", document=story.review.document), "notNow")

    def test_of_another_document_is_told_what_was_done_since(self) -> None:
        """By whom and when, from that document on."""
        story = begun()
        first = story.review.document
        story.attaches("offer.md", "v2")
        second = story.review.document
        story.attaches("plan.md", "v1")
        story.check()
        assert len(refused(story.decides("Mara", document=first)).changes) == 2
        assert [each.partition(" at ")[0] for each in refused(story.decides("Mara", document=second)).changes] == [
            "Ines added plan.md"
        ]
        assert isinstance(story.decides("Mara", document=story.review.document.upper()), Accepted)

    def test_of_a_document_that_there_never_was_says_so(self) -> None:
        """Nothing can be told of it."""
        refusal = refused(begun().decides("Mara", document="ab" * 32))
        assert refusal.reason == "no document of this proposal has that hash"

    def test_of_a_document_that_came_back_is_right(self) -> None:
        """The same words and files are the same document."""
        story = begun()
        first = story.review.document
        story.attaches("offer.md", "v2")
        story.attaches("offer.md", "v1")
        story.check()
        assert isinstance(story.decides("Mara", document=first), Accepted)

    def test_of_the_round_stands_for_its_document(self) -> None:
        """Of an earlier one, and of one to come, nothing is taken down."""
        story = begun()
        story.attaches("offer.md", "v2")
        story.check()
        assert refused(story.decides("Mara", round=1)).changes == ("Ines replaced offer.md at 2026-03-02 09:00 UTC",)
        assert refused(story.decides("Mara", round=3)).reason == "there is no round 3 yet; the current round is 2"
        assert isinstance(story.decides("Mara", round=2), Accepted)

    def test_of_a_round_that_had_several_documents_is_not_enough(self) -> None:
        """Nobody can know which of them it means."""
        story = begun()
        story.attaches("offer.md", "v2")
        story.attaches("plan.md", "v1")
        story.check()
        assert refused(story.decides("Mara", round=2)).reason == (
            "round 2 has had several documents, so give the document's hash: Ines added plan.md at 2026-03-02 09:00 UTC"
        )

    def test_of_a_round_that_is_over_is_refused_though_nothing_changed(self) -> None:
        """It was resubmitted as it was."""
        story = begun({"approvers": ["Mara", "Jonas"], "rule": "all"})
        story.does("changes", approver="Jonas", comment="who pays?")
        story.does("resubmit", by=AUTHOR)
        assert refused(story.decides("Mara", round=1)).reason == (
            "round 1 is over; the document is the same in round 2, so name that round"
        )
        assert isinstance(story.decides("Mara"), Accepted)

    def test_of_both_must_be_right(self) -> None:
        """One of them alone is not enough."""
        story = begun()
        document = story.review.document
        refused(story.decides("Mara", document=document, round=2))
        refused(story.decides("Mara", document="ab" * 32, round=1))
        assert isinstance(story.decides("Mara", document=document, round=1), Accepted)

    def test_may_be_left_out_by_whoever_was_asked_for_the_last_document_alone(self) -> None:
        """The second stage's person has seen no other one."""
        story = begun(*TWO)
        story.attaches("offer.md", "v2")
        story.check()
        story.decides("Mara", document=story.review.document)
        assert isinstance(story.decides("Jonas"), Accepted)

    def test_may_not_be_left_out_by_whoever_was_never_asked_after_a_change(self) -> None:
        """They can have seen any document since the submission."""
        story = begun(*TWO)
        assert isinstance(story.decides("Jonas", document=story.review.document), Accepted)
        other = begun(*TWO)
        assert refused(other.decides("Jonas")).reason == (
            "the document has changed since the proposal was submitted: Ines added offer.md at 2026-03-02 09:00 UTC"
        )

    def test_may_be_left_out_by_a_member_of_a_body_that_was_asked(self) -> None:
        """Who was asked is the board, of which a system names somebody."""
        story = begun({"approvers": ["the board"], "anyone": True})
        assert isinstance(story.decides("Eve"), Accepted)

    def test_comes_after_who_may_answer_at_all(self) -> None:
        """What was changed is nobody's business but theirs."""
        story = begun()
        story.attaches("offer.md", "v2")
        refused(story.decides("Eve"), "notAsked")
        refused(story.decides(AUTHOR), "selfApproval")

    def test_of_the_same_decision_again_is_the_same_decision(self) -> None:
        """Whatever has happened to the document since."""
        story = begun({"approvers": ["Mara", "Jonas"], "rule": "all"})
        story.decides("Mara", decisionId="d1")
        story.attaches("offer.md", "v2")
        assert isinstance(story.decides("Mara", decisionId="d1"), Repeated)

    def test_that_is_long_ago_is_told_in_short(self) -> None:
        """The record has all."""
        story = begun()
        first = story.review.document
        for number in range(7):
            story.attaches("offer.md", f"v2.{number}")
        refusal = refused(story.decides("Mara", document=first))
        assert refusal.reason.startswith("the document has changed: after 2 earlier changes Ines replaced")
        assert len(refusal.changes) == 7

    def test_by_words_tells_which_were_changed(self) -> None:
        """Of a resubmission; files that came before it are told singly."""
        story = begun()
        first = story.review.document
        story.does("changes", approver="Mara", comment="shorter")
        story.attaches("plan.md", "v1")
        story.does("resubmit", by=AUTHOR, title="Short bench", cost=90.0)
        assert [each.partition(" at ")[0] for each in refused(story.decides("Mara", document=first)).changes] == [
            "Ines added plan.md",
            "Ines changed the title, the cost",
        ]

    def test_by_a_link_is_the_round_of_its_letter(self) -> None:
        """It says what changed, like any other way."""
        story = begun()
        link = story.link("Mara")
        story.attaches("offer.md", "v2")
        assert refused(story.decides("Mara", via=Via.LINK, link=link)).changes
        assert refused(story.does("changes", Via.LINK, link, approver="Mara", comment="no")).changes
        story.check()
        assert refused(story.decides("Mara", via=Via.LINK, link=link)).changes
        assert isinstance(story.decides("Mara", via=Via.LINK, link=story.link("Mara", id="new")), Accepted)
