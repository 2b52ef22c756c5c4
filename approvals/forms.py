"""What a workflow's form is: the JSON that people post to start it, checked before anything is started."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, BeforeValidator, Field

from approvals.attachments import MOST_BYTES, InlineAttachment, StoredAttachment
from approvals.currencies import decimals_of
from approvals.validation import Boundary


def _listed(code: str) -> str:
    if decimals_of(code) is None:
        raise ValueError("is no currency of ISO 4217 that things are paid in")
    return code


Money = Annotated[float, Field(ge=0, le=1e12)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$"), AfterValidator(_listed)]
Hours = Annotated[float, Field(gt=0, le=144)]
"""At most six days: above that the SDK splits a timer into slices, which it cannot cancel."""

LONGEST_LIST = 1_000
"""Items; no list of a form may have as many. Which may have fewer is asked when each of its items has been checked."""


def _as_tuple(value: object) -> object:
    if not isinstance(value, list):
        return value
    if len(value) > LONGEST_LIST:
        raise ValueError(f"must not have more than {LONGEST_LIST:,} items")
    return tuple(value)


AsTuple = BeforeValidator(_as_tuple)
"""JSON has lists; frozen data has tuples."""


def largest_body(files: int) -> int:
    """Return how many bytes JSON may have in which so many files may be: as large as may be, in Base64, and the rest.

    The rest has room to spare: the longest policy and the longest summary, each letter escaped, fit into it.
    """
    return files * MOST_BYTES * 4 // 3 + 256 * 1024


class Form(Boundary):
    """Base of all forms. Most are the workflow's input as they are; those with files inside are not."""

    most_files: ClassVar[int] = 0
    """How many files may be inside."""

    example: ClassVar[Mapping[str, Any]]
    """JSON data that starts the workflow when it is posted as it stands."""

    @property
    def files(self) -> tuple[InlineAttachment, ...]:
        """The files inside the form, which are stored before the workflow starts."""
        return ()

    def renamed(self, name_of: Callable[[str], str]) -> Self:  # noqa: ARG002  for those that name people
        """Return the form with other names for its people; raises `Invalid` where it cannot be used with them."""
        return self

    def identities(self, also_called: Callable[[str], tuple[str, ...]]) -> dict[str, Any]:  # noqa: ARG002  as above
        """Return what the workflow's input has beside the form, so that it knows people by each of their names."""
        return {}

    def submission(self, stored: tuple[StoredAttachment, ...]) -> dict[str, Any]:  # noqa: ARG002  for those with files
        """Return the workflow's input: small, plain data, each file replaced by where it lies now."""
        return self.to_dict()
