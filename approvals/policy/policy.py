"""A policy: the stages that a proposal goes through, as data that people write. It is checked before it is used."""

import math
from collections.abc import Collection, Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Discriminator, Field, Tag

from approvals.currencies import exact, fits, rounded_up, too_fine
from approvals.described import Described
from approvals.directory import Directory
from approvals.forms import AsTuple, Currency, Money
from approvals.names import among
from approvals.policy.coverage import ALWAYS, FORESEEN
from approvals.policy.faults import find_faults, find_strangers, refuse
from approvals.policy.staffing import staff
from approvals.policy.stages import (
    BUDGET_OWNERS,
    BUDGET_STAGE,
    MOST_PEOPLE,
    MOST_STAGES,
    MOST_WORDS,
    USUAL_CURRENCY,
    Condition,
    Effect,
    Otherwise,
    People,
    Rates,
    Rung,
    SomePeople,
    Stage,
    Tolerable,
    Window,
)
from approvals.validation import Invalid, Line, Prose

EXAMPLE: dict[str, Any] = {
    "stages": [
        {"name": "technical review", "approvers": ["Mara Lindqvist", "Jonas Weber"], "rule": "all"},
        {
            "name": "board",
            "approvers": ["Amara Okafor", "Piet de Vries", "Ana Sousa"],
            "rule": "quorum",
            "quorum": 2,
            "required": ["Amara Okafor"],
            "windowHours": 96,
            "remindAfterHours": [24, 72],
            "escalateTo": ["Helena Brandt"],
        },
    ],
    "budgetLimit": 100000,
    "budgetOwners": ["Tomas Novak"],
    "fourEyes": True,
}
"""A valid policy, which is part of the JSON schema."""


REFUSED = "policy: it has no stage for a proposal of this cost and department, and refuses such proposals"
"""The error if a policy with `"otherwise": "refuse"` has no stage for a proposal."""


def _kind_of_delegates(value: object) -> Literal["(word)", "(people)"]:
    """Choose one alternative, so that a wrong value gives one error, not one for each alternative."""
    return "(people)" if isinstance(value, list | tuple) else "(word)"


Delegates = Annotated[
    Annotated[Literal["nobody", "directory", "anyone"], Tag("(word)")] | Annotated[SomePeople, Tag("(people)")],
    Discriminator(_kind_of_delegates),
]
"""Nobody, the listed people, everybody in the directory, or anyone that letters may be sent to."""


class Policy(Described):
    """How a proposal is decided. Every field has a default except the stages."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    description: Prose = ""
    """What the policy is for, for people who choose one."""
    version: Line | None = None
    """The version that people see; None: the beginning of the policy's hash."""
    used_by: People = ()
    """Who may submit proposals under this policy; empty: everybody. Only for the app's own policies."""
    stages: Annotated[tuple[Stage, ...], AsTuple, Field(min_length=1, max_length=MOST_STAGES)]
    """The stages in their order. Each one starts when the one before it has passed."""
    otherwise: Otherwise = None
    """What happens if no stage's condition holds: `refuse`, or a stage. None: the conditions cover every proposal."""
    departments: Annotated[tuple[Line, ...], AsTuple, Field(max_length=MOST_PEOPLE)] = ()
    """All departments that a proposal may name. Required if conditions choose by department; empty: any."""
    currency: Currency = USUAL_CURRENCY
    """The currency of all limits. A cost in another currency needs a rate."""
    rates: Rates | None = None
    """None: if the policy depends on the cost, only costs in its own currency are accepted."""
    budget_limit: Money | None = None
    """A higher cost needs the budget owner's approval as the last stage; None: no cost needs it."""
    budget_owners: SomePeople = BUDGET_OWNERS
    four_eyes: bool = False
    """Whether each person may decide in only one stage."""
    allow_self_approval: bool = False
    """Whether the author may decide on their own proposal."""
    delegate_to: Delegates = "anyone"
    """Who may take over a task: nobody, the listed people, anybody in the directory, or anyone."""
    outcomes: Annotated[dict[Line, Effect], Field(max_length=MOST_WORDS)] = Field(default_factory=dict)
    """Additional words for a decision, each with its effect."""
    keep_answers_on: Annotated[tuple[Tolerable, ...], AsTuple, Field(max_length=MOST_PEOPLE)] = ()
    """What the author may change while the answers stay valid. Any other change of the document invalidates them."""
    changes_window_hours: Window = 720.0
    """How many hours the author has to submit requested changes; 30 days."""

    def stages_for(
        self, *, cost: float, currency: str, department: str | None, findings: Collection[str]
    ) -> tuple[Stage, ...]:
        """Return the stages whose conditions hold, and the budget stage if the cost is above the limit.

        Empty if the policy refuses such a proposal. Old records have policies with gaps between their conditions. For a
        proposal in such a gap every stage is asked: a gap must never approve anything.
        """
        worth = self.worth(cost, currency)
        chosen = tuple(stage for stage in self.stages if (stage.when or ALWAYS).holds(worth, department, findings))
        if not chosen and self.otherwise == "refuse":
            return ()
        budget = (self.budget_stage,) if self.budget_limit is not None and worth > self.budget_limit else ()
        return (*(chosen or self._left_over), *budget)

    @property
    def _left_over(self) -> tuple[Stage, ...]:
        return (self.otherwise,) if isinstance(self.otherwise, Stage) else self.stages

    @property
    def all_stages(self) -> tuple[Stage, ...]:
        """Every stage of the policy, whatever a proposal's conditions are."""
        return (*self.stages, self.otherwise) if isinstance(self.otherwise, Stage) else self.stages

    @property
    def needs_cost(self) -> bool:
        """Whether the stages depend on the cost."""
        return self.budget_limit is not None or any(stage.when and stage.when.costs for stage in self.stages)

    @property
    def needs_department(self) -> bool:
        """Whether the stages depend on the department."""
        return any(stage.when and stage.when.departments for stage in self.stages)

    def worth(self, cost: float, currency: str) -> float:
        """Convert a cost into the policy's currency by its rates; infinity, above every limit, if there is no rate."""
        if currency == self.currency:
            return cost
        rate = self.rates.worth.get(currency) if self.rates else None
        return math.inf if rate is None else rounded_up(exact(cost) * exact(rate), self.currency)

    @property
    def budget_stage(self) -> Stage:
        """The budget owners' stage. If the policy names no owners, the calling system names who answers."""
        nobody_named = self.budget_owners == BUDGET_OWNERS
        return Stage(name=BUDGET_STAGE, approvers=self.budget_owners, anyone=nobody_named, kind="budget")

    def meeting(self, directory: Directory) -> Self:
        """Return the policy with the directory's main name for each person.

        Raises `Invalid` if it then lists somebody twice, or names an address that letters must not be sent to.
        """
        stages = tuple(stage.renamed(directory.name_of) for stage in self.stages)
        otherwise = self.otherwise.renamed(directory.name_of) if isinstance(self.otherwise, Stage) else self.otherwise
        to = self.delegate_to
        people = {
            "used_by": tuple(map(directory.name_of, self.used_by)),
            "stages": stages,
            "otherwise": otherwise,
            "budget_owners": tuple(map(directory.name_of, self.budget_owners)),
            "delegate_to": to if isinstance(to, str) else tuple(map(directory.name_of, to)),
        }
        met = self.model_copy(update=people)
        refuse((*find_faults(type(self), met.to_dict()), *find_strangers(met.to_dict(), directory)))
        return met

    def barred(self, author: str) -> str | None:
        """Return the author if the author must not decide on their own proposal, None if the author may."""
        return None if self.allow_self_approval else author


def read_policy(value: object) -> Policy:
    """Read a new policy from plain JSON data; raises `Invalid` that names every error with its place.

    Use `Policy.from_dict` for a policy in a record: a policy that was accepted once must stay readable.
    """
    refuse(find_faults(Policy, value))
    return Policy.from_dict(value)


def check_for(policy: Policy, author: str, *, cost: float | None, currency: str, department: str | None) -> None:
    """Check that the policy can decide on this proposal; raises `Invalid` that names every obstacle.

    None means that cost or department was not given. After this check `plan.choose_stages` does not fail for the same
    proposal, whatever the findings.
    """
    refuse(_unfit(policy, cost, currency, department))
    faults = dict[str, None]()
    for findings in FORESEEN:
        stages = policy.stages_for(cost=cost or 0.0, currency=currency, department=department, findings=findings)
        try:
            staff(stages, author=policy.barred(author), four_eyes=policy.four_eyes)
        except Invalid as error:
            faults |= dict.fromkeys(error.errors)
        if not stages:
            faults[REFUSED] = None
    refuse(faults)


def _unfit(policy: Policy, cost: float | None, currency: str, department: str | None) -> Iterator[str]:
    """Yield an error for each value that the policy needs to choose the stages and that is missing or unusable."""
    if policy.needs_cost and cost is None:
        yield "cost: is missing; this policy depends on it"
    if cost is not None and not fits(cost, currency):
        yield f"cost: {too_fine(currency)}"
    if policy.needs_cost and math.isinf(policy.worth(0.0, currency)):
        yield f"currency: this policy has limits in {policy.currency}, and no rate for {currency}"
    if department is not None and policy.departments and not among(department, policy.departments):
        yield f"department: use one of {', '.join(policy.departments)}"
    if policy.needs_department and department is None:
        yield "department: is missing; this policy depends on it"


__all__ = ["Condition", "Effect", "Policy", "Rung", "Stage", "check_for", "read_policy"]
