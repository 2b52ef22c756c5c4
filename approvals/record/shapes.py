"""The types of values in the JSON of entries. Each is read strictly and written again unchanged."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import UnionType
from typing import Any, get_args

from approvals.instants import read_instant
from approvals.record.documents import Attachment
from approvals.validation import Invalid


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How a value is read from JSON and written to it."""

    read: Callable[[Any], Any]
    """Convert JSON data into the value; raises `Invalid` or ValueError if the data is wrong."""
    write: Callable[[Any], Any]
    """Convert the value into plain JSON data; raises `Invalid` if it could not be read again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a class: its attribute, its key in JSON, and its shape."""

    attribute: str
    key: str
    shape: Shape
    optional: bool = False
    """Whether the key is left out if the value is None, as in records from before the key existed."""


def read_fields(fields: tuple[Field, ...], value: Any, *, newer: bool = False) -> dict[str, Any]:
    """Read the attributes of a JSON object; raises `Invalid` for an unknown or missing key, or a wrong value.

    With `newer`, which means that a newer version of the app may have written it, unknown keys are ignored.
    """
    given = OBJECT.read(value)
    unknown = given.keys() - {field.key for field in fields}
    if unknown and not newer:
        raise Invalid(f"{min(unknown)[:40]!r} is not a known key")
    return {field.attribute: _read(field, given) for field in fields}


def write_fields(fields: tuple[Field, ...], value: Any) -> dict[str, Any]:
    """Write the JSON object of a value with these fields."""
    given = ((field, getattr(value, field.attribute)) for field in fields)
    return {field.key: field.shape.write(part) for field, part in given if part is not None or not field.optional}


def _read(field: Field, given: Mapping[str, Any]) -> Any:
    if field.key not in given:
        if field.optional:
            return None
        raise Invalid(f"{field.key}: is missing")
    try:
        return field.shape.read(given[field.key])
    except ValueError as error:
        raise Invalid(f"{field.key}: {error}") from error


def _plain(kind: type | UnionType, expected: str) -> Shape:
    """Return the shape of a type that JSON has itself; true and false are not numbers."""

    def read(value: Any) -> Any:
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise Invalid(f"must be {expected}")
        return value

    return Shape(read=read, write=read)


def or_none(shape: Shape) -> Shape:
    """Return the shape of a value that may be null."""
    return Shape(
        read=lambda value: None if value is None else shape.read(value),
        write=lambda value: None if value is None else shape.write(value),
    )


def many(shape: Shape) -> Shape:
    """Return the shape of a list in JSON, a tuple in Python."""
    return Shape(
        read=lambda value: tuple(shape.read(each) for each in _LIST.read(value)),
        write=lambda values: [shape.write(each) for each in values],
    )


def one_of(choice: Any) -> Shape:
    """Return the shape of a word of a `Literal`."""
    words = get_args(choice)

    def read(value: Any) -> Any:
        if value not in words:
            raise Invalid(f"must be one of {', '.join(words)}")
        return value

    return Shape(read=read, write=read)


def _read_count(value: Any) -> Any:
    if _INTEGER.read(value) < 0:
        raise Invalid("must not be below 0")
    return value


def _read_instant(value: Any) -> datetime:
    when = read_instant(TEXT.read(value))
    if when.isoformat() != value:
        raise Invalid("must be a point in time in the form of datetime.isoformat")
    return when


def _read_seats(value: Any) -> dict[int, str]:
    seats = {int(number): TEXT.read(seat) for number, seat in OBJECT.read(value).items()}
    if any(str(number) not in value for number in seats):
        raise Invalid("must have numbers of entries as keys")
    return seats


def _read_changed(value: Any) -> dict[str, Any]:
    unknown = OBJECT.read(value).keys() - _WORDS.keys()
    if unknown:
        raise Invalid(f"{min(unknown)[:40]!r} is not a field of a proposal")
    return {word: _WORDS[word].read(given) for word, given in value.items()}


TEXT = _plain(str, "a text")
NUMBER = _plain(int | float, "a number")
FLAG = _plain(bool, "true or false")
OBJECT = _plain(dict, "an object")
_LIST = _plain(list, "a list")
_INTEGER = _plain(int, "an integer")

TEXT_OR_NONE = or_none(TEXT)
TEXTS = many(TEXT)
COUNT = Shape(read=_read_count, write=_read_count)
INSTANT = Shape(read=_read_instant, write=datetime.isoformat)
FILE = Shape(read=Attachment.from_dict, write=Attachment.to_dict)

SEATS = Shape(read=_read_seats, write=lambda seats: {str(number): seat for number, seat in seats.items()})
"""Numbers of entries, which are strings in JSON, with the seat of each."""

_WORDS = {"title": TEXT, "summary": TEXT, "cost": NUMBER, "currency": TEXT, "department": TEXT_OR_NONE}

CHANGED = Shape(read=_read_changed, write=_read_changed)
"""Some of a proposal's fields."""
