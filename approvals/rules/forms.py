"""The form of `POST /api/proposals`: a proposal at its submission. Every part of it has a size limit."""

import json
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field

from approvals.attachments import MOST_ATTACHMENTS, InlineAttachment
from approvals.described import Described
from approvals.forms import AsTuple, Currency, Money, largest_body
from approvals.names import Name
from approvals.validation import Line, Prose

LONGEST_POLICY = 32 * 1024
"""Characters of JSON in a policy that comes with the proposal. The record stores it unchanged."""

LARGEST_BODY = largest_body(MOST_ATTACHMENTS)
"""The largest request body in bytes."""

LARGEST_VERB = 64 * 1024
"""Bytes of the body of any other action on a proposal, twice what the longest comment needs."""


def _name_or_policy(value: object) -> object:
    """Check only that this is a name or an object; the policy itself is checked elsewhere."""
    match value:
        case None | str():
            return value
        case dict() if len(json.dumps(value, ensure_ascii=False)) <= LONGEST_POLICY:
            return value
        case dict():
            raise ValueError(f"must not have more than {LONGEST_POLICY:,} characters as JSON")
        case _:
            raise ValueError("give the name of a policy, or a policy with its stages")


NameOrPolicy = Annotated[str | dict[str, Any] | None, BeforeValidator(_name_or_policy)]
"""The name of one of the app's policies, or a policy for this proposal only; without it the default policy."""


class SubmissionForm(Described):
    """A proposal as a person or a system submits it."""

    example: ClassVar[dict[str, Any]] = {
        "title": "Mill Stream footbridge",
        "summary": "A timber bridge of 37 m on steel beams, with a ramp on either side.",
        "author": "Ines Carvalho",
        "cost": 148500,
        "currency": "EUR",
        "department": "works",
        "policy": {
            "stages": [
                {"name": "design", "approvers": ["Mara Lindqvist", "Jonas Weber"], "rule": "all"},
                {"name": "release", "approvers": ["Amara Okafor"], "windowHours": 48, "remindAfterHours": [24]},
            ],
            "fourEyes": True,
        },
        "attachments": [{"name": "note.md", "contentType": "text/markdown", "content": "IyBNaWxsIFN0cmVhbQo="}],
    }
    """JSON data that is accepted if it is posted unchanged."""

    title: Line
    summary: Prose = ""
    author: Name
    """A signed-in person may leave it out."""
    cost: Money = 0.0
    """With no more decimals than the currency has. Required if the policy depends on it."""
    currency: Currency = "EUR"
    department: Line | None = None
    policy: NameOrPolicy = None
    attachments: Annotated[tuple[InlineAttachment, ...], AsTuple] = Field(default=(), max_length=MOST_ATTACHMENTS)

    @property
    def given_cost(self) -> float | None:
        """The cost; None if it was left out, which does not mean a cost of 0."""
        return self.cost if "cost" in self.model_fields_set else None

    @property
    def words(self) -> dict[str, Any]:
        """The document without its files, in the form of the record and of the hash."""
        return {
            "title": self.title,
            "summary": self.summary,
            "cost": self.cost,
            "currency": self.currency,
            "department": self.department,
        }
