"""What people can do to a proposal, as they send it: one model a verb, named as the last part of its URL."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

from pydantic import AliasChoices, Field

from approvals.about import About
from approvals.forms import Currency, Money
from approvals.names import Name
from approvals.validation import Boundary, Line, Prose

Acting = Annotated[Name, Field(validation_alias=AliasChoices("by", "approver", "from"))]
"""Who does it. Systems name the person; for somebody who is signed in it is filled in."""

Approver = Annotated[Name, Field(validation_alias=AliasChoices("approver", "by", "from"))]
Owner = Annotated[Name, Field(validation_alias=AliasChoices("from", "approver", "by"), serialization_alias="from")]


class Decide(About):
    """Give one's answer."""

    approver: Approver
    decision: Line
    """`approve`, `reject`, or a word of the policy's own."""
    comment: Prose = ""
    decision_id: Line | None = None
    """Chosen by the sender; the same one again is the same decision, whatever happened to the first answer."""

    @property
    def acting(self) -> str:
        """Who does it."""
        return self.approver


class RequestChanges(About):
    """Hand the proposal back to its author; the clock stops until it comes again."""

    approver: Approver
    comment: Annotated[Prose, Field(min_length=1)]
    """What should be changed."""

    @property
    def acting(self) -> str:
        """Who does it."""
        return self.approver


class Comment(Boundary):
    """Say something that decides nothing."""

    by: Acting
    comment: Annotated[Prose, Field(min_length=1)]

    @property
    def acting(self) -> str:
        """Who does it."""
        return self.by


class Delegate(Boundary):
    """Let somebody else answer in one's stead; the record keeps both names."""

    owner: Owner
    to: Name
    comment: Prose = ""

    @property
    def acting(self) -> str:
        """Who does it."""
        return self.owner


class TakeBack(Boundary):
    """Take back a task that one has delegated, as long as it is not answered."""

    by: Acting
    comment: Prose = ""

    @property
    def acting(self) -> str:
        """Who does it."""
        return self.by


class Reassign(Boundary):
    """Give a task to somebody else altogether: by the person who has it, or by an operator for them."""

    owner: Annotated[Name, Field(alias="from")]
    to: Name
    by: Name | None = None
    """None: the owner, or the system that sends it."""
    comment: Prose = ""

    @property
    def acting(self) -> str:
        """Who does it."""
        return self.by or self.owner


class Remind(Boundary):
    """Ask those once more who have not answered."""

    by: Acting

    @property
    def acting(self) -> str:
        """Who does it."""
        return self.by


class Withdraw(Boundary):
    """Take the proposal back."""

    by: Acting
    reason: Prose = ""

    @property
    def acting(self) -> str:
        """Who does it."""
        return self.by


class Resubmit(Boundary):
    """Hand the proposal in again after changes were asked for; what is left out stays as it is."""

    by: Acting
    title: Line | None = None
    summary: Prose | None = None
    cost: Money | None = None
    currency: Currency | None = None
    department: Line | None = None
    comment: Prose = ""

    @property
    def acting(self) -> str:
        """Who does it."""
        return self.by


class Attach(Boundary):
    """Add a file, or put another in the place of the one with its name. The file is stored already."""

    by: Acting
    name: Line
    blob: str
    content_type: str
    size: int
    sha256: str

    @property
    def acting(self) -> str:
        """Who does it."""
        return self.by


Verb = Decide | RequestChanges | Comment | Delegate | TakeBack | Reassign | Remind | Withdraw | Resubmit | Attach

VERBS: Mapping[str, type[Verb]] = MappingProxyType(
    {
        "decisions": Decide,
        "changes": RequestChanges,
        "comments": Comment,
        "delegate": Delegate,
        "takeBack": TakeBack,
        "reassign": Reassign,
        "remind": Remind,
        "withdraw": Withdraw,
        "resubmit": Resubmit,
    }
)
"""By the last part of `POST /api/proposals/{id}/…`; a file is put elsewhere, as its content comes with it."""
