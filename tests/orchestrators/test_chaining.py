"""Chaining in the SDK's own executor: a failure in each step, and in the way back."""

from itertools import pairwise

import pytest

from orchestrators.chaining import STEPS, chaining

pytestmark = pytest.mark.filterwarnings("ignore:Potential duplicate Task completion")

PROPOSAL = {"title": "Bench", "submittedBy": "Ines"}
NAMES = [step.name for step in STEPS]
COMPENSATION = {
    "NumberProposal": "ReleaseNumber",
    "SummariseProposal": "DiscardSummary",
    "PublishProposal": "WithdrawPublication",
}
UNDO = {"proposalId": "proposal-1", "title": "Bench"}


@pytest.fixture
def run(drive):
    """A run that has begun."""
    started = drive(chaining, PROPOSAL)
    started.begin()
    return started


def go(run, until):
    """Complete the steps before `until`, each with a result of its own."""
    for name in NAMES[: NAMES.index(until)]:
        run.complete(name, {"from": name})


def test_the_output_of_each_step_is_the_input_of_the_next(run):
    """The last one's is the workflow's output."""
    assert run.asked("ValidateProposal")["proposal"]["title"] == "Bench"
    for name, following in pairwise(NAMES):
        run.complete(name, {"from": name})
        assert run.asked(following) == {"from": name}
    run.complete("PublishProposal", {"number": "P-2026-0001"})
    assert run.output == {"outcome": "published", "number": "P-2026-0001"}
    assert run.called == NAMES


@pytest.mark.parametrize("failed", NAMES)
def test_a_refusal_undoes_earlier_steps_in_reverse_order(run, failed):
    """The step that refused has done nothing."""
    go(run, failed)
    run.complete(failed, {"refused": "a rule says no"})
    before = [name for name in reversed(NAMES[: NAMES.index(failed)]) if name in COMPENSATION]
    for name in before:
        assert run.status["undoing"] == name
        assert run.asked(COMPENSATION[name]) == UNDO
        run.complete(COMPENSATION[name], {"undone": True})
    assert run.output == {
        "outcome": "undone", "failedStep": failed, "reason": "a rule says no", "undone": before, "notUndone": [],
    }  # fmt: skip
    assert run.called[NAMES.index(failed) + 1 :] == [COMPENSATION[name] for name in before]


@pytest.mark.parametrize("had_done_it", [True, False])
@pytest.mark.parametrize("failed", NAMES[1:])
def test_a_step_that_fails_permanently_is_undone_too(run, failed, had_done_it):
    """It may have worked before it died; it is listed only if there was something to undo."""
    go(run, failed)
    run.fail_for_good(failed)
    run.complete(COMPENSATION[failed], {"undone": had_done_it})
    before = [name for name in reversed(NAMES[: NAMES.index(failed)]) if name in COMPENSATION]
    for name in before:
        run.complete(COMPENSATION[name], {"undone": True})
    assert run.output["undone"] == [failed] * had_done_it + before
    assert run.output["failedStep"] == failed
    assert run.output["reason"] == "no luck"


def test_a_validation_that_fails_permanently_has_nothing_to_undo(run):
    """It has no compensation."""
    run.fail_for_good("ValidateProposal")
    assert (run.output["failedStep"], run.output["undone"]) == ("ValidateProposal", [])
    assert run.called == ["ValidateProposal"]


def test_a_failed_step_is_retried(run):
    """An outage of some seconds does not end a proposal."""
    run.fail("ValidateProposal")
    run.fire_retry()
    run.complete("ValidateProposal", {"from": "ValidateProposal"})
    assert run.called[-1] == "NumberProposal"


def test_a_compensation_that_fails_permanently_is_named_and_the_others_run(run):
    """A person has to finish it by hand."""
    go(run, "PublishProposal")
    run.complete("PublishProposal", {"refused": "taken"})
    run.fail_for_good("DiscardSummary")
    run.fail("ReleaseNumber")
    run.fire_retry()
    run.complete("ReleaseNumber", {"undone": True})
    assert run.output["undone"] == ["NumberProposal"]
    assert run.output["notUndone"] == ["SummariseProposal"]
    assert run.status["notUndone"] == ["SummariseProposal"]


def test_an_invalid_input_fails_the_instance(drive):
    """Nothing is called."""
    run = drive(chaining, {"title": ""})
    run.begin()
    assert "submittedBy" in run.error
    assert run.called == []
