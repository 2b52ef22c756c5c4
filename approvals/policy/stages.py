"""A stage of a policy: who is asked, how many must agree, how long they have, and what happens when nobody answers."""

from collections.abc import Callable, Collection
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Discriminator, Field, Tag

from approvals.findings import Check
from approvals.forms import AsTuple, Currency, Money
from approvals.names import among, same
from approvals.validation import Boundary, Line

MOST_STAGES = 20
MOST_PEOPLE = 50
"""In one list of a policy."""
MOST_RUNGS = 10
MOST_REMINDERS = 20
MOST_CURRENCIES = 200
MOST_WORDS = 20
"""Outcomes of a policy's own."""
LONGEST_WINDOW = 8760
"""Hours: a year."""

People = Annotated[tuple[Line, ...], AsTuple, Field(max_length=MOST_PEOPLE)]
"""Names; they are compared without case."""
SomePeople = Annotated[People, Field(min_length=1)]

Window = Annotated[float, Field(gt=0, le=LONGEST_WINDOW)]
"""Hours of real time, up to a year."""

FindingWord = Literal["passed", "warnings", "objections", "incomplete", Check]
"""What the checks of attachments can come to: their sum in one word, and each check that has something to say."""

USUAL_CURRENCY = "EUR"
"""Of a policy that names none."""

BUDGET_STAGE = "budget"
"""The name of the stage that a policy's `budgetLimit` adds."""
Effect = Literal["approve", "reject", "changes"]
"""What a decision comes to, whatever word it is given in."""

Tolerable = Literal["title", "summary", "addedFiles"]
"""Changes of a document that a policy may let answers outlive; files that are replaced, and money, are none of them."""

BUDGET_OWNERS = ("the budget owner",)
"""Who is asked there where the policy names nobody."""

UNKNOWN = "incomplete"
"""The finding that says that some check could not be carried out."""


class Described(Boundary):
    """Base of a policy's parts, whose JSON schema says of each field what its docstring here says."""

    model_config = ConfigDict(use_attribute_docstrings=True)


class Condition(Described):
    """When a stage is part of the way: where all hold that are given."""

    cost_above: Money | None = None
    """More than this; it goes on where `costUpTo` of another stage ends."""
    cost_from: Money | None = None
    """This much or more; in the place of `costAbove`."""
    cost_up_to: Money | None = None
    """This much is still inside."""
    departments: Annotated[tuple[Line, ...], AsTuple, Field(max_length=MOST_PEOPLE)] = ()
    """One of these, which are among the policy's `departments`; compared without case."""
    findings: Annotated[tuple[FindingWord, ...], AsTuple, Field(max_length=MOST_PEOPLE)] = ()
    """One of these at least. Where checks could not be carried out (`incomplete`) nobody knows, and it holds too."""

    @property
    def costs(self) -> tuple[float, ...]:
        """The limits that it sets to the cost."""
        return tuple(each for each in (self.cost_above, self.cost_from, self.cost_up_to) if each is not None)

    def holds(self, cost: float, department: str | None, findings: Collection[str]) -> bool:
        """Say whether the stage is part of the way of such a proposal."""
        return (
            (self.cost_above is None or cost > self.cost_above)
            and (self.cost_from is None or cost >= self.cost_from)
            and (self.cost_up_to is None or cost <= self.cost_up_to)
            and (not self.departments or among(department or "", self.departments))
            and (not self.findings or UNKNOWN in findings or not set(findings).isdisjoint(self.findings))
        )


def _day(text: str) -> str:
    date.fromisoformat(text)
    return text


class Rates(Described):
    """What other currencies are worth in the policy's, on one day."""

    date: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"), AfterValidator(_day)]
    """ISO 8601; the record keeps it with the rates, so that everybody sees how old they were."""
    worth: Annotated[
        dict[Currency, Annotated[float, Field(gt=0, le=1e9)]], Field(min_length=1, max_length=MOST_CURRENCIES)
    ]
    """Of one unit of each: `{"KWD": 3.02}`. A cost is rounded up to the policy's decimals."""


class Rung(Described):
    """One step of the ladder: whom a stage is escalated to, and how long they have."""

    to: SomePeople
    window_hours: Window | None = None
    """None: as long as the stage's own window."""


def _rung_of_name(value: object) -> object:
    return {"to": (value,)} if isinstance(value, str) else value


Ladder = Annotated[
    tuple[Annotated[Rung, BeforeValidator(_rung_of_name, json_schema_input_type=Line | Rung)], ...],
    AsTuple,
    Field(max_length=MOST_RUNGS),
]
"""In JSON a rung is a name, or an object where it has several people or a window of its own."""


def _kind_of_veto(value: object) -> Literal["(bool)", "(people)"]:
    """Let a wrong value be refused in one sentence, not in one for each kind that would be right."""
    return "(people)" if isinstance(value, list | tuple) else "(bool)"


Veto = Annotated[
    Annotated[bool, Tag("(bool)")] | Annotated[People, Tag("(people)")],
    Discriminator(_kind_of_veto),
]


class Stage(Described):
    """One stage: it passes, or the proposal ends with it."""

    name: Line
    rule: Literal["first", "all", "quorum"] = "first"
    """Whose yes is enough: the first that answers, all that are asked, or as many as `quorum` says."""
    quorum: Annotated[int, Field(ge=1)] | None = None
    approvers: SomePeople
    required: People = ()
    """Of the approvers those without whose yes the stage does not pass, whatever the rule."""
    veto: Veto = False
    """Whose no ends the stage even where others could still make up the quorum: everybody's, or these people's."""
    window_hours: Window = 72.0
    remind_after_hours: Annotated[tuple[Window, ...], AsTuple, Field(max_length=MOST_REMINDERS)] = ()
    """Hours after the stage was opened."""
    escalate_to: Ladder = ()
    """Who is asked next when the window is over, rung by rung.

    Each takes one place of those who did not answer: as many must agree as are missing, and one no ends it. Where a
    rung has fewer people than that, those who did not answer stay asked.
    """
    on_timeout: Literal["escalate", "reject", "approve"] = "escalate"
    """What happens at the end of the window; `escalate`: the ladder, and at its end the proposal has expired."""
    when: Condition | None = None
    """None: always."""
    anyone: bool = False
    """Whether a system may name as the answerer any person but the author; the approvers then stand for a body."""
    kind: Annotated[Literal["review", "budget"], Field(json_schema_extra={"readOnly": True})] = "review"
    """`budget` is the stage that `budgetLimit` adds; nobody else sets it."""

    @property
    def needed(self) -> int:
        """How many must say yes: with `required`, at least those."""
        counts = {"first": 1, "all": len(self.approvers), "quorum": self.quorum or 1}
        return max(counts[self.rule], len(self.required))

    def without(self, person: str) -> Self:
        """Return the stage in which that person is asked nowhere; a rung that nobody is left on is taken out.

        It may be one that cannot pass: see `can_pass`.
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
        """Return the stage with other names for its people."""
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
"""What happens with a proposal that meets no stage: it is refused when it is handed in, or goes to this one."""


def _but(person: str, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in names if not same(name, person))


def _renamed(names: tuple[str, ...], name_of: Callable[[str], str]) -> tuple[str, ...]:
    return tuple(name_of(name) for name in names)
