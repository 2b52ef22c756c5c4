"""A policy: the stages that a proposal goes through, as data that people write, checked before anybody relies on it."""

import math
from collections.abc import Collection, Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Discriminator, Field, Tag

from approvals.currencies import exact, fits, rounded_up, too_fine
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
    Described,
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
"""A policy that is accepted as it stands; it is part of the JSON schema."""


REFUSED = "policy: it has no stage for a proposal of this cost and department, and refuses it"
"""What its `otherwise` may say."""


def _kind_of_successors(value: object) -> Literal["(word)", "(people)"]:
    """Let a wrong value be refused in one sentence, not in one for each kind that would be right."""
    return "(people)" if isinstance(value, list | tuple) else "(word)"


Successors = Annotated[
    Annotated[Literal["nobody", "directory", "anyone"], Tag("(word)")] | Annotated[SomePeople, Tag("(people)")],
    Discriminator(_kind_of_successors),
]
"""Nobody, those who are named, those in the directory, or anyone whom a letter may go to."""


class Policy(Described):
    """How a proposal is decided. What is left out has a default; only the stages have none."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    description: Prose = ""
    """For people who choose among policies: what it is for."""
    version: Line | None = None
    """What people tell one edition of it from the next by; None: the beginning of its hash."""
    used_by: People = ()
    """Who may hand in proposals under it; nobody named: everybody. Only for a policy of the app's."""
    stages: Annotated[tuple[Stage, ...], AsTuple, Field(min_length=1, max_length=MOST_STAGES)]
    """In their order; each begins when the one before it has passed."""
    otherwise: Otherwise = None
    """What happens where no stage's condition holds: `refuse`, or a stage. None: the conditions leave nothing out."""
    departments: Annotated[tuple[Line, ...], AsTuple, Field(max_length=MOST_PEOPLE)] = ()
    """All that proposals may be of. Needed where conditions choose by department; else empty for any."""
    currency: Currency = USUAL_CURRENCY
    """Of the limits to costs. A cost in another one needs a rate."""
    rates: Rates | None = None
    """None: only costs in the policy's own currency are taken, where it goes by costs."""
    budget_limit: Money | None = None
    """A higher cost needs a budget owner's yes at the end; None: no cost does."""
    budget_owners: SomePeople = BUDGET_OWNERS
    four_eyes: bool = False
    """Whether nobody may decide in two stages."""
    allow_self_approval: bool = False
    """Whether the author may be among those who decide."""
    delegate_to: Successors = "anyone"
    """To whom people may hand their task over: nobody, these people, anybody in the directory, or anyone."""
    outcomes: Annotated[dict[Line, Effect], Field(max_length=MOST_WORDS)] = Field(default_factory=dict)
    """Further words for a decision, with what each comes to."""
    keep_answers_on: Annotated[tuple[Tolerable, ...], AsTuple, Field(max_length=MOST_PEOPLE)] = ()
    """What the author may change without making answers void. Any other change of the document makes them void."""
    changes_window_hours: Window = 720.0
    """How long the author has to hand in changes that were asked for; 30 days."""

    def stages_for(
        self, *, cost: float, currency: str, department: str | None, findings: Collection[str]
    ) -> tuple[Stage, ...]:
        """Return the stages whose conditions hold, and the budget's where the cost is above the limit.

        None where the policy refuses such a proposal. Records have policies that were accepted with gaps between their
        conditions: there every stage is asked, as nothing is approved because a condition had a gap.
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
        """Every stage that it names, whichever a proposal meets."""
        return (*self.stages, self.otherwise) if isinstance(self.otherwise, Stage) else self.stages

    @property
    def needs_cost(self) -> bool:
        """Whether the way depends on the cost."""
        return self.budget_limit is not None or any(stage.when and stage.when.costs for stage in self.stages)

    @property
    def needs_department(self) -> bool:
        """Whether the way depends on the department."""
        return any(stage.when and stage.when.departments for stage in self.stages)

    def worth(self, cost: float, currency: str) -> float:
        """Return a cost in the policy's currency, by its rates; above every limit where there is no rate."""
        if currency == self.currency:
            return cost
        rate = self.rates.worth.get(currency) if self.rates else None
        return math.inf if rate is None else rounded_up(exact(cost) * exact(rate), self.currency)

    @property
    def budget_stage(self) -> Stage:
        """The stage of those who own the budget; where the policy names nobody, systems may name who does."""
        nobody_named = self.budget_owners == BUDGET_OWNERS
        return Stage(name=BUDGET_STAGE, approvers=self.budget_owners, anyone=nobody_named, kind="budget")

    def meeting(self, directory: Directory) -> Self:
        """Return the policy with one name for each person.

        Raises `Invalid` where it counts somebody twice then, or names an address that no letter may go to.
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
        """Return the author where nobody decides on what they wrote themselves, None where they may."""
        return None if self.allow_self_approval else author


def read_policy(value: object) -> Policy:
    """Read a policy that somebody wrote, as plain JSON data; raises `Invalid` that names every fault with its place.

    Those who read one back from a record use `Policy.from_dict`: what was accepted once stays readable.
    """
    refuse(find_faults(Policy, value))
    return Policy.from_dict(value)


def check_for(policy: Policy, author: str, *, cost: float | None, currency: str, department: str | None) -> None:
    """See that the policy can decide on this proposal; raises `Invalid` that names everything that is in the way.

    A cost or department of None was not given. After that, `plan.choose_stages` never fails for the same proposal,
    whatever the findings.
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
    """Yield what a proposal lacks by which the policy chooses its way."""
    if policy.needs_cost and cost is None:
        yield "cost: is missing; this policy goes by it"
    if cost is not None and not fits(cost, currency):
        yield f"cost: {too_fine(currency)}"
    if policy.needs_cost and math.isinf(policy.worth(0.0, currency)):
        yield f"currency: this policy has limits in {policy.currency}, and no rate for {currency}"
    if department is not None and policy.departments and not among(department, policy.departments):
        yield f"department: use one of {', '.join(policy.departments)}"
    if policy.needs_department and department is None:
        yield "department: is missing; this policy goes by it"


__all__ = ["Condition", "Effect", "Policy", "Rung", "Stage", "check_for", "read_policy"]
