"""A review from submission to outcome, on devhost and Azurite, in virtual time."""

import base64

import pytest

from approvals.checks import VIRUS_TEST, ChecksForm
from tests.workflows.reviews import Reviews, counted, stage

PICTURE = ChecksForm.example["attachments"][1]
"""A PNG, as a submission holds it."""


@pytest.fixture
def reviews(app):
    """The reviews of the module's host."""
    return Reviews(app)


def test_two_stages_and_a_budget_run_one_after_the_other(reviews):
    """Each asks its people when the one before it has passed; everything is recorded, told and counted once."""
    before = reviews.counters()
    proposal = reviews.submit(
        stage("Mara", "Jonas", name="design", rule="all"),
        stage("Vera", name="release"),
        policy={"budgetLimit": 1000, "budgetOwners": ["Amara"]},
        cost=5000,
    )
    reviews.waits(proposal, "Mara", "Jonas", status="inReview")
    reviews.decide(proposal, "Jonas")
    reviews.waits(proposal, "Mara")
    reviews.decide(proposal, "Mara")
    reviews.waits(proposal, "Vera", status="inReview")
    reviews.decide(proposal, "Vera")
    reviews.waits(proposal, "Amara", status="awaitingBudget")
    reviews.decide(proposal, "Amara")
    assert reviews.ended(proposal) == "approved"
    opened_and_closed = ["stageOpened", "decided", "stageClosed"]
    assert reviews.kinds(proposal) == [
        "submitted", "checked", "stageOpened", "decided", "decided", "stageClosed", *opened_and_closed,
        *opened_and_closed, "ended",
    ]  # fmt: skip
    assert reviews.letters(proposal) == [
        "3-asked", "3-asked", "7-asked", "10-asked", *["13-ended"] * 5,
    ]  # fmt: skip
    assert counted(before, reviews.counters()) == {"submitted": 1, "approved": 1}


def test_a_rejection_ends_the_review(reviews):
    """The later stage is not asked."""
    proposal = reviews.submit(stage("Mara"), stage("Vera", name="release"))
    reviews.waits(proposal, "Mara")
    reviews.decide(proposal, "Mara", "reject", comment="too steep")
    assert reviews.ended(proposal) == "rejected"
    assert reviews.decide(proposal, "Vera").status == 409


def test_without_an_answer_the_review_expires_at_the_end_of_the_ladder(app, reviews):
    """72 hours on each rung, 216 in all; each rung is asked once."""
    before = reviews.counters()
    proposal = reviews.submit(stage("Mara", escalateTo=["Jonas", {"to": ["Vera"], "windowHours": 72}]))
    reviews.waits(proposal, "Mara")
    app.advance(hours=71.9)
    reviews.waits(proposal, "Mara")
    app.advance(hours=0.2)
    reviews.waits(proposal, "Jonas")
    late = reviews.decide(proposal, "Mara")
    assert (late.status, "Jonas" in late.body["detail"]) == (409, True)
    app.advance(hours=72)
    reviews.waits(proposal, "Vera")
    app.advance(hours=71.7)
    reviews.waits(proposal, "Vera")
    app.advance(hours=0.3)
    assert reviews.ended(proposal) == "expired"
    assert reviews.kinds(proposal)[2:] == ["stageOpened", "escalated", "escalated", "stageClosed", "ended"]
    assert counted(before, reviews.counters()) == {"submitted": 1, "escalated": 2, "expired": 1}


def test_one_jump_runs_the_whole_ladder(app, reviews):
    """The clock goes from timer to timer, and each rung has its whole window."""
    proposal = reviews.submit(stage("Mara", escalateTo=["Jonas", "Vera"]))
    reviews.waits(proposal, "Mara")
    app.advance(hours=217)
    assert reviews.ended(proposal) == "expired"
    assert reviews.letters(proposal)[:5] == ["3-asked", "4-escalated", "4-escalated", "5-escalated", "5-escalated"]


@pytest.mark.parametrize(("on_timeout", "outcome"), [("approve", "approved"), ("reject", "rejected")])
def test_a_policy_may_define_the_outcome_of_a_timeout(app, reviews, on_timeout, outcome):
    """Then nobody is escalated to."""
    proposal = reviews.submit(stage("Mara", onTimeout=on_timeout, windowHours=5))
    reviews.waits(proposal, "Mara")
    app.advance(hours=5.1)
    assert reviews.ended(proposal) == outcome
    assert reviews.show(proposal)["outcome"]["decidedBy"] == "nobody"


def test_people_are_reminded_on_time(app, reviews):
    """Each reminder once, in a window that is longer than one durable timer."""
    proposal = reviews.submit(stage("Mara", windowHours=400, remindAfterHours=[24, 300]))
    reviews.waits(proposal, "Mara")
    app.advance(hours=25)
    reviews.settled(proposal)
    assert reviews.letters(proposal) == ["3-asked", "4-reminded"]
    app.advance(hours=274)
    assert reviews.kinds(proposal).count("reminded") == 1
    app.advance(hours=2)
    reviews.settled(proposal)
    assert reviews.letters(proposal) == ["3-asked", "4-reminded", "5-reminded"]
    app.advance(hours=100)
    assert reviews.ended(proposal) == "expired"


def test_changes_stop_the_clock_and_void_earlier_answers(app, reviews):
    """A new round with a new document asks everybody again; its window begins anew."""
    proposal = reviews.submit(stage("Mara", "Jonas", rule="all"))
    reviews.waits(proposal, "Mara", "Jonas")
    reviews.decide(proposal, "Mara")
    assert reviews.do(proposal, "changes", approver="Jonas", comment="a ramp, please").status == 200
    reviews.waits(proposal, status="changesRequested")
    app.advance(hours=200)
    reviews.waits(proposal, status="changesRequested")
    assert reviews.do(proposal, "resubmit", by="Ines", summary="with a ramp").status == 200
    again = reviews.waits(proposal, "Mara", "Jonas", status="inReview")
    assert (again["round"], again["stages"][0]["answers"]) == (2, [])
    assert reviews.decide(proposal, "Mara").status == 409
    reviews.decide(proposal, "Mara", round=2)
    reviews.decide(proposal, "Jonas", document=again["document"])
    assert reviews.ended(proposal) == "approved"


def test_a_resubmission_of_the_same_document_continues(app, reviews):
    """The rest of the window is left, and answers still count."""
    proposal = reviews.submit(stage("Mara", "Jonas", rule="all", windowHours=10))
    reviews.waits(proposal, "Mara", "Jonas")
    reviews.decide(proposal, "Mara")
    app.advance(hours=6)
    reviews.do(proposal, "changes", approver="Jonas", comment="why here?")
    reviews.waits(proposal, status="changesRequested")
    app.advance(hours=20)
    reviews.do(proposal, "resubmit", by="Ines", comment="because of the mill")
    reviews.waits(proposal, "Jonas")
    app.advance(hours=3.8)
    reviews.waits(proposal, "Jonas")
    app.advance(hours=0.4)
    assert reviews.ended(proposal) == "expired"


@pytest.mark.parametrize("place", ["at once", "in review", "when changes are asked for", "at the budget"])
def test_the_author_may_withdraw_at_any_time(reviews, place):
    """No open wait keeps the workflow running, and nobody else may withdraw."""
    proposal = reviews.submit(stage("Mara"), policy={"budgetLimit": 1, "budgetOwners": ["Amara"]}, cost=5)
    if place != "at once":
        reviews.waits(proposal, "Mara")
    if place == "when changes are asked for":
        reviews.do(proposal, "changes", approver="Mara", comment="a ramp")
    if place == "at the budget":
        reviews.decide(proposal, "Mara")
        reviews.waits(proposal, "Amara")
    assert reviews.do(proposal, "withdraw", by="Mara").status == 403
    assert reviews.do(proposal, "withdraw", by="Ines", reason="no money").status == 200
    assert reviews.ended(proposal) == "withdrawn"
    assert reviews.do(proposal, "withdraw", by="Ines").body["repeated"]


def test_a_delegated_task_is_answered_by_the_delegate(reviews):
    """Delegated, then reassigned: the last person decides, the earlier ones learn who has it."""
    proposal = reviews.submit(stage("Mara"))
    reviews.waits(proposal, "Mara")
    reviews.do(proposal, "delegate", from_="Mara", to="Jonas")
    reviews.waits(proposal, "Jonas")
    reviews.do(proposal, "reassign", from_="Jonas", to="Vera")
    reviews.waits(proposal, "Vera")
    assert (reviews.decide(proposal, "Mara").status, reviews.decide(proposal, "Vera").status) == (403, 200)
    assert reviews.ended(proposal) == "approved"


def test_an_early_answer_counts_when_its_stage_opens(reviews):
    """Vera need not wait for Mara, and is not asked any more."""
    proposal = reviews.submit(stage("Mara"), stage("Vera", name="release"))
    reviews.waits(proposal, "Mara")
    assert reviews.decide(proposal, "Vera").status == 200
    reviews.decide(proposal, "Mara")
    assert reviews.ended(proposal) == "approved"
    assert [each for each in reviews.letters(proposal) if "asked" in each] == ["3-asked"]


def test_the_findings_choose_the_stages(reviews):
    """A file with a wrong type adds the security people."""
    security = stage("Sven", name="security", when={"findings": ["objections"]})
    note = {"name": "note.md", "contentType": "text/markdown"}
    clean, dirty = (
        reviews.submit(security, stage("Mara"), attachments=[{**note, "content": base64.b64encode(text).decode()}])
        for text in (
            b"# A bridge\n",
            b"".join((b"X5O!P%@AP[4\\PZX5", b"4(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*")),
        )
    )
    reviews.waits(clean, "Mara", findings=["passed"])
    reviews.waits(dirty, "Sven", findings=["objections", "virus"])
    rows = [row for row in reviews.app.rows("Findings") if row["ProposalId"] == dirty and row["Kind"] == "finding"]
    assert {row["Check"]: row["Severity"] for row in rows}["virus"] == "error"
    assert reviews.app.part(dirty, "checks") is None


def test_pictures_are_checked_by_a_workflow_of_their_own(reviews):
    """To decode one takes long, and may take a process with it."""
    proposal = reviews.submit(stage("Mara"), attachments=[PICTURE])
    reviews.waits(proposal, "Mara", findings=["passed"])
    assert reviews.app.part_status(proposal, "checks")["runtimeStatus"] == "Completed"


def test_nobody_can_replace_the_checks(app, reviews):
    """Neither by a chosen id, nor by an operator who starts something endless under that name."""
    taken = "checked:checks-1"
    proposal = {"title": "Other", "author": "Ines"}
    assert app.request("POST", f"/api/proposals?id={taken}", proposal).status == 400
    app.start("ApprovalWorkflow", {"title": "Other", "submittedBy": "Ines"}, taken)
    app.until_shown(taken, state="waiting")
    checked = reviews.submit(stage("Mara"), name="checked", attachments=[PICTURE])
    reviews.waits(checked, "Mara", findings=["passed"])
    assert app.part_status("checked", "checks")["output"]["attachments"] == 1


def test_a_review_with_many_looks_has_a_short_history(app, reviews):
    """Each look continues as new, so that a replay never takes longer than the first."""
    proposal = reviews.submit(stage("Mara"))
    reviews.waits(proposal, "Mara")
    for number in range(30):
        assert reviews.do(proposal, "comments", by="Mara", comment=f"and {number}").status == 200
    reviews.settled(proposal)
    assert len(app.status(proposal, history=True)["historyEvents"]) < 15


def test_the_status_for_operators_names_nobody(reviews):
    """Custom status, input and output of the workflow: the state, and no text of a person."""
    proposal = reviews.submit(stage("Mara", name="board"), summary="a secret plan")
    reviews.waits(proposal, "Mara")
    reviews.decide(proposal, "Mara", comment="a secret comment")
    reviews.ended(proposal)
    shown = str(reviews.app.status(proposal))
    assert [word for word in ("Mara", "Ines", "secret", "footbridge") if word in shown] == []


def test_a_proposal_without_a_policy_is_decided_by_the_board(app, reviews):
    """The people in local.settings.json: one of them within 72 hours, then the head of design, and nobody else."""
    board = ("Mara Lindqvist", "Jonas Weber", "Amara Okafor")
    decided, forgotten = reviews.submit(), reviews.submit()
    reviews.waits(decided, *board)
    assert reviews.decide(decided, "Somebody").body["code"] == "notAsked"
    reviews.decide(decided, "Jonas Weber")
    assert reviews.ended(decided) == "approved"
    reviews.waits(forgotten, *board)
    app.advance(hours=72.1)
    reviews.waits(forgotten, "Helena Brandt")


def test_a_review_goes_on_after_a_kill_of_the_host(app, reviews):
    """The answer right before it, the one after it, and the deadline all count."""
    answered, forgotten = (reviews.submit(stage("Mara", "Jonas", rule="all", windowHours=72)) for _ in range(2))
    for proposal in (answered, forgotten):
        reviews.waits(proposal, "Mara", "Jonas")
    reviews.decide(answered, "Mara")
    app.kill()
    app.restart()
    reviews.decide(answered, "Jonas")
    assert reviews.ended(answered) == "approved"
    app.advance(hours=73)
    assert reviews.ended(forgotten) == "expired"
    assert reviews.letters(answered).count("3-asked") == 2


def test_the_authors_edits_are_one_round_for_everybody_who_is_needed(app, reviews):
    """Told in one letter; a delegated task stays delegated, and no decision about the earlier document counts."""
    proposal = reviews.submit(stage("Anna", "Bert", rule="all"))
    reviews.waits(proposal, "Anna", "Bert")
    reviews.do(proposal, "delegate", from_="Anna", to="Yuki")
    reviews.decide(proposal, "Bert")
    for name in ("plan.md", "site.md"):
        put = app.request("PUT", f"/api/proposals/{proposal}/attachments/{name}?by=Ines", f"# {name}")
        assert put.status == 201
    assert reviews.decide(proposal, "Yuki").status == 409
    app.advance(hours=0.01)
    again = reviews.waits(proposal, "Yuki", "Bert", round=2, status="inReview")
    last = f"{again['entries']}-"
    told = sorted(each for each in reviews.letters(proposal) if each.startswith(last))
    assert told == [f"{last}asked", f"{last}asked", f"{last}documentChanged"]  # Yuki, Bert, and Anna who is not asked
    assert reviews.decide(proposal, "Yuki").status == 409
    for person in ("Yuki", "Bert"):
        assert reviews.decide(proposal, person, document=again["document"]).status == 200
    assert reviews.ended(proposal) == "approved"


def test_an_approval_before_a_virus_was_found_is_asked_for_again(reviews):
    """The EICAR file; approved while the checks were running."""
    content = base64.b64encode(VIRUS_TEST).decode()
    files = [{"name": "note.txt", "contentType": "text/plain", "content": content}]
    proposal = reviews.submit(stage("Mara"), attachments=files)
    early = reviews.decide(proposal, "Mara")
    seen = reviews.waits(proposal, "Mara", status="inReview")
    assert early.status == 200
    assert "virus" in seen["findings"]
    assert reviews.decide(proposal, "Mara").status == 200
    assert reviews.ended(proposal) == "approved"


def test_a_discussion_reaches_the_author_and_the_asked_people_in_two_letters(app, reviews):
    """The first at once, the others together a little later."""
    proposal = reviews.submit(stage("Mara", "Jonas", rule="all"))
    reviews.waits(proposal, "Mara", "Jonas")
    for number in range(4):
        assert reviews.do(proposal, "comments", by="Mara", comment=f"Why {number}?").status == 200
    reviews.settled(proposal)
    assert [each for each in reviews.letters(proposal) if each.endswith("commented")] == ["4-commented"] * 2
    app.advance(hours=0.1)
    reviews.settled(proposal)
    told = [each for each in reviews.letters(proposal) if each.endswith("commented")]
    assert told == ["4-commented"] * 2 + ["8-commented"] * 2
