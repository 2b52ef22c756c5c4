"""ReserveBudget: reserves money, asks the budget owner if wanted, then books and confirms the cost or releases it.

The budget is an entity whose operations are safe to repeat, so no lock is held while a person thinks. Every path
through this workflow ends the reservation, with one exception: if the ledger cannot be reached for a day, it is unknown
whether the cost was booked. Then the instance fails, and the money stays reserved.
"""

from collections.abc import Generator
from datetime import timedelta
from typing import Any

import azure.durable_functions as df

from approvals.budgets import Booking, Entry, Reply, ReservationForm, ReservationState
from approvals.decision import BUDGET_EVENT
from approvals.money import to_cents, to_money
from approvals.single_stage.outcome import AnswerRequest
from approvals.words.wording import money
from approvals.workflows import RESERVATION
from orchestrators.calls import A_DAY, call, call_once, read_input
from orchestrators.reporting import end_of, show
from orchestrators.single_stage.answers import first_answer

bp = df.Blueprint()

STAGE = "reservation"
APPROVER = "the budget owner"


class Unconfirmed(Exception):
    """The cost is in the ledger, but the reservation is gone: somebody else has released it."""


@bp.orchestration_trigger(context_name="context", orchestration=RESERVATION.name)
def reserve_budget(context: df.DurableOrchestrationContext) -> Generator[Any, Any, dict]:
    """Reserve, ask, book and confirm."""
    run = _Run(context, read_input(context, ReservationForm))
    reply = yield from run.reserve()
    if not reply.granted:
        return run.output("refused", reply, reply.reason)
    # A reservation that is already spent belongs to an earlier run under this id; its outcome is returned again.
    if run.form.ask_first and reply.standing == ReservationState.RESERVED:
        objection = yield from run.ask()
        if objection:
            return (yield from run.release("released", objection))

    entry = yield from run.book()
    if not entry.is_booked:
        return (yield from run.release("released", "the cost could not be booked"))
    if reply.new and entry.round != run.booking.round:
        return (
            yield from run.release("refused", f"the cost of this instance was already booked at {entry.recorded_at}")
        )
    return (yield from run.confirm())


class _Run:
    """One reservation and its steps."""

    def __init__(self, context: df.DurableOrchestrationContext, form: ReservationForm) -> None:
        self._context = context
        self._entity = df.EntityId("Budget", form.budget)
        self.form = form
        self.booking = Booking(
            instance_id=context.instance_id,
            round=context.current_utc_datetime.isoformat(),
            title=form.title,
            budget=form.budget,
            cents=to_cents(form.amount),
            currency=form.currency,
        )

    def reserve(self) -> Generator[Any, Any, Reply]:
        """Open the budget if a limit is given, and reserve under the instance's id."""
        self._show("reserving")
        if self.form.limit is not None:
            yield from self._call("open", limit=to_cents(self.form.limit), currency=self.form.currency)
        return (
            yield from self._call(
                "reserve", key=self.booking.instance_id, amount=self.booking.cents, currency=self.booking.currency
            )
        )

    def ask(self) -> Generator[Any, Any, str | None]:
        """Ask the budget owner; returns why the money must not be spent, None for a yes."""
        deadline = self._context.current_utc_datetime + timedelta(hours=self.form.window_hours)
        request = AnswerRequest(
            proposal_id=self.booking.instance_id,
            stage=STAGE,
            opened_at=self.booking.round,
            approver=APPROVER,
            title=f"{self.form.title[:150]}: {money(self.form.amount, self.form.currency)}",
            event=BUDGET_EVENT,
            deadline=deadline.isoformat(),
        )
        waiting = {"approver": APPROVER, "deadline": request.deadline}
        self._show("waiting", **waiting)
        try:
            decision = yield from first_answer(
                self._context,
                BUDGET_EVENT,
                deadline=deadline,
                asking=call_once(self._context, "RequestApproval", request.to_dict()),
                on_rejection=lambda reason: self._show("waiting", **waiting, lastRejection=reason),
            )
            self._show("processing")
            if decision is None:
                ended = end_of(self._context, request, "expired", by=APPROVER)
            else:
                ended = end_of(self._context, request, decision.verdict, by=decision.approver, comment=decision.comment)
            recorded = yield call(self._context, "ProcessApproval", ended.to_dict())
        except Exception:  # noqa: BLE001  the SDK raises nothing narrower when an activity fails
            return "nobody could be asked, or the answer could not be recorded"
        if recorded["outcome"] == "approved":
            return None
        return "nobody answered in time" if recorded["outcome"] == "expired" else f"{recorded['decidedBy']} said no"

    def book(self) -> Generator[Any, Any, Entry]:
        """Book the cost. If that fails, make sure that it is not booked later."""
        self._show("booking")
        try:
            entry = yield call(self._context, "BookCost", self.booking.to_dict())
        except Exception:  # noqa: BLE001  the SDK raises nothing narrower when an activity fails
            self._show("giving-up")
            entry = yield call(self._context, "VoidCost", self.booking.to_dict(), patience=A_DAY)
        return Entry.from_dict(entry)

    def confirm(self) -> Generator[Any, Any, dict[str, Any]]:
        """Turn the reservation into spent money."""
        reply = yield from self._call("confirm", key=self.booking.instance_id)
        if not reply.granted:
            raise Unconfirmed(f"the cost is booked, but {reply.reason}; correct the budget {self.form.budget} manually")
        return self.output("booked", reply)

    def release(self, outcome: str, reason: str) -> Generator[Any, Any, dict[str, Any]]:
        """Release the reservation."""
        self._show("releasing", reason=reason)
        reply = yield from self._call("release", key=self.booking.instance_id)
        return self.output(outcome, reply, reason)

    def output(self, outcome: str, reply: Reply, reason: str = "") -> dict[str, Any]:
        """Return the output; amounts are in the budget's currency, not in cents."""
        why = {"reason": reason} if reason else {}
        self._show(outcome, **why)
        return {
            "outcome": outcome,
            **why,
            "budget": self.form.budget,
            "amount": self.form.amount,
            "currency": self.form.currency,
            "available": to_money(reply.available),
            "limit": None if reply.limit is None else to_money(reply.limit),
        }

    def _call(self, operation: str, **argument: Any) -> Generator[Any, Any, Reply]:
        answer = yield self._context.call_entity(self._entity, operation, argument)
        return Reply.from_dict(answer)

    def _show(self, state: str, **details: Any) -> None:
        show(
            self._context,
            state,
            budget=self.form.budget,
            amount=self.form.amount,
            currency=self.form.currency,
            **details,
        )
