"""A document under review does not change under the reader: rounds, what they keep, and what findings ask again."""

from dataclasses import replace
from typing import Any

import pytest

from approvals.record.entries import AskedPerson, Kind
from approvals.rules.acceptance import Accepted
from approvals.rules.progress import EDIT_PAUSE, next_wake
from approvals.rules.seats import people_of
from tests.approvals.rules.begun import ONE, PAUSE_H, TWO, begun, refused
from tests.approvals.story import AUTHOR, Story, policy

ALL = {"approvers": ["Mara", "Jonas"], "rule": "all"}


class TestChangingUnderReview:
    """The document does not change under the reader."""

    def test_a_change_voids_early_answers_and_asks_their_people_again(self) -> None:
        """They were about another document."""
        story = begun(*TWO)
        story.decides("Jonas", document=story.review.document)
        story.attaches("offer.md", "v2")
        story.check()
        story.decides("Mara", document=story.review.document)
        assert (story.status, story.waiting) == ("inReview", ["Jonas"])

    def test_several_edits_in_a_row_are_one_round(self) -> None:
        """People are asked again once, after a pause."""
        story = begun()
        asked = len(story.of(Kind.STAGE_OPENED))
        story.attaches("offer.md", "v2")
        story.check(waits=False)
        assert (story.status, story.waiting, next_wake(story.review)) == (
            "checking", [], story.now + EDIT_PAUSE,
        )  # fmt: skip
        story.passes(PAUSE_H / 2).attaches("plan.md", "v1")
        assert story.status == "checking"
        story.check(waits=False).passes(PAUSE_H / 2)
        assert story.waiting == []
        story.passes(PAUSE_H / 2)
        assert (story.review.round, story.waiting) == (2, ["Mara"])
        assert len(story.of(Kind.STAGE_OPENED)) == asked + 1

    def test_answers_to_the_new_document_count_before_people_are_asked_again(self) -> None:
        """Whoever has seen it may answer at once."""
        story = begun()
        story.attaches("offer.md", "v2")
        story.check(waits=False)
        assert isinstance(story.decides("Mara", document=story.review.document), Accepted)
        story.passes(PAUSE_H)
        assert story.status == "approved"

    def test_an_edit_after_people_were_asked_again_is_another_round(self) -> None:
        """The document of a round does not change any more."""
        story = begun()
        for number in range(2, 4):
            story.attaches("offer.md", f"v{number}")
            story.check()
            assert story.review.round == number

    def test_old_records_without_rounds_get_one_for_each_change_after_the_first_stage_opened(self) -> None:
        """Their entries do not name a round, and nobody waits for the author's next edit."""
        story = begun(*TWO)
        story.decides("Mara")
        for number in range(2, 4):
            story.attaches("offer.md", f"v{number}")
            story.entries = (*story.entries[:-1], replace(story.entries[-1], round=None))
            story.forget()
            assert (story.review.round, story.review.edited_at) == (number, None)
        assert story.check(waits=False).waiting == ["Mara"]

    def test_a_change_keeps_a_delegation(self) -> None:
        """The delegate is asked again, on behalf of the owner."""
        story = begun({"approvers": ["Anna", "Bert"], "rule": "all"})
        story.does("delegate", approver="Anna", to="Yuki")
        story.attaches("offer.md", "v2")
        assert refused(story.decides("Anna"), "notAsked").reason == "Anna has handed this task over to Yuki"
        refused(story.decides("Yuki"))
        story.check()
        assert [(each.person, each.on_behalf_of) for each in story.review.waiting_for] == [
            ("Yuki", "Anna"),
            ("Bert", None),
        ]

    def test_a_resubmission_keeps_a_reassignment(self) -> None:
        """Also in a stage that was over."""
        story = begun(*TWO)
        story.does("reassign", **{"from": "Mara", "to": "Olga"})
        story.decides("Olga")
        story.does("changes", approver="Jonas", comment="shorter")
        story.does("resubmit", by=AUTHOR, title="Short bench")
        story.check()
        assert [(each.seat, each.person, each.on_behalf_of) for each in story.review.waiting_for] == [
            ("Mara", "Olga", None)
        ]

    def test_the_answer_of_a_delegate_counts_before_they_are_asked_again(self) -> None:
        """As that of anybody who has seen the new document."""
        story = begun()
        story.does("delegate", approver="Mara", to="Yuki")
        story.attaches("offer.md", "v2")
        assert isinstance(story.decides("Yuki", document=story.review.document), Accepted)
        assert story.check().status == "approved"

    @pytest.mark.parametrize(("busy", "asked"), [(False, "Olga"), (True, "Helena")])
    def test_a_change_keeps_a_delegation_on_a_rung_of_the_ladder(self, busy: bool, asked: str) -> None:
        """It applies when the rung is reached again, unless the delegate has answered by then."""
        story = begun({"approvers": ["Anna", "Bert", "Carl"], "rule": "all", "escalateTo": ["Helena"]})
        story.decides("Anna")
        story.decides("Bert")
        story.passes(72)
        story.does("delegate", approver="Helena", to="Olga")
        story.attaches("offer.md", "v2")
        story.check()
        about = {"document": story.review.document}
        if busy:
            story.does("delegate", approver="Anna", to="Olga")
        story.decides("Olga" if busy else "Anna", **about)
        story.decides("Bert", **about)
        story.passes(72)
        assert story.waiting == [asked]

    def test_a_change_ends_a_delegation_that_was_taken_back(self) -> None:
        """The owner is asked."""
        story = begun()
        story.does("delegate", approver="Mara", to="Yuki")
        story.does("delegate", approver="Yuki", to="Mara")
        story.attaches("offer.md", "v2")
        story.check()
        assert story.waiting == ["Mara"]

    def test_the_owner_is_asked_if_the_delegation_would_break_four_eyes(self) -> None:
        """The new findings add a stage that needs the delegate."""
        security = {"approvers": ["Yuki"], "when": {"findings": ["objections"]}}
        always = {"approvers": ["Bert"], "when": {"findings": ["passed", "warnings", "objections"]}}
        story = Story(policy({"approvers": ["Anna"]}, security, always, fourEyes=True)).check("passed")
        assert isinstance(story.does("delegate", approver="Anna", to="Yuki"), Accepted)
        story.attaches("offer.md", "v2")
        story.check("objections")
        assert story.waiting == ["Anna"]

    def test_the_owner_is_asked_if_the_delegate_would_have_two_seats(self) -> None:
        """Only an old record can have that; a person fills one seat."""
        story = begun({"approvers": ["Anna", "Bert"], "rule": "all"})
        held = AskedPerson(seat="Anna", person="Bert", on_behalf_of="Anna")
        review = replace(story.review, handed_over=(("A", held),))
        assert [each.person for each in people_of(review, review.stages[0])] == ["Anna", "Bert"]


class TestKeepingAnswers:
    """A policy may say what changes an answer outlives."""

    def test_answers_survive_an_added_file(self) -> None:
        """Only people without an answer are asked again."""
        story = begun(ALL, keepAnswersOn=["addedFiles"])
        story.decides("Mara", "approve")
        story.attaches("plan.md", "v1")
        story.check()
        assert (story.review.round, story.waiting) == (2, ["Jonas"])
        story.decides("Jonas", document=story.review.document)
        assert story.status == "approved"

    def test_answers_are_void_if_anything_else_changes(self) -> None:
        """Also together with a tolerated change."""
        story = begun(ALL, keepAnswersOn=["addedFiles", "title"])
        story.decides("Mara")
        story.attaches("plan.md", "v1")
        story.attaches("offer.md", "v2")
        story.check()
        assert story.waiting == ["Mara", "Jonas"]

    @pytest.mark.parametrize(
        ("changed", "waiting"),
        [({"title": "Short bench"}, ["Jonas"]), ({"title": "Short", "cost": 90.0}, ["Mara", "Jonas"])],
    )
    def test_answers_survive_a_resubmission_of_tolerated_fields(
        self, changed: dict[str, Any], waiting: list[str]
    ) -> None:
        """Of the fields that the policy names."""
        story = begun(ALL, keepAnswersOn=["title"])
        story.decides("Mara")
        story.does("changes", approver="Jonas", comment="shorter")
        story.does("resubmit", by=AUTHOR, **changed)
        story.check()
        assert story.waiting == waiting

    def test_answers_are_void_if_a_file_was_replaced_before_a_resubmission(self) -> None:
        """All edits of the author count together."""
        story = begun(ALL, keepAnswersOn=["title", "addedFiles"])
        story.decides("Mara")
        story.does("changes", approver="Jonas", comment="shorter")
        story.attaches("offer.md", "v2")
        story.does("resubmit", by=AUTHOR, title="Short bench")
        story.check()
        assert story.waiting == ["Mara", "Jonas"]

    def test_answers_of_closed_stages_survive(self) -> None:
        """These stages close again at once."""
        story = begun(*TWO, keepAnswersOn=["addedFiles"])
        story.decides("Mara")
        story.attaches("plan.md", "v1")
        story.check()
        assert story.waiting == ["Jonas"]

    def test_answers_of_a_delegate_survive(self) -> None:
        """Also with four eyes."""
        story = begun(ALL, {"approvers": ["Ana"]}, keepAnswersOn=["addedFiles"], fourEyes=True)
        story.does("delegate", approver="Mara", to="Yuki")
        story.decides("Yuki")
        story.attaches("plan.md", "v1")
        story.check()
        assert story.waiting == ["Jonas"]
        assert [(each.person, each.seat, each.on_behalf_of) for each in story.review.stage_answers] == [
            ("Yuki", "Mara", "Mara")
        ]

    def test_answers_on_the_ladder_do_not_survive(self) -> None:
        """The approvers are asked first again."""
        ladder = {**ALL, "escalateTo": [{"to": ["Olga", "Pia"]}]}
        story = begun(ladder, keepAnswersOn=["addedFiles"])
        story.passes(72)
        story.decides("Olga")
        story.attaches("plan.md", "v1")
        story.check()
        assert story.waiting == ["Mara", "Jonas"]
        assert [each.person for each in story.review.answers] == []

    def test_surviving_answers_fill_one_seat_for_each_person(self) -> None:
        """Olga has answered for a body, with Helena from the ladder, and in a stage that asks for her."""
        body = {"approvers": ["Chair", "Deputy"], "anyone": True, "rule": "all", "escalateTo": ["Helena"]}
        story = begun(body, {"approvers": ["Olga", "Jonas"], "rule": "all"}, keepAnswersOn=["addedFiles"])
        story.decides("Olga")
        story.passes(72)
        story.decides("Helena")
        story.decides("Olga")
        story.attaches("plan.md", "v1")
        story.check()
        assert [(each.person, each.stage) for each in story.review.answers] == [("Olga", 0), ("Olga", None)]
        assert (story.review.stage.index, story.waiting) == (0, ["Deputy"])

    def test_no_approval_survives_new_findings(self) -> None:
        """It was given before they could be seen; a reject stands."""
        story = begun({"approvers": ["Mara", "Jonas", "Ana"], "rule": "quorum", "quorum": 1, "required": ["Ana"]},
                      keepAnswersOn=["addedFiles"])  # fmt: skip
        story.decides("Mara")
        story.decides("Jonas", "reject")
        story.attaches("plan.md", "infected")
        story.check("objections", "virus")
        assert story.waiting == ["Mara", "Ana"]


class TestFindings:
    """An approval counts for the findings that it could see."""

    @pytest.mark.parametrize("findings", [("objections", "virus"), ("warnings",), ("incomplete",)])
    def test_an_approval_before_the_findings_is_asked_for_again(self, findings: tuple[str, ...]) -> None:
        """It was given while the checks were running."""
        story = Story(policy(ONE))
        assert isinstance(story.decides("Mara"), Accepted)
        story.check(*findings)
        assert (story.status, story.waiting) == ("inReview", ["Mara"])
        assert isinstance(story.decides("Mara"), Accepted)
        assert story.status == "approved"

    @pytest.mark.parametrize("findings", [(), ("passed",)])
    def test_an_approval_stands_if_the_checks_find_nothing(self, findings: tuple[str, ...]) -> None:
        """There was nothing to see."""
        story = Story(policy(ONE))
        story.decides("Mara")
        assert story.check(*findings).status == "approved"

    def test_a_reject_stands_whatever_the_checks_find(self) -> None:
        """No finding makes it an approval."""
        story = Story(policy(ONE))
        story.decides("Mara", "reject")
        assert story.check("objections", "virus").status == "rejected"

    def test_an_approval_that_could_see_the_findings_stands(self) -> None:
        """The second stage's answer came while the first was open."""
        story = Story(policy(*TWO)).check("objections", "virus")
        story.decides("Jonas")
        story.decides("Mara")
        assert story.status == "approved"
