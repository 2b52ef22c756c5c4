"""The form of `POST /api/proposals`: a proposal as it is handed in, every part of it bounded."""

import json
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field

from approvals.attachments import MOST_ATTACHMENTS, InlineAttachment
from approvals.forms import AsTuple, Currency, Money, largest_body
from approvals.names import Name
from approvals.policy.stages import Described
from approvals.validation import Line, Prose

LONGEST_POLICY = 32 * 1024
"""Characters of a policy that comes with the proposal, as JSON; it goes into the record as it is."""

LARGEST_BODY = largest_body(MOST_ATTACHMENTS)
"""Bytes."""

LARGEST_VERB = 64 * 1024
"""Bytes of anything that is done to a proposal; the longest comment in the widest letters is half of that."""


def _name_or_policy(value: object) -> object:
    """Say in one sentence what a policy may be; what is wrong inside of one is told elsewhere."""
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
"""The name of one that the app has, or one for this proposal alone; without it the default one."""


class SubmissionForm(Described):
    """A proposal, as a person or a system hands it in."""

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
    """JSON data that is accepted when it is posted as it stands."""

    title: Line
    summary: Prose = ""
    author: Name
    """For somebody who is signed in it may be left out."""
    cost: Money = 0.0
    """With no more decimals than the currency has. Needed where the policy goes by it."""
    currency: Currency = "EUR"
    department: Line | None = None
    policy: NameOrPolicy = None
    attachments: Annotated[tuple[InlineAttachment, ...], AsTuple] = Field(default=(), max_length=MOST_ATTACHMENTS)

    @property
    def given_cost(self) -> float | None:
        """The cost; None where it was left out, which is not a cost of nothing."""
        return self.cost if "cost" in self.model_fields_set else None

    @property
    def words(self) -> dict[str, Any]:
        """The part of the document that is not files, as its record and its hash have it."""
        return {
            "title": self.title,
            "summary": self.summary,
            "cost": self.cost,
            "currency": self.currency,
            "department": self.department,
        }
