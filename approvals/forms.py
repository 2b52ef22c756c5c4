"""Forms: the JSON that people post to start a workflow. A form is checked before anything is started."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, BeforeValidator, Field

from approvals.attachments import MOST_BYTES, InlineAttachment, StoredAttachment
from approvals.currencies import decimals_of
from approvals.validation import Boundary


def _currency_code(code: str) -> str:
    if decimals_of(code) is None:
        raise ValueError("is not a currency of ISO 4217")
    return code


Money = Annotated[float, Field(ge=0, le=1e12)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$"), AfterValidator(_currency_code)]
Hours = Annotated[float, Field(gt=0, le=144)]
"""At most six days: the SDK splits a longer timer into slices, which it cannot cancel."""

LONGEST_LIST = 1_000
"""Items in any list of a form. A field's own smaller limit is checked only after each of its items was checked."""


def _as_tuple(value: object) -> object:
    if not isinstance(value, list):
        return value
    if len(value) > LONGEST_LIST:
        raise ValueError(f"must not have more than {LONGEST_LIST:,} items")
    return tuple(value)


AsTuple = BeforeValidator(_as_tuple)
"""JSON has lists; frozen data has tuples."""


def largest_body(files: int) -> int:
    """Return the largest size in bytes of a JSON body with up to `files` files of the largest size, in Base64.

    The rest of the body has enough room for the longest policy and the longest summary with each letter escaped.
    """
    return files * MOST_BYTES * 4 // 3 + 256 * 1024


class Form(Boundary):
    """Base of all forms. Most forms are the workflow's input unchanged; in those with files the files are replaced."""

    most_files: ClassVar[int] = 0
    """How many files the form may contain."""

    example: ClassVar[Mapping[str, Any]]
    """JSON data that starts the workflow if it is posted unchanged."""

    @property
    def files(self) -> tuple[InlineAttachment, ...]:
        """The files in the form. They are stored before the workflow starts."""
        return ()

    def renamed(self, name_of: Callable[[str], str]) -> Self:  # noqa: ARG002  for those that name people
        """Return the form with each person's name replaced; raises `Invalid` if the new names cannot be used."""
        return self

    def identities(self, also_called: Callable[[str], tuple[str, ...]]) -> dict[str, Any]:  # noqa: ARG002  as above
        """Return additions to the workflow's input with which it recognises people by each of their names."""
        return {}

    def submission(self, stored: tuple[StoredAttachment, ...]) -> dict[str, Any]:  # noqa: ARG002  for those with files
        """Return the workflow's input: small, plain data, with a reference to each stored file."""
        return self.to_dict()
