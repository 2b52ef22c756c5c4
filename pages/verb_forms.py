"""The forms of what somebody may do to a proposal, each for the document that is shown; and those that come back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from approvals.rules.permissions import Permissions

FORMS: Mapping[str, str] = MappingProxyType(
    {
        "decisions": "Your answer is on record.",
        "comments": "Your comment is on record.",
        "delegate": "Your task is handed over.",
        "reassign": "Your task is handed over for good.",
        "takeBack": "The task is yours again.",
        "remind": "Those who are waited for are reminded.",
        "withdraw": "The proposal is withdrawn.",
    }
)
"""The verbs that have a form on the page, and what is said when one is taken down."""

ATTACH = "attach"
"""The form with files, which has an address of its own."""

DONE: Mapping[str, str] = MappingProxyType(
    {
        **FORMS,
        "submitted": "The proposal is handed in. Its documents are checked first.",
        ATTACH: "The files are on record. Whoever is asked sees them.",
        "resubmitted": "The proposal is handed in again.",
    }
)
"""The same, with what is done on pages of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentForm:
    """A form that comes back to whoever sent it: what was in it, and why it was not taken down."""

    verb: str = ""
    fields: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    faults: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """By field; `form` has those of none."""
    refusal: str = ""
    """A sentence."""
    changes: Sequence[str] = ()
    """What was done to the document since it was shown, where that is why."""

    @property
    def is_refused(self) -> bool:
        """Whether there is anything to tell."""
        return bool(self.faults or self.refusal)

    def field_value(self, verb: str, name: str) -> str:
        """Return what was typed into a field of that verb's form."""
        return self.fields.get(name, "") if verb == self.verb else ""

    def fault(self, verb: str, name: str) -> str:
        """Return what is wrong with a field of that verb's form."""
        return self.faults.get(name, "") if verb == self.verb else ""


def verbs_with_form(allowed: Permissions) -> tuple[str, ...]:
    """Return the verbs that have a form on the page, in its order."""
    shown = {
        "decisions": bool(allowed.answers),
        "comments": allowed.comment,
        "delegate": allowed.delegate,
        "reassign": allowed.reassign,
        "takeBack": allowed.take_back,
        "remind": allowed.remind,
        ATTACH: allowed.attach,
        "withdraw": allowed.withdraw,
    }
    return tuple(verb for verb, may in shown.items() if may)
