"""What an answer is about: what its sender names, or can have seen."""

from approvals.record.entries import Via
from approvals.rules.acceptance import Accepted
from approvals.rules.eligibility import AlreadyRecorded
from tests.approvals.rules.begun import TWO, begun, refused
from tests.approvals.story import AUTHOR


class TestNaming:
    """Document and round, as the sender names them."""

    def test_the_document_is_required_once_it_has_changed(self) -> None:
        """The answer could be about the earlier one."""
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

    def test_a_wish_for_changes_needs_the_document_also_during_its_checks(self) -> None:
        """The reader learns what changed, not only that it is too early."""
        story = begun()
        first = story.review.document
        story.attaches("offer.md", "v2")
        for about in ({}, {"document": first}, {"round": 1}):
            refusal = refused(story.does("changes", approver="Mara", comment="shorter", **about))
            assert refusal.changes == ("Ines replaced offer.md at 2026-03-02 09:00 UTC",)
        refused(story.does("changes", approver="Mara", comment="shorter", document=story.review.document), "notNow")

    def test_a_wrong_document_is_refused_with_the_changes_since(self) -> None:
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

    def test_an_unknown_document_is_refused(self) -> None:
        """No changes can be listed."""
        refusal = refused(begun().decides("Mara", document="ab" * 32))
        assert refusal.reason == "no document of this proposal has that hash"

    def test_a_document_that_came_back_is_accepted(self) -> None:
        """The same words and files are the same document."""
        story = begun()
        first = story.review.document
        story.attaches("offer.md", "v2")
        story.attaches("offer.md", "v1")
        story.check()
        assert isinstance(story.decides("Mara", document=first), Accepted)

    def test_a_round_stands_for_its_document(self) -> None:
        """An earlier or later round is refused."""
        story = begun()
        story.attaches("offer.md", "v2")
        story.check()
        assert refused(story.decides("Mara", round=1)).changes == ("Ines replaced offer.md at 2026-03-02 09:00 UTC",)
        assert refused(story.decides("Mara", round=3)).reason == "there is no round 3 yet; the current round is 2"
        assert isinstance(story.decides("Mara", round=2), Accepted)

    def test_a_round_with_several_documents_is_not_enough(self) -> None:
        """It does not say which of them is meant."""
        story = begun()
        story.attaches("offer.md", "v2")
        story.attaches("plan.md", "v1")
        story.check()
        assert refused(story.decides("Mara", round=2)).reason == (
            "round 2 has had several documents, so give the document's hash: Ines added plan.md at 2026-03-02 09:00 UTC"
        )

    def test_an_ended_round_is_refused_even_if_nothing_changed(self) -> None:
        """The document was resubmitted without a change."""
        story = begun({"approvers": ["Mara", "Jonas"], "rule": "all"})
        story.does("changes", approver="Jonas", comment="who pays?")
        story.does("resubmit", by=AUTHOR)
        assert refused(story.decides("Mara", round=1)).reason == (
            "round 1 is over; the document is the same in round 2, so name that round"
        )
        assert isinstance(story.decides("Mara"), Accepted)

    def test_document_and_round_must_both_be_right(self) -> None:
        """One of them alone is not enough."""
        story = begun()
        document = story.review.document
        refused(story.decides("Mara", document=document, round=2))
        refused(story.decides("Mara", document="ab" * 32, round=1))
        assert isinstance(story.decides("Mara", document=document, round=1), Accepted)

    def test_the_document_is_optional_for_a_person_who_was_asked_only_about_the_last_one(self) -> None:
        """The person of the second stage has seen no other."""
        story = begun(*TWO)
        story.attaches("offer.md", "v2")
        story.check()
        story.decides("Mara", document=story.review.document)
        assert isinstance(story.decides("Jonas"), Accepted)

    def test_the_document_is_required_from_a_person_who_was_not_asked_after_a_change(self) -> None:
        """They can have seen any document since the submission."""
        story = begun(*TWO)
        assert isinstance(story.decides("Jonas", document=story.review.document), Accepted)
        other = begun(*TWO)
        assert refused(other.decides("Jonas")).reason == (
            "the document has changed since the proposal was submitted: Ines added offer.md at 2026-03-02 09:00 UTC"
        )

    def test_the_document_is_optional_for_a_member_of_a_body_that_was_asked(self) -> None:
        """The board was asked, and a system names a member of it."""
        story = begun({"approvers": ["the board"], "anyone": True})
        assert isinstance(story.decides("Eve"), Accepted)

    def test_the_right_to_answer_is_checked_before_the_document(self) -> None:
        """Nobody else may learn what changed."""
        story = begun()
        story.attaches("offer.md", "v2")
        refused(story.decides("Eve"), "notAsked")
        refused(story.decides(AUTHOR), "selfApproval")

    def test_a_repeated_decision_needs_no_current_document(self) -> None:
        """It was recorded before the change."""
        story = begun({"approvers": ["Mara", "Jonas"], "rule": "all"})
        story.decides("Mara", decisionId="d1")
        story.attaches("offer.md", "v2")
        assert isinstance(story.decides("Mara", decisionId="d1"), AlreadyRecorded)

    def test_a_long_list_of_changes_is_shortened_in_the_reason(self) -> None:
        """The list itself has all of them."""
        story = begun()
        first = story.review.document
        for number in range(7):
            story.attaches("offer.md", f"v2.{number}")
        refusal = refused(story.decides("Mara", document=first))
        assert refusal.reason.startswith("the document has changed: after 2 earlier changes Ines replaced")
        assert len(refusal.changes) == 7

    def test_the_changes_of_a_resubmission_name_the_changed_fields(self) -> None:
        """Files added before it are listed separately."""
        story = begun()
        first = story.review.document
        story.does("changes", approver="Mara", comment="shorter")
        story.attaches("plan.md", "v1")
        story.does("resubmit", by=AUTHOR, title="Short bench", cost=90.0)
        assert [each.partition(" at ")[0] for each in refused(story.decides("Mara", document=first)).changes] == [
            "Ines added plan.md",
            "Ines changed the title, the cost",
        ]

    def test_a_link_names_the_round_of_its_letter(self) -> None:
        """Its refusal lists the changes, like any other."""
        story = begun()
        link = story.link("Mara")
        story.attaches("offer.md", "v2")
        assert refused(story.decides("Mara", via=Via.LINK, link=link)).changes
        assert refused(story.does("changes", Via.LINK, link, approver="Mara", comment="no")).changes
        story.check()
        assert refused(story.decides("Mara", via=Via.LINK, link=link)).changes
        assert isinstance(story.decides("Mara", via=Via.LINK, link=story.link("Mara", id="new")), Accepted)
