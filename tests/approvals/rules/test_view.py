"""What people see of a review."""

from approvals.rules.view import show
from tests.approvals.story import Story, policy


def test_an_open_proposal_shows_who_is_waited_for_and_until_when() -> None:
    """And the result of each stage so far."""
    stages = ({"approvers": ["Mara"]}, {"approvers": ["Jonas", "Ana"], "rule": "all"}, {"approvers": ["Olga"]})
    story = Story(policy(*stages)).check("passed")
    story.attaches("plan", "drawn")
    story.check("passed")
    story.decides("Olga", comment="fine", document=story.review.document)
    story.decides("Mara", document=story.review.document, comment="with oak")
    story.decides("Ana")
    story.does("delegate", approver="Jonas", to="Cem")
    shown = show(story.review, now=story.now)
    assert ("inReview", ["Cem"], "2026-03-05T09:00:10+00:00") == (
        shown["status"],
        shown["waitingFor"],
        shown["deadline"],
    )
    assert ["approved", "open", "waiting"] == [stage["state"] for stage in shown["stages"]]
    assert [("Mara", "with oak")] == [(answer["person"], answer["comment"]) for answer in shown["stages"][0]["answers"]]
    assert [("Olga", "fine")] == [(answer["person"], answer["comment"]) for answer in shown["earlyAnswers"]]
    assert {"person": "Cem", "onBehalfOf": "Jonas"} in shown["stages"][1]["asked"]
    assert [{"name": "plan", "contentType": "text/plain", "size": 5, "sha256": "drawn"}] == shown["attachments"]
    assert "outcome" not in shown


def test_requested_changes_show_who_asked_and_the_deadline() -> None:
    """Only the author has a deadline meanwhile."""
    story = Story(policy({"approvers": ["Mara"]})).check()
    story.does("changes", approver="Mara", comment="shorter")
    shown = show(story.review, now=story.now)
    assert {"askedBy": "Mara", "until": "2026-04-01T09:00:00+00:00"} == shown["changes"]
    assert shown["deadline"] is None


def test_an_ended_proposal_shows_how_by_whom_and_why() -> None:
    """With the word that was used, and all answers, also early ones that did not count."""
    stages = {"approvers": ["Mara", "Ana"], "rule": "quorum", "quorum": 1}, {"approvers": ["Olga"]}
    story = Story(policy(*stages, outcomes={"not now": "reject"})).check()
    story.decides("Olga")
    story.decides("Mara", "not now", comment="In spring.")
    story.decides("Ana", "reject")
    outcome = show(story.review, now=story.now)["outcome"]
    answers = outcome.pop("answers")
    assert outcome == {
        "decision": "not now",
        "decidedBy": "Ana",
        "decidedAt": "2026-03-02T09:00:00+00:00",
        "reason": "stage 'A'",
        "silentStages": [],
    }
    assert [(each["person"], each["decision"], each["comment"], each["stage"]) for each in answers] == [
        ("Olga", "approve", "", None),
        ("Mara", "not now", "In spring.", "A"),
        ("Ana", "reject", "", "A"),
    ]
    assert {each["document"] for each in answers} == {story.review.document}


def test_an_ended_proposal_shows_which_stages_passed_by_timeout() -> None:
    """Otherwise they would look answered."""
    silent = {"approvers": ["Mara"], "onTimeout": "approve"}
    story = Story(policy(silent, {"approvers": ["Olga"]})).check().passes(72)
    story.decides("Olga")
    assert show(story.review, now=story.now)["outcome"]["silentStages"] == ["A"]
