"""A stage of a policy: who is asked, how many must agree, the deadline, and what happens when nobody answers."""

from collections.abc import Callable, Collection
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag

from approvals.described import Described
from approvals.findings import Check
from approvals.forms import AsTuple, Currency, Money
from approvals.names import among, same
from approvals.validation import Line

MOST_STAGES = 20
MOST_PEOPLE = 50
"""People in one list of a policy."""
MOST_RUNGS = 10
MOST_REMINDERS = 20
MOST_CURRENCIES = 200
MOST_WORDS = 20
"""Decision words that a policy defines."""
LONGEST_WINDOW = 8760
"""Hours: a year."""

People = Annotated[tuple[Line, ...], AsTuple, Field(max_length=MOST_PEOPLE)]
"""Names, which are compared without case."""
SomePeople = Annotated[People, Field(min_length=1)]

Window = Annotated[float, Field(gt=0, le=LONGEST_WINDOW)]
"""Hours of real time, up to a year."""

FindingWord = Literal["passed", "warnings", "objections", "incomplete", Check]
"""Findings of the checks of attachments: their summary in one word, and each check that found something."""

USUAL_CURRENCY = "EUR"
"""The currency of a policy that names none."""

BUDGET_STAGE = "budget"
"""The name of the stage that a policy's `budgetLimit` adds."""
Effect = Literal["approve", "reject", "changes"]
"""The effect of a decision, whichever word is used for it."""

Tolerable = Literal["title", "summary", "addedFiles"]
"""Changes of a document after which a policy may keep answers. Replaced files and costs are not among them."""

BUDGET_OWNERS = ("the budget owner",)
"""Who is asked in the budget stage if the policy names nobody."""

UNKNOWN = "incomplete"
"""The finding that some check could not be carried out."""


class Condition(Described):
    """When a stage applies: if all given conditions hold."""

    cost_above: Money | None = None
    """The cost is more than this: the range continues where `costUpTo` of another stage ends."""
    cost_from: Money | None = None
    """The cost is this or more; instead of `costAbove`."""
    cost_up_to: Money | None = None
    """The cost is this or less."""
    departments: Annotated[tuple[Line, ...], AsTuple, Field(max_length=MOST_PEOPLE)] = ()
    """The department is one of these, which the policy's `departments` must list; compared without case."""
    findings: Annotated[tuple[FindingWord, ...], AsTuple, Field(max_length=MOST_PEOPLE)] = ()
    """At least one of these was found. If checks could not be carried out (`incomplete`), the condition holds too."""

    @property
    def costs(self) -> tuple[float, ...]:
        """The limits of the cost."""
        return tuple(each for each in (self.cost_above, self.cost_from, self.cost_up_to) if each is not None)

    def holds(self, cost: float, department: str | None, findings: Collection[str]) -> bool:
        """Say whether the stage applies to such a proposal."""
        return (
            (self.cost_above is None or cost > self.cost_above)
            and (self.cost_from is None or cost >= self.cost_from)
            and (self.cost_up_to is None or cost <= self.cost_up_to)
            and (not self.departments or among(department or "", self.departments))
            and (not self.findings or UNKNOWN in findings or not set(findings).isdisjoint(self.findings))
        )


def _day(text: str) -> str:
    try:
        date.fromisoformat(text)
    except ValueError:
        raise ValueError("is not a day of the calendar") from None  # Python's own words differ from version to version
    return text


class Rates(Described):
    """The rates of other currencies in the policy's currency, on one day."""

    date: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"), AfterValidator(_day)]
    """ISO 8601. The record stores it with the rates, so that everybody can see how old they were."""
    worth: Annotated[
        dict[Currency, Annotated[float, Field(gt=0, le=1e9)]], Field(min_length=1, max_length=MOST_CURRENCIES)
    ]
    """The value of one unit of each: `{"KWD": 3.02}`. A cost is rounded up to the decimals of the policy's currency."""


class Rung(Described):
    """One step of the escalation: the people that a stage is escalated to, and how long they have."""

    to: SomePeople
    window_hours: Window | None = None
    """None: as long as the stage's window."""


def _rung_of_name(value: object) -> object:
    return {"to": (value,)} if isinstance(value, str) else value


Ladder = Annotated[
    tuple[Annotated[Rung, BeforeValidator(_rung_of_name, json_schema_input_type=Line | Rung)], ...],
    AsTuple,
    Field(max_length=MOST_RUNGS),
]
"""In JSON a rung is a name, or an object if it has several people or its own window."""


def _kind_of_veto(value: object) -> Literal["(bool)", "(people)"]:
    """Choose one alternative, so that a wrong value gives one error, not one for each alternative."""
    return "(people)" if isinstance(value, list | tuple) else "(bool)"


Veto = Annotated[
    Annotated[bool, Tag("(bool)")] | Annotated[People, Tag("(people)")],
    Discriminator(_kind_of_veto),
]


class Stage(Described):
    """One stage. If it does not pass, the proposal ends."""

    name: Line
    rule: Literal["first", "all", "quorum"] = "first"
    """Whose yes is enough: the first person to answer, all approvers, or as many as `quorum` says."""
    quorum: Annotated[int, Field(ge=1)] | None = None
    approvers: SomePeople
    required: People = ()
    """The approvers whose yes is required for the stage to pass, whatever the rule."""
    veto: Veto = False
    """Whose no ends the stage even if others could still reach the quorum: everybody's (true), or these people's."""
    window_hours: Window = 72.0
    remind_after_hours: Annotated[tuple[Window, ...], AsTuple, Field(max_length=MOST_REMINDERS)] = ()
    """When reminders are sent, in hours after the stage was opened."""
    escalate_to: Ladder = ()
    """Who is asked next when the window is over, step by step.

    Each of them fills one place of a person who did not answer: as many must agree as answers are missing, and one no
    ends the stage. If a step has fewer people than that, the people who did not answer are still asked too.
    """
    on_timeout: Literal["escalate", "reject", "approve"] = "escalate"
    """What happens at the end of the window. `escalate`: the next step of `escalateTo`; then it expires."""
    when: Condition | None = None
    """None: the stage always applies."""
    anyone: bool = False
    """Whether a system may name any person except the author as the approver. The approvers then represent a group."""
    kind: Annotated[Literal["review", "budget"], Field(json_schema_extra={"readOnly": True})] = "review"
    """`budget` is the stage that `budgetLimit` adds. It cannot be set in a policy."""

    @property
    def needed(self) -> int:
        """How many people must say yes, at least the required ones."""
        counts = {"first": 1, "all": len(self.approvers), "quorum": self.quorum or 1}
        return max(counts[self.rule], len(self.required))

    def without(self, person: str) -> Self:
        """Return the stage without that person; a rung without any people left is removed.

        The result may be a stage that cannot pass: see `can_pass`.
        """
        rungs = [each.model_copy(update={"to": _but(person, each.to)}) for each in self.escalate_to]
        fields = {
            "approvers": _but(person, self.approvers),
            "required": _but(person, self.required),
            "veto": self.veto if isinstance(self.veto, bool) else _but(person, self.veto),
            "escalate_to": tuple(each for each in rungs if each.to),
        }
        return self.model_copy(update=fields)

    def renamed(self, name_of: Callable[[str], str]) -> Self:
        """Return the stage with each person's name replaced."""
        fields = {
            "approvers": _renamed(self.approvers, name_of),
            "required": _renamed(self.required, name_of),
            "veto": self.veto if isinstance(self.veto, bool) else _renamed(self.veto, name_of),
            "escalate_to": tuple(
                each.model_copy(update={"to": _renamed(each.to, name_of)}) for each in self.escalate_to
            ),
        }
        return self.model_copy(update=fields)

    @property
    def can_pass(self) -> bool:
        """Whether there are enough approvers."""
        return 0 < self.needed <= len(self.approvers)


def _kind_of_otherwise(value: object) -> Literal["(word)", "(stage)"]:
    """As `_kind_of_veto`."""
    return "(word)" if value is None or isinstance(value, str) else "(stage)"


Otherwise = Annotated[
    Annotated[Literal["refuse"] | None, Tag("(word)")] | Annotated[Stage, Tag("(stage)")],
    Discriminator(_kind_of_otherwise),
]
"""What happens to a proposal that meets no stage: it is refused at submission, or goes to this stage."""


def _but(person: str, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in names if not same(name, person))


def _renamed(names: tuple[str, ...], name_of: Callable[[str], str]) -> tuple[str, ...]:
    return tuple(name_of(name) for name in names)
