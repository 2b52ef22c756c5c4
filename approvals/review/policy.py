"""A policy: the stages that a proposal goes through, as data that people write, checked before anybody relies on it."""

from collections.abc import Collection
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Discriminator, Field, Tag

from approvals.directory import Directory
from approvals.forms import AsTuple, Money
from approvals.review.faults import find_faults, find_strangers, refuse
from approvals.review.staffing import staff
from approvals.review.stages import (
    BUDGET_OWNERS,
    BUDGET_STAGE,
    MOST_STAGES,
    MOST_WORDS,
    UNKNOWN,
    Condition,
    Described,
    Effect,
    Rung,
    SomePeople,
    Stage,
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
    stages: Annotated[tuple[Stage, ...], AsTuple, Field(min_length=1, max_length=MOST_STAGES)]
    """In their order; each begins when the one before it has passed."""
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
    changes_window_hours: Window = 720.0
    """How long the author has to hand in changes that were asked for; 30 days."""

    def stages_for(self, *, cost: float, department: str | None, findings: Collection[str]) -> tuple[Stage, ...]:
        """Return the stages whose conditions hold, and the budget's where the cost is above the limit.

        Where that leaves none, the first stage is taken: nothing is approved because a condition had a gap.
        """
        chosen = [stage for stage in self.stages if stage.when is None or stage.when.holds(cost, department, findings)]
        if self.budget_limit is not None and cost > self.budget_limit:
            chosen.append(self.budget_stage)
        return tuple(chosen) or self.stages[:1]

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
        owners = tuple(directory.name_of(each) for each in self.budget_owners)
        to = self.delegate_to
        named = to if isinstance(to, str) else tuple(directory.name_of(each) for each in to)
        met = self.model_copy(update={"stages": stages, "budget_owners": owners, "delegate_to": named})
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


def check_for(policy: Policy, author: str, *, cost: float | None = None, department: str | None = None) -> None:
    """See that the policy can decide on what this author wrote; raises `Invalid` that names each stage that cannot.

    After that, `plan.choose_stages` never fails for the same author, cost and department, whatever the findings.
    Without a cost it never fails for the author at all; then also those stages count that the proposal may never meet.
    """
    limit = policy.budget_limit
    if cost is None:
        plans = [policy.stages if limit is None else (*policy.stages, policy.budget_stage)]
    else:
        # With these findings every stage is in that findings can bring in, with none only those that are in anyway.
        plans = [
            policy.stages_for(cost=cost, department=department, findings=findings) for findings in ((UNKNOWN,), ())
        ]
    faults = dict[str, None]()
    for plan in plans:
        try:
            staff(plan, author=policy.barred(author), four_eyes=policy.four_eyes)
        except Invalid as error:
            faults |= dict.fromkeys(error.errors)
    refuse(faults)


__all__ = ["Condition", "Effect", "Policy", "Rung", "Stage", "check_for", "read_policy"]
