"""The actions on a proposal, as people and systems send them: one model for each, by the last part of its URL."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

from pydantic import AliasChoices, Field

from approvals.about import About
from approvals.forms import Currency, Money
from approvals.names import Name
from approvals.validation import Boundary, Line, Prose

Acting = Annotated[Name, Field(validation_alias=AliasChoices("by", "approver", "from"))]
"""Who acts. A system gives the person's name; for a signed-in person the app fills it in."""

Approver = Annotated[Name, Field(validation_alias=AliasChoices("approver", "by", "from"))]
Owner = Annotated[Name, Field(validation_alias=AliasChoices("from", "approver", "by"), serialization_alias="from")]


class Decide(About):
    """Answer the open question."""

    approver: Approver
    decision: Line
    """`approve`, `reject`, or a word that the policy defines."""
    comment: Prose = ""
    decision_id: Line | None = None
    """Chosen by the sender. A repeated id is the same decision, even if the first response was lost."""

    @property
    def actor_name(self) -> str:
        """Who acts."""
        return self.approver


class RequestChanges(About):
    """Ask the author for changes; the deadline is paused until the proposal is submitted again."""

    approver: Approver
    comment: Annotated[Prose, Field(min_length=1)]
    """What should be changed."""

    @property
    def actor_name(self) -> str:
        """Who acts."""
        return self.approver


class Comment(Boundary):
    """Comment without deciding."""

    by: Acting
    comment: Annotated[Prose, Field(min_length=1)]

    @property
    def actor_name(self) -> str:
        """Who acts."""
        return self.by


class Delegate(Boundary):
    """Let another person answer for you; the record keeps both names."""

    owner: Owner
    to: Name
    comment: Prose = ""

    @property
    def actor_name(self) -> str:
        """Who acts."""
        return self.owner


class TakeBack(Boundary):
    """Take back a delegated task that is not answered yet."""

    by: Acting
    comment: Prose = ""

    @property
    def actor_name(self) -> str:
        """Who acts."""
        return self.by


class Reassign(Boundary):
    """Give a task to another person permanently: by the person who has it, or by an operator for them."""

    owner: Annotated[Name, Field(alias="from")]
    to: Name
    by: Name | None = None
    """None: the owner, or the calling system."""
    comment: Prose = ""

    @property
    def actor_name(self) -> str:
        """Who acts."""
        return self.by or self.owner


class Remind(Boundary):
    """Remind the people who have not answered."""

    by: Acting

    @property
    def actor_name(self) -> str:
        """Who acts."""
        return self.by


class Withdraw(Boundary):
    """Withdraw the proposal."""

    by: Acting
    reason: Prose = ""

    @property
    def actor_name(self) -> str:
        """Who acts."""
        return self.by


class Resubmit(Boundary):
    """Submit the proposal again after a request for changes; fields that are left out do not change."""

    by: Acting
    title: Line | None = None
    summary: Prose | None = None
    cost: Money | None = None
    currency: Currency | None = None
    department: Line | None = None
    comment: Prose = ""

    @property
    def actor_name(self) -> str:
        """Who acts."""
        return self.by


class Attach(Boundary):
    """Add a file, or replace the file with the same name. The file is already stored."""

    by: Acting
    name: Line
    blob: str
    content_type: str
    size: int
    sha256: str

    @property
    def actor_name(self) -> str:
        """Who acts."""
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
"""By the last part of `POST /api/proposals/{id}/…`. A file has its own URL, because it is sent with its content."""
