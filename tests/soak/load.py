"""What comes in during a soak, and what must become of it: a seed decides it all before anything is started."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

APPROVAL, BUDGET, RESERVATION, ASKED_RESERVATION = "ApprovalWorkflow", "BudgetApproval", "ReserveBudget", "asking"
CHAINING, CHECKS, BILLING = "Chaining", "FanOutFanIn", "BillingIssuer"
SHARES = {APPROVAL: 30, BUDGET: 20, RESERVATION: 20, ASKED_RESERVATION: 10, CHAINING: 8, CHECKS: 6, BILLING: 6}
"""Of a hundred classics."""
EVENTS = {APPROVAL: "ApprovalEvent", BUDGET: "Approval", ASKED_RESERVATION: "Approval"}
SILENCES = {APPROVAL: "escalated", BUDGET: "expired", ASKED_RESERVATION: "released"}
YES = {APPROVAL: "approved", BUDGET: "approved", ASKED_RESERVATION: "booked"}
NO = {APPROVAL: "rejected", BUDGET: "rejected", ASKED_RESERVATION: "released"}
BUDGETS = 4
"""Of either kind: those that half of the reservations fit into, and those where somebody is asked first."""
AMOUNT_CENTS = 10_025
LONG_WINDOW = 3.0
"""Hours: nobody who is going to answer is late."""
BILLS = 3
PEOPLE = tuple(f"{name}@example.org" for name in ("mara", "jonas", "vera", "lena", "amara", "cem", "olga", "pia"))
"""Names to which mail can be sent, without a directory."""
AUTHORS = tuple(f"author-{number}@example.org" for number in range(20))
"""Enough that none of them reaches the letters of a day, which would leave reviews waiting for the next one."""
CHANGES_WINDOW = 0.2
_NOTE = {"name": "note.md", "contentType": "text/markdown", "content": "IyBNaWxsIFN0cmVhbQo="}


@dataclass(frozen=True, slots=True, kw_only=True)
class Classic:
    """A workflow without a policy, and what is done to it."""

    id: str
    kind: str
    form: Mapping[str, Any]
    turn: int
    """When it is started; whoever answers does so one turn later."""
    answer: bool | None = None
    """None: nobody is asked, or nobody answers."""
    outcome: str | None = None
    """What its output must say; None for a reservation, where the sum must be right."""

    @property
    def workflow(self) -> str:
        """Its durable name."""
        return RESERVATION if self.kind == ASKED_RESERVATION else self.kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A proposal with a policy; what people do to it is a matter of its own seed."""

    id: str
    form: Mapping[str, Any]
    turn: int
    seed: str
    is_left_alone: bool
    """Whether nobody does anything, so that its windows run out."""

    @property
    def author(self) -> str:
        """Who hands it in."""
        return str(self.form["author"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """All that comes in."""

    classics: Sequence[Classic]
    reviews: Sequence[Review]

    @classmethod
    def drawn(cls, seed: int, *, classics: int, reviews: int, turns: int) -> "Load":
        """Draw so many, spread over turns 0 to `turns` - 1; the first turn gets as many as four others."""
        chance = random.Random(seed)
        when = [4.0, *[1.0] * (turns - 1)]
        kinds = chance.choices(list(SHARES), list(SHARES.values()), k=classics)
        tight = Counter(number % BUDGETS for number, kind in enumerate(kinds) if kind == RESERVATION)
        return cls(
            classics=[
                _classic(chance, number, kind, tight, chance.choices(range(turns), when)[0])
                for number, kind in enumerate(kinds)
            ],
            reviews=[
                _review(chance, f"{seed}-{number}", chance.choices(range(turns), when)[0]) for number in range(reviews)
            ],
        )

    @property
    def budgets(self) -> dict[str, int]:
        """What must be spent of each budget, in cents: half of what was reserved, or what its owner said yes to."""
        reserved, spent = Counter[str](), Counter[str]()
        for each in self.classics:
            if each.kind == RESERVATION:
                reserved[str(each.form["budget"])] += 1
            elif each.kind == ASKED_RESERVATION:
                spent[str(each.form["budget"])] += round(each.form["amount"] * 100) if each.answer else 0
        return {**{budget: _fitting(count) * AMOUNT_CENTS for budget, count in reserved.items()}, **spent}


def _fitting(reservations: int) -> int:
    return (reservations + 1) // 2


def _classic(chance: random.Random, number: int, kind: str, tight: Mapping[int, int], turn: int) -> Classic:
    name, budget = f"c-{number}", number % BUDGETS
    answer = chance.choices((True, False, None), (5, 2, 3))[0] if kind in EVENTS else None
    window = LONG_WINDOW if answer is not None else round(chance.uniform(0.1, 0.5), 3)
    form: dict[str, Any]
    outcome: str | None
    match kind:
        case "ApprovalWorkflow":
            form = {"title": f"Bridge {number}", "submittedBy": "Ines", "windowHours": window}
        case "BudgetApproval":
            form = {"title": f"Steel {number}", "requestedBy": "Ines", "amount": number, "windowHours": window}
        case "ReserveBudget":
            limit = _fitting(tight[budget]) * AMOUNT_CENTS / 100 + 1
            form = {"budget": f"tight-{budget}", "amount": AMOUNT_CENTS / 100, "limit": limit}
        case "asking":
            form = {"budget": f"asked-{budget}", "amount": (100 + number) / 100, "limit": 1_000_000}
            form |= {"askFirst": True, "windowHours": window}
        case "Chaining":
            form = {"title": f"Bench {number}", "submittedBy": "Ines", "summary": "A bench. In the shade."}
        case "FanOutFanIn":
            form = {"attachments": [_NOTE, {**_NOTE, "name": "more.md"}]}
        case _:
            form = {"account": "Town works", "amount": 14.85, "days": BILLS, "intervalHours": 0.1}
    match answer:
        case True:
            outcome = YES[kind]
        case False:
            outcome = NO[kind]
        case None:
            ends = {CHAINING: "published", CHECKS: "passed", BILLING: "billed"}
            outcome = SILENCES.get(kind) or ends.get(kind)
    return Classic(id=name, kind=kind, form=form, turn=turn, answer=answer, outcome=outcome)


def _review(chance: random.Random, name: str, turn: int) -> Review:
    people = chance.sample(PEOPLE, 4)
    stages = [
        _stage(chance, "design", people[:2], rule=chance.choice(("all", "first"))),
        _stage(chance, "release", people[2:3], rule="first"),
    ][: chance.choice((1, 1, 2))]
    if stages[0]["onTimeout"] == "escalate" and chance.random() < 0.5:
        stages[0]["escalateTo"] = people[3:]
    if chance.random() < 0.3:
        stages[0]["remindAfterHours"] = [0.05]
    policy = {"stages": stages, "changesWindowHours": CHANGES_WINDOW}
    form: dict[str, Any] = {"title": f"Footbridge {name}", "author": chance.choice(AUTHORS), "policy": policy}
    if chance.random() < 0.2:
        form["attachments"] = [_NOTE]
    return Review(id=f"r-{name}", form=form, turn=turn, seed=f"life {name}", is_left_alone=chance.random() < 0.2)


def _stage(chance: random.Random, name: str, approvers: Sequence[str], **more: Any) -> dict[str, Any]:
    silence = chance.choices(("escalate", "reject", "approve"), (8, 1, 1))[0]
    window = round(chance.uniform(0.1, 0.35), 3)
    return {"name": name, "approvers": list(approvers), "windowHours": window, "onTimeout": silence, **more}
