"""ReserveBudget in the SDK's own executor: each step can fail, and no money stays behind."""

import pytest

from approvals.budgets import Budget, serve
from orchestrators.calls import A_DAY
from orchestrators.reservation import reserve_budget

pytestmark = pytest.mark.filterwarnings("ignore:Potential duplicate Task completion")

FORM = {"title": "Steel", "budget": "bridges", "amount": 60.5, "limit": 100}


class Desk:
    """The budget that answers the run: the real one, without a host."""

    def __init__(self, run):
        self.run = run
        self.budget = Budget()

    def answer(self, operation):
        """Carry out what the run has asked for last."""
        name, argument = self.run.operations[-1]
        assert name == operation
        self.budget, reply = serve(self.budget, name, argument)
        self.run.reply(name, reply)


def reserved(drive, *before, **more):
    """Return a run that has reserved, and the desk; `before` was done to the budget by others."""
    run = drive(reserve_budget, {**FORM, **more})
    desk = Desk(run)
    for operation, argument in before:
        desk.budget, _ = serve(desk.budget, operation, argument)
    run.begin()
    desk.answer("open")
    desk.answer("reserve")
    return run, desk


def entry(run, state="booked", round_=None):
    """Return what the ledger has on record for the run."""
    asked = run.asked("BookCost")
    return {**asked, "round": round_ or asked["round"], "state": state, "recordedAt": "2026-03-02T10:00:00+00:00"}


def test_a_run_reserves_books_and_confirms(drive):
    """The key is the instance's id, and amounts are cents."""
    run, desk = reserved(drive)
    run.complete("BookCost", entry(run))
    desk.answer("confirm")
    assert run.output["outcome"] == "booked"
    assert (desk.budget.spent, desk.budget.reserved) == (6050, 0)
    assert run.operations[1] == ("reserve", {"key": "proposal-1", "amount": 6050, "currency": "EUR"})
    assert run.asked("BookCost")["cents"] == 6050


def test_without_a_limit_a_run_opens_no_budget(drive):
    """It is refused if nobody has opened one."""
    run = drive(reserve_budget, {**FORM, "limit": None})
    desk = Desk(run)
    run.begin()
    desk.answer("reserve")
    assert (run.output["outcome"], run.output["reason"]) == ("refused", "the budget is not open")
    assert run.called == []


@pytest.mark.parametrize(("on_record", "outcome", "spent"), [("void", "released", 0), ("booked", "booked", 6050)])
def test_a_booking_that_fails_permanently_is_closed_before_the_money_is_released(drive, on_record, outcome, spent):
    """Only the ledger knows whether the last attempt was stored."""
    run, desk = reserved(drive)
    run.fail_for_good("BookCost")
    assert run.status["state"] == "giving-up"
    assert desk.budget.reserved == 6050
    run.complete("VoidCost", entry(run, on_record))
    desk.answer("release" if on_record == "void" else "confirm")
    assert run.output["outcome"] == outcome
    assert (desk.budget.spent, desk.budget.reserved) == (spent, 0)


def test_a_ledger_that_is_unreachable_for_a_day_fails_the_instance(drive):
    """The money stays reserved: releasing it could mean spending it twice."""
    run, desk = reserved(drive)
    run.fail_for_good("BookCost")
    assert run.asked("VoidCost") == run.asked("BookCost")
    run.fail_for_good("VoidCost", attempts=A_DAY.max_number_of_attempts)
    assert "storage is down" in run.error
    assert desk.budget.reserved == 6050


def test_money_is_released_if_nobody_can_be_asked(drive):
    """A failure of the activity that asks ends the wait."""
    run, desk = reserved(drive, askFirst=True)
    run.fail("RequestApproval")
    desk.answer("release")
    assert (run.output["outcome"], desk.budget.available) == ("released", 10_000)
    assert "nobody could be asked" in run.output["reason"]
    assert run.open_timers == []


def test_an_approval_that_cannot_be_recorded_spends_nothing(drive):
    """An auditor must be able to find who decided."""
    run, desk = reserved(drive, askFirst=True)
    run.complete("RequestApproval")
    run.event({"approved": True, "approver": "Ole"}, "Approval")
    run.fail_for_good("ProcessApproval")
    desk.answer("release")
    assert run.output["outcome"] == "released"
    assert "BookCost" not in run.called


def test_an_answer_that_does_not_count_is_shown(drive):
    """The workflow waits until the deadline, and records that nobody answered."""
    run, desk = reserved(drive, askFirst=True, windowHours=2)
    run.complete("RequestApproval")
    run.event("yes", "Approval")
    assert run.status["state"] == "waiting"
    assert run.status["lastRejection"]
    run.pass_time(hours=2.1)
    assert run.asked("ProcessApproval")["outcome"] == "expired"
    run.complete("ProcessApproval")
    desk.answer("release")
    assert run.output["reason"] == "nobody answered in time"


def test_a_restart_after_the_booking_asks_nobody_again(drive):
    """It returns what an earlier run under this id has spent."""
    run, desk = reserved(
        drive,
        ("open", {"limit": 10_000}),
        ("reserve", {"key": "proposal-1", "amount": 6050}),
        ("confirm", {"key": "proposal-1"}),
        askFirst=True,
    )
    run.complete("BookCost", entry(run, round_="earlier"))
    desk.answer("confirm")
    assert (run.output["outcome"], desk.budget.spent) == ("booked", 6050)
    assert "RequestApproval" not in run.called


def test_a_restart_between_booking_and_confirming_confirms(drive):
    """The money is still reserved."""
    run, desk = reserved(drive, ("open", {"limit": 10_000}), ("reserve", {"key": "proposal-1", "amount": 6050}))
    run.complete("BookCost", entry(run, round_="earlier"))
    desk.answer("confirm")
    assert (run.output["outcome"], desk.budget.spent) == ("booked", 6050)


def test_a_restart_that_the_budget_has_forgotten_spends_nothing_again(drive):
    """The ledger remembers the booking: the new reservation is released."""
    run, desk = reserved(drive)
    run.complete("BookCost", entry(run, round_="earlier"))
    desk.answer("release")
    assert (run.output["outcome"], desk.budget.available) == ("refused", 10_000)
    assert "2026-03-02T10:00" in run.output["reason"]


def test_a_refused_confirmation_fails_the_instance(drive):
    """An operator has released the money meanwhile."""
    run, desk = reserved(drive)
    desk.budget, _ = serve(desk.budget, "release", {"key": "proposal-1"})
    run.complete("BookCost", entry(run))
    desk.answer("confirm")
    assert "correct the budget bridges manually" in run.error
