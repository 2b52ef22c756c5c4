"""ApprovalWorkflow, episode by episode, in the SDK's own executor."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from approvals.names import digest
from orchestrators.approval import approval_workflow

PROPOSAL = {"title": "Footbridge", "submittedBy": "Ines", "approver": "Mara", "escalateTo": "Jonas"}
YES = {"approved": True, "approver": "Mara", "comment": "go ahead"}
NO = {"approved": False, "approver": "Mara", "comment": "too steep"}
ENVELOPE = {"__class__": "Decision", "__module__": "approvals.decision", "__data__": {"approved": True}}
WRONG = ["yes", 1, None, [], {}, {"approved": "true"}, {"approved": 1}, {"aproved": True}, ENVELOPE]

pytestmark = pytest.mark.filterwarnings("ignore:Potential duplicate Task completion")


@pytest.fixture
def run(drive):
    """A proposal whose approver has been asked."""
    run = drive(approval_workflow, PROPOSAL)
    run.begin()
    run.complete("RequestApproval")
    return run


def test_the_workflow_asks_the_approver_and_shows_its_deadline(drive):
    """After the first step the clock of 72 hours runs."""
    run = drive(approval_workflow, PROPOSAL)
    run.begin()
    deadline = run.now + timedelta(hours=72)
    asked = run.asked("RequestApproval")
    assert run.called == ["RequestApproval"]
    assert (asked["approver"], asked["deadline"]) == ("Mara", deadline.isoformat())
    assert run.status == {
        "state": "waiting",
        "stage": "design-review",
        "approver": "Mara",
        "deadline": deadline.isoformat(),
    }
    assert run.open_timers == [deadline]


@pytest.mark.parametrize("by_client", [False, True])
@pytest.mark.parametrize(("answer", "outcome"), [(YES, "approved"), (NO, "rejected")])
def test_an_answer_decides_and_cancels_the_timer(run, answer, outcome, by_client):
    """Approve and reject, in the forms of the HTTP API and of the Python client."""
    run.event(answer, by_client=by_client)
    assert run.status["state"] == "processing"
    assert run.open_timers == []
    run.complete("ProcessApproval")
    assert run.done
    assert (run.output["outcome"], run.output["decidedBy"]) == (outcome, "Mara")
    assert run.status["state"] == outcome
    assert run.counted == ["submitted", outcome]


def test_without_an_answer_the_workflow_escalates_after_72_hours(run):
    """Not a minute earlier; the escalation is recorded and counted."""
    run.pass_time(hours=71, minutes=59)
    assert run.called == ["RequestApproval"]
    run.pass_time(minutes=1)
    assert run.status["state"] == "escalating"
    run.complete("Escalate")
    assert run.done
    assert (run.output["outcome"], run.output["decidedBy"]) == ("escalated", "Jonas")
    assert run.counted == ["submitted", "escalated"]


def test_the_input_gives_the_window(drive):
    """A proposal may be urgent."""
    run = drive(approval_workflow, {**PROPOSAL, "windowHours": 0.5})
    run.begin()
    assert run.open_timers == [run.now + timedelta(minutes=30)]


@pytest.mark.parametrize("by_client", [False, True])
@pytest.mark.parametrize("payload", WRONG, ids=repr)
def test_an_invalid_event_never_decides_and_the_next_valid_one_does(run, payload, by_client):
    """The workflow keeps its deadline, and shows what was wrong."""
    deadline = run.open_timers
    run.event(payload, by_client=by_client)
    assert run.called == ["RequestApproval"]
    assert run.status["state"] == "waiting"
    assert run.status["rejectedAnswers"] == 1
    assert run.status["lastRejection"]
    assert run.open_timers == deadline
    run.event(NO)
    run.complete("ProcessApproval")
    assert run.output["outcome"] == "rejected"


def test_after_a_rejected_event_the_deadline_still_escalates(run):
    """The host must find the new timer and what follows it."""
    run.event("yes")
    run.event({})
    run.pass_time(hours=73)
    run.complete("Escalate")
    assert run.output["outcome"] == "escalated"


def test_an_event_before_the_approver_was_asked_decides_once(drive):
    """The wait is open from the first step, so no answer is too early."""
    run = drive(approval_workflow, PROPOSAL)
    run.begin(run.raised(YES))
    assert run.called == ["RequestApproval", "ProcessApproval"]
    run.complete("RequestApproval")
    run.complete("ProcessApproval")
    assert run.output["outcome"] == "approved"
    assert run.open_timers == []


def test_a_rejected_early_event_is_read_only_once(drive):
    """SDK issue 507 would give it to every later wait."""
    run = drive(approval_workflow, PROPOSAL)
    run.begin(run.raised("yes"))
    assert run.status["rejectedAnswers"] == 1
    run.complete("RequestApproval")
    assert run.status["rejectedAnswers"] == 1
    run.pass_time(hours=73)
    run.complete("Escalate")
    assert run.output["outcome"] == "escalated"


def test_the_first_valid_one_of_several_early_events_decides(drive):
    """The SDK alone would keep only the last one."""
    run = drive(approval_workflow, PROPOSAL)
    run.begin(run.raised("yes"), run.raised(NO), run.raised(YES), run.raised("no"))
    run.complete("ProcessApproval")
    assert run.output["outcome"] == "rejected"


def test_a_second_answer_changes_nothing(run):
    """Neither in the same episode nor later."""
    run.together(run.raised(NO), run.raised(YES))
    run.event(YES)
    run.complete("ProcessApproval")
    assert run.called == ["RequestApproval", "ProcessApproval"]
    assert run.output["outcome"] == "rejected"


def test_an_answer_after_the_deadline_changes_nothing(run):
    """It comes while the escalation is being recorded."""
    run.pass_time(hours=73)
    run.event(YES)
    run.complete("Escalate")
    assert run.output["outcome"] == "escalated"


def test_an_event_name_in_another_case_does_not_block_the_next_event(run):
    """The host takes it for the answer, the SDK does not."""
    run.event(NO, "approvalevent")
    run.event(YES)
    run.complete("ProcessApproval")
    assert run.output["outcome"] == "approved"


def test_the_recorded_outcome_wins_over_the_event(run):
    """ProcessApproval returns the row that was stored first."""
    run.event(YES)
    run.complete("ProcessApproval", {**run.asked("ProcessApproval"), "outcome": "rejected"})
    assert run.output["outcome"] == "rejected"
    assert run.counted == ["submitted", "rejected"]


def test_a_failed_activity_is_retried(run):
    """An outage of some seconds does not end a proposal."""
    run.event(YES)
    run.fail("ProcessApproval")
    run.fire_retry()
    run.complete("ProcessApproval")
    assert run.output["outcome"] == "approved"


def test_the_workflow_fails_at_once_if_the_approver_cannot_be_asked(drive):
    """The timer must not keep the failed instance alive for 72 hours."""
    run = drive(approval_workflow, PROPOSAL)
    run.begin()
    run.event("yes")
    run.fail("RequestApproval")
    assert "no luck" in run.error
    assert run.open_timers == []


@pytest.mark.parametrize(
    ("argument", "told"),
    [
        (None, "valid dictionary"),
        ({}, "title"),
        ({**PROPOSAL, "titel": "x"}, "titel"),
        ({**PROPOSAL, "windowHours": 145}, "windowHours"),
        ({**PROPOSAL, "windowHours": "72"}, "windowHours"),
        (
            {**PROPOSAL, "attachments": [{"name": "a.png", "contentType": "image/png", "content": "aGk="}]},
            "attachments",
        ),
        (ENVELOPE, "JSON object"),
    ],
)
def test_an_invalid_input_fails_the_instance(drive, argument, told):
    """Started without HttpStart, it ends as Failed with a sentence, before anything is asked or counted."""
    run = drive(approval_workflow, argument)
    run.begin()
    assert told in run.error
    assert run.tasks == []


BARE = [(True, False), (False, False), (True, True), ("true", False)]
"""A bare answer as data or text, from an HTTP sender or by the client."""


def permit(run, *, allowed):
    """Let all that the activity was asked be answered."""
    for _ in [task for task in run.tasks if task.action.get("functionName") == "CheckBareAnswers" and not task.done]:
        run.complete("CheckBareAnswers", {"allowed": allowed})


@pytest.mark.parametrize(("payload", "by_client"), BARE, ids=repr)
def test_a_bare_answer_counts_if_the_settings_allow_it(run, payload, by_client):
    """An activity reads the settings; meanwhile the workflow goes on waiting."""
    run.event(payload, by_client=by_client)
    assert run.called == ["RequestApproval", "CheckBareAnswers"]
    assert (run.status["state"], len(run.open_timers)) == ("waiting", 1)
    permit(run, allowed=True)
    run.complete("ProcessApproval")
    assert run.output["outcome"] == ("approved" if payload in (True, "true") else "rejected")
    assert run.output["decidedBy"] == "unnamed"
    assert "rejectedAnswers" not in run.status
    assert run.open_timers == []


@pytest.mark.parametrize("answer", [{"allowed": False}, {"allowed": "1"}, None], ids=repr)
def test_a_bare_answer_does_not_count_otherwise(run, answer):
    """Nor if the activity failed; the next answer counts, until the old deadline."""
    deadline = run.open_timers
    run.event(True)
    if answer:
        run.complete("CheckBareAnswers", answer)
    else:
        run.fail("CheckBareAnswers")
    assert run.status["rejectedAnswers"] == 1
    assert "APPROVALS_ALLOW_BARE" in run.status["lastRejection"]
    assert run.open_timers == deadline
    run.event(NO)
    run.complete("ProcessApproval")
    assert run.output["outcome"] == "rejected"


def test_the_first_of_two_bare_answers_counts(run):
    """The second comes while the activity runs, which is then called again."""
    run.event(False)
    run.event(True)
    assert run.called == ["RequestApproval", "CheckBareAnswers", "CheckBareAnswers"]
    permit(run, allowed=True)
    run.complete("ProcessApproval")
    assert run.output["outcome"] == "rejected"


def test_an_invalid_event_does_not_displace_a_bare_answer(run):
    """It is counted as rejected, and the bare answer stands."""
    run.event(True)
    run.event("perhaps")
    assert run.status["rejectedAnswers"] == 1
    permit(run, allowed=True)
    run.complete("ProcessApproval")
    assert run.output["outcome"] == "approved"


def test_an_answer_with_a_name_needs_no_permission(run):
    """It decides at once, even while a bare one waits for its permission."""
    run.event(True)
    run.event(NO)
    run.complete("ProcessApproval")
    assert run.output["outcome"] == "rejected"


def test_a_bare_answer_whose_permission_comes_too_late_does_not_count(run):
    """The deadline passes first."""
    run.event(True)
    run.pass_time(hours=73)
    run.complete("Escalate")
    assert run.output["outcome"] == "escalated"


def test_a_bare_answer_before_the_approver_was_asked_is_read_once(drive):
    """Like any early one."""
    run = drive(approval_workflow, PROPOSAL)
    run.begin(run.raised(True))
    assert run.called == ["RequestApproval", "CheckBareAnswers"]
    run.complete("RequestApproval")
    permit(run, allowed=False)
    assert run.status["rejectedAnswers"] == 1
    assert run.called == ["RequestApproval", "CheckBareAnswers"]
    run.pass_time(hours=73)
    run.complete("Escalate")
    assert run.output["outcome"] == "escalated"


STEPS = ["yes", "no", "bare", "wrong", "asked", "unlucky", "allowed", "refused", "thirty hours"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(STEPS), max_size=12))
def test_in_any_order_of_events_the_first_valid_answer_in_time_decides(drive, steps):
    """The driver also checks that every replay is the same and the host can follow."""
    run = drive(approval_workflow, PROPOSAL)
    run.begin()
    begun, expected, asking, bare = run.now, None, True, False
    for step in steps:
        match step:
            case "yes" | "no":
                expected = expected or ("approved" if step == "yes" else "rejected")
                run.event(YES if step == "yes" else NO)
            case "bare":
                run.event(True)
                bare = bare or expected is None
            case "allowed" | "refused" if bare and not expected:
                permit(run, allowed=step == "allowed")
                expected = "approved" if step == "allowed" else None
                bare = False
            case "wrong":
                run.event(ENVELOPE)
            case "asked" if asking:
                run.complete("RequestApproval")
                asking = False
            case "unlucky" if asking:
                run.fail("RequestApproval")
                asking = False
            case "thirty hours":
                run.pass_time(hours=30)
                if run.now - begun >= timedelta(hours=72):
                    expected = expected or "escalated"
        if run.error:
            assert (step, expected) == ("unlucky", None)
            return
    ends = [name for name in run.called if name in ("ProcessApproval", "Escalate")]
    assert len(ends) == (1 if expected else 0)
    if expected:
        run.complete(ends[0])
        assert run.output["outcome"] == expected
        assert run.open_timers == []


@pytest.mark.parametrize("approved", [True, False])
def test_nobody_decides_on_their_own_proposal(run, approved):
    """The status shows the rejection, and the approver's answer counts."""
    run.event({"approved": approved, "approver": "ines"})
    assert (run.status["state"], run.status["rejectedAnswers"]) == ("waiting", 1)
    assert run.status["lastRejection"] == "Ines submitted it and may not decide on it"
    run.event(YES)
    run.complete("ProcessApproval")
    assert (run.output["outcome"], run.output["decidedBy"]) == ("approved", "Mara")


def test_nobody_decides_on_their_own_proposal_under_another_name(drive):
    """A raw event may have any name; the input has digests of the author's names."""
    run = drive(approval_workflow, {**PROPOSAL, "alsoCalled": [digest("ines@example.org")]})
    run.begin()
    run.complete("RequestApproval")
    run.event({"approved": True, "approver": "Ines@Example.org"})
    assert run.status["lastRejection"] == "Ines submitted it and may not decide on it"
    run.event(YES)
    run.complete("ProcessApproval")
    assert run.output["decidedBy"] == "Mara"


@pytest.mark.parametrize("about", [{"document": "ab" * 32}, {"round": 1}])
def test_an_answer_that_names_a_document_is_rejected(run, about):
    """A proposal without a policy has none; the next answer counts."""
    run.event({**YES, **about})
    assert run.status["lastRejection"].startswith("a proposal without a policy has no document or round")
    run.event(YES)
    run.complete("ProcessApproval")
    assert run.output["outcome"] == "approved"
