"""How JSON from outside is read: strictly, and with a sentence for each error."""

import json
from collections.abc import Iterable
from typing import Annotated, Any, NoReturn, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, ValidationError
from pydantic.alias_generators import to_camel

from approvals.json_text import MOST_NAMES, MOST_PARTS, to_text

MOST_FAULTS = 100
"""More errors than people make by mistake. Further ones are not listed."""

LONGEST_NAME = 200
"""Characters of a field's name."""

DEEPEST = 100
"""Levels of nested lists and objects. Python allows about a thousand, and fewer inside of deep calls."""

_LONGEST_EXPLANATION = 400
"""Characters. An explanation may become part of the custom status, which the durable extension limits to 16 KB."""


class Invalid(ValueError):
    """Data from outside cannot be used; the text tells its sender why.

    `errors` has one sentence for every error, up to `MOST_FAULTS`. The text itself may be cut, because it may become
    part of the custom status.
    """

    def __init__(self, text: str, errors: tuple[str, ...] = ()) -> None:
        super().__init__(text)
        self.errors = errors[:MOST_FAULTS] or (text,)


def read_json(text: str | bytes, *, own: bool = False) -> Any:
    """Parse JSON in UTF-8. Refuse what parsers understand differently, and what would fill the memory.

    Refused are: a key that is given twice in an object or is longer than `LONGEST_NAME`, NaN and infinities, half a
    surrogate pair, and nesting deeper than `DEEPEST`. The limits of approvals/json_text.py hold too, except for the
    operators' `own` files. Raises `Invalid`.
    """
    try:
        value = json.loads(
            _affordable(text, own=own), object_pairs_hook=_without_duplicates, parse_constant=_no_constant
        )
        _look_inside(value)
    except Invalid:
        raise
    except (ValueError, RecursionError) as error:
        raise Invalid(f"this is not JSON: {error}"[:_LONGEST_EXPLANATION]) from error
    return value


def _affordable(text: str | bytes, *, own: bool) -> str:
    if own:
        return text.decode("utf-8-sig") if isinstance(text, bytes) else text
    if isinstance(text, bytes):
        return to_text(text)
    return text if len(text) <= MOST_PARTS else to_text(text.encode())


def _look_inside(value: Any) -> None:
    """Check all strings, level by level: half a surrogate pair cannot be encoded and raises ValueError."""
    layer = [value]
    for _ in range(DEEPEST):
        for each in layer:
            if isinstance(each, str) and not each.isascii():
                each.encode()
        layer = [part for each in layer for part in _parts(each)]
        if not layer:
            return
    raise Invalid(f"lists and objects are nested more than {DEEPEST} levels deep")


def _parts(value: Any) -> Iterable[Any]:
    match value:
        case dict():
            return (*value, *value.values())
        case list():
            return value
        case _:
            return ()


def _without_duplicates(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    read: dict[str, Any] = {}
    for key, value in pairs:
        if len(key) > LONGEST_NAME:
            raise Invalid(f"the key {key[:40]!r}… has more than {LONGEST_NAME} characters")
        if key in read:
            raise Invalid(f"the key {key[:40]!r} is given twice")
        read[key] = value
    return read


def _no_constant(name: str) -> NoReturn:
    raise Invalid(f"{name} is not a JSON number")


def _storable(text: str) -> str:
    """Refuse what tables and queues cannot store: half surrogate pairs, and control characters except white space."""
    if any((char < " " and char not in "\n\r\t") or "\ud800" <= char <= "\udfff" for char in text):
        raise ValueError("must not contain control characters or half a surrogate pair")
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
"""One line that is not empty: a name, a title."""

Prose = Annotated[str, StringConstraints(max_length=8_000), AfterValidator(_storable)]
"""Free text, which may be empty. 8,000 characters always fit into a table cell (32,768) and a queue message."""


LATER = ConfigDict(defer_build=True)
"""Builds a validator on first use: a cold start waits for every import and needs only few of them."""


class Boundary(BaseModel):
    """Base of all data from and to the outside: no unknown keys, no conversions, camelCase names in JSON."""

    model_config = ConfigDict(
        **LATER,
        extra="forbid",
        strict=True,
        frozen=True,
        alias_generator=to_camel,
        validate_by_name=True,
        allow_inf_nan=False,
    )

    @classmethod
    def from_dict(cls, value: object) -> Self:
        """Check plain JSON data against this model; raises `Invalid`."""
        if isinstance(value, dict) and len(value) > MOST_NAMES:
            raise Invalid(f"must not have more than {MOST_NAMES:,} keys")
        try:
            return cls.model_validate(value, by_alias=True, by_name=False)
        except ValidationError as error:
            errors = _explain(error)
            raise Invalid("; ".join(errors)[:_LONGEST_EXPLANATION], errors) from None

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON data that `from_dict` can read."""
        return self.model_dump(mode="json", by_alias=True)


def _explain(error: ValidationError) -> tuple[str, ...]:
    """Return a sentence for each error, with its field. The values that were sent may be personal and are left out."""
    parts = []
    for item in error.errors(include_url=False, include_context=False, include_input=False)[:MOST_FAULTS]:
        where = ".".join(_printable_key(str(step)[:40]) for step in item["loc"])
        what = item["msg"].removeprefix("Value error, ")
        parts.append(f"{where}: {what}" if where else what)
    return tuple(parts)


def _printable_key(key: str) -> str:
    """Return an unknown key without characters that could break the line or the log entry that shows it."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in key)
