"""How the outside world's JSON is read: strictly, and with one sentence that says what is wrong with it."""

import json
from collections.abc import Iterable
from typing import Annotated, Any, NoReturn, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, ValidationError
from pydantic.alias_generators import to_camel

_LONGEST_EXPLANATION = 400
"""Characters; an explanation ends up in custom status, which the durable extension limits to 16 KB."""


class Invalid(ValueError):
    """What somebody outside sent cannot be used; the text says why, in words for that person.

    `errors` names every fault in a sentence of its own; the text may be cut, as it ends up in custom status.
    """

    def __init__(self, text: str, errors: tuple[str, ...] = ()) -> None:
        super().__init__(text)
        self.errors = errors or (text,)


def read_json(text: str | bytes) -> Any:
    """Parse JSON and refuse what different readers would understand differently.

    That is: a key given twice in one object, NaN and infinities, half a surrogate pair, and nesting deeper than Python
    can follow. Raises `Invalid`.
    """
    try:
        value = json.loads(text, object_pairs_hook=_without_duplicates, parse_constant=_no_constant)
        json.dumps(value, ensure_ascii=False).encode()
    except Invalid:
        raise
    except (ValueError, RecursionError) as error:
        raise Invalid(f"this is not JSON: {error}"[:_LONGEST_EXPLANATION]) from error
    return value


def _without_duplicates(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    read: dict[str, Any] = {}
    for key, value in pairs:
        if key in read:
            raise Invalid(f"the key {key[:40]!r} is given twice")
        read[key] = value
    return read


def _no_constant(name: str) -> NoReturn:
    raise Invalid(f"{name} is not a JSON number")


def _storable(text: str) -> str:
    """Refuse what tables and queues cannot hold: half surrogate pairs and control characters other than white space."""
    if any((char < " " and char not in "\n\r\t") or "\ud800" <= char <= "\udfff" for char in text):
        raise ValueError("must not hold control characters or half a surrogate pair")
    return text


def _in_one_line(text: str) -> str:
    if any(char in "\n\r\t" for char in text):
        raise ValueError("must be one line")
    return text


Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(_storable),
    AfterValidator(_in_one_line),
]
"""One line that must not be empty: a name, a title."""

Prose = Annotated[str, StringConstraints(max_length=8_000), AfterValidator(_storable)]
"""Free text, may be empty; 8,000 characters always fit a table cell (32,768) and a queue message."""


class Boundary(BaseModel):
    """Base of all that crosses the outer boundary: no unknown keys, no conversions, camelCase outside."""

    model_config = ConfigDict(
        defer_build=True,  # on first use, as a cold start waits for every import and needs few of the shapes
        extra="forbid",
        strict=True,
        frozen=True,
        alias_generator=to_camel,
        validate_by_name=True,
        allow_inf_nan=False,
    )

    @classmethod
    def from_dict(cls, value: object) -> Self:
        """Check plain JSON data against this shape; raises `Invalid`."""
        try:
            return cls.model_validate(value, by_alias=True, by_name=False)
        except ValidationError as error:
            errors = _explain(error)
            raise Invalid("; ".join(errors)[:_LONGEST_EXPLANATION], errors) from None

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON data, as `from_dict` reads it."""
        return self.model_dump(mode="json", by_alias=True)


def _explain(error: ValidationError) -> tuple[str, ...]:
    """Each field with what is wrong with it; what was sent is left out, as it may be personal."""
    parts = []
    for item in error.errors(include_url=False, include_context=False, include_input=False):
        where = ".".join(_shown(str(step)[:40]) for step in item["loc"])
        what = item["msg"].removeprefix("Value error, ")
        parts.append(f"{where}: {what}" if where else what)
    return tuple(parts)


def _shown(key: str) -> str:
    """Return a key that somebody made up so that it stays in the line that it is shown in, also in a log."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in key)
