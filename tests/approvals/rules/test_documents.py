"""A document under review does not change under the reader: rounds, what they keep, and what findings ask again."""

from dataclasses import replace
from typing import Any

import pytest

from approvals.record.entries import Asked, Kind
from approvals.rules.acceptance import Accepted
from approvals.rules.progress import EDIT_PAUSE, next_wake
from approvals.rules.seats import people_of
from tests.approvals.rules.begun import ONE, PAUSE_H, TWO, begun, refused
from tests.approvals.story import AUTHOR, Story, policy

ALL = {"approvers": ["Mara", "Jonas"], "rule": "all"}


class TestChangingUnderReview:
    """The document does not change under the reader."""

    def test_makes_early_answers_void_and_asks_their_people_again(self) -> None:
        """It was about another document."""
        story = begun(*TWO)
        story.decides("Jonas", document=story.review.document)
        story.attaches("offer.md", "v2")
        story.check()
        story.decides("Mara", document=story.review.document)
        assert (story.status, story.waiting) == ("inReview", ["Jonas"])

    def test_is_one_round_for_all_that_the_author_does_in_one_go(self) -> None:
        """Those who are asked are asked once, after a pause."""
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

    def test_takes_answers_for_the_new_document_before_people_are_asked_again(self) -> None:
        """Whoever has seen it may say so at once."""
        story = begun()
        story.attaches("offer.md", "v2")
        story.check(waits=False)
        assert isinstance(story.decides("Mara", document=story.review.document), Accepted)
        story.passes(PAUSE_H)
        assert story.status == "approved"

    def test_after_people_were_asked_again_is_another_round(self) -> None:
        """What they have been asked about stays what it is."""
        story = begun()
        for number in range(2, 4):
            story.attaches("offer.md", f"v{number}")
            story.check()
            assert story.review.round == number

    def test_of_a_record_of_before_goes_by_whether_a_stage_was_ever_open(self) -> None:
        """Its entries do not say of which round they are, and nobody waits for the author to be through."""
        story = begun(*TWO)
        story.decides("Mara")
        for number in range(2, 4):
            story.attaches("offer.md", f"v{number}")
            story.entries = (*story.entries[:-1], replace(story.entries[-1], round=None))
            story.forget()
            assert (story.review.round, story.review.edited_at) == (number, None)
        assert story.check(waits=False).waiting == ["Mara"]

    def test_leaves_a_delegation_as_it_is(self) -> None:
        """Who has the task is asked again, on behalf of who gave it."""
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

    def test_leaves_it_as_it_is_after_a_resubmission_too(self) -> None:
        """And what was given away for good, also in a stage that was over."""
        story = begun(*TWO)
        story.does("reassign", **{"from": "Mara", "to": "Olga"})
        story.decides("Olga")
        story.does("changes", approver="Jonas", comment="shorter")
        story.does("resubmit", by=AUTHOR, title="Short bench")
        story.check()
        assert [(each.seat, each.person, each.on_behalf_of) for each in story.review.waiting_for] == [
            ("Mara", "Olga", None)
        ]

    def test_takes_the_answer_of_who_has_the_task_before_they_are_asked_again(self) -> None:
        """As anybody's who has seen the new document."""
        story = begun()
        story.does("delegate", approver="Mara", to="Yuki")
        story.attaches("offer.md", "v2")
        assert isinstance(story.decides("Yuki", document=story.review.document), Accepted)
        assert story.check().status == "approved"

    @pytest.mark.parametrize(("busy", "asked"), [(False, "Olga"), (True, "Helena")])
    def test_leaves_it_as_it_is_on_a_rung_of_the_ladder(self, busy: bool, asked: str) -> None:
        """Once it comes to that again; not with somebody who has answered by then."""
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

    def test_ends_a_delegation_that_came_back(self) -> None:
        """The owner is asked."""
        story = begun()
        story.does("delegate", approver="Mara", to="Yuki")
        story.does("delegate", approver="Yuki", to="Mara")
        story.attaches("offer.md", "v2")
        story.check()
        assert story.waiting == ["Mara"]

    def test_asks_the_owner_where_four_eyes_would_come_short(self) -> None:
        """The new document's findings have brought in a stage that needs who had the task."""
        security = {"approvers": ["Yuki"], "when": {"findings": ["objections"]}}
        always = {"approvers": ["Bert"], "when": {"findings": ["passed", "warnings", "objections"]}}
        story = Story(policy({"approvers": ["Anna"]}, security, always, fourEyes=True)).check("passed")
        assert isinstance(story.does("delegate", approver="Anna", to="Yuki"), Accepted)
        story.attaches("offer.md", "v2")
        story.check("objections")
        assert story.waiting == ["Anna"]

    def test_asks_the_owner_where_one_person_would_have_two_places(self) -> None:
        """No record has that but one of before; a place is one person's."""
        story = begun({"approvers": ["Anna", "Bert"], "rule": "all"})
        held = Asked(seat="Anna", person="Bert", on_behalf_of="Anna")
        review = replace(story.review, handed_over=(("A", held),))
        assert [each.person for each in people_of(review, review.stages[0])] == ["Anna", "Bert"]


class TestKeepingAnswers:
    """A policy may say what changes an answer outlives."""

    def test_keeps_them_where_a_file_is_added(self) -> None:
        """Only who has not answered is asked again."""
        story = begun(ALL, keepAnswersOn=["addedFiles"])
        story.decides("Mara", "approve")
        story.attaches("plan.md", "v1")
        story.check()
        assert (story.review.round, story.waiting) == (2, ["Jonas"])
        story.decides("Jonas", document=story.review.document)
        assert story.status == "approved"

    def test_voids_them_where_anything_else_changes(self) -> None:
        """Also together with what is tolerated."""
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
    def test_keeps_them_over_a_resubmission(self, changed: dict[str, Any], waiting: list[str]) -> None:
        """Of words that the policy names alone."""
        story = begun(ALL, keepAnswersOn=["title"])
        story.decides("Mara")
        story.does("changes", approver="Jonas", comment="shorter")
        story.does("resubmit", by=AUTHOR, **changed)
        story.check()
        assert story.waiting == waiting

    def test_voids_what_a_file_was_replaced_under_before_a_resubmission(self) -> None:
        """The author's edit counts as a whole."""
        story = begun(ALL, keepAnswersOn=["title", "addedFiles"])
        story.decides("Mara")
        story.does("changes", approver="Jonas", comment="shorter")
        story.attaches("offer.md", "v2")
        story.does("resubmit", by=AUTHOR, title="Short bench")
        story.check()
        assert story.waiting == ["Mara", "Jonas"]

    def test_keeps_what_stages_that_are_over_were_told(self) -> None:
        """They close again at once."""
        story = begun(*TWO, keepAnswersOn=["addedFiles"])
        story.decides("Mara")
        story.attaches("plan.md", "v1")
        story.check()
        assert story.waiting == ["Jonas"]

    def test_keeps_what_was_answered_by_who_was_given_a_task(self) -> None:
        """Also where nobody may decide in two stages."""
        story = begun(ALL, {"approvers": ["Ana"]}, keepAnswersOn=["addedFiles"], fourEyes=True)
        story.does("delegate", approver="Mara", to="Yuki")
        story.decides("Yuki")
        story.attaches("plan.md", "v1")
        story.check()
        assert story.waiting == ["Jonas"]
        assert [(each.person, each.seat, each.on_behalf_of) for each in story.review.stage_answers] == [
            ("Yuki", "Mara", "Mara")
        ]

    def test_does_not_keep_what_was_answered_on_the_ladder(self) -> None:
        """The approvers are asked first again."""
        ladder = {**ALL, "escalateTo": [{"to": ["Olga", "Pia"]}]}
        story = begun(ladder, keepAnswersOn=["addedFiles"])
        story.passes(72)
        story.decides("Olga")
        story.attaches("plan.md", "v1")
        story.check()
        assert story.waiting == ["Mara", "Jonas"]
        assert [each.person for each in story.review.answers] == []

    def test_gives_nobody_two_seats_for_two_answers_that_were_kept(self) -> None:
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

    def test_keeps_no_yes_where_the_checks_find_something_new(self) -> None:
        """It was given before that could be seen; a no stands."""
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
    def test_that_come_after_it_ask_its_person_again(self, findings: tuple[str, ...]) -> None:
        """The yes was given while the checks were running."""
        story = Story(policy(ONE))
        assert isinstance(story.decides("Mara"), Accepted)
        story.check(*findings)
        assert (story.status, story.waiting) == ("inReview", ["Mara"])
        assert isinstance(story.decides("Mara"), Accepted)
        assert story.status == "approved"

    @pytest.mark.parametrize("findings", [(), ("passed",)])
    def test_that_are_none_leave_it_as_it_is(self, findings: tuple[str, ...]) -> None:
        """There was nothing to see."""
        story = Story(policy(ONE))
        story.decides("Mara")
        assert story.check(*findings).status == "approved"

    def test_leave_a_no_as_it_is(self) -> None:
        """Nothing that is found makes it a yes."""
        story = Story(policy(ONE))
        story.decides("Mara", "reject")
        assert story.check("objections", "virus").status == "rejected"

    def test_that_could_be_seen_ask_nobody_again(self) -> None:
        """The second stage's answer came while the first was open."""
        story = Story(policy(*TWO)).check("objections", "virus")
        story.decides("Jonas")
        story.decides("Mara")
        assert story.status == "approved"
