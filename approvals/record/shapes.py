"""The shapes of values in the JSON of entries: each is read strictly, and written again as it was."""

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
    """How a value travels."""

    read: Callable[[Any], Any]
    """Return the value that JSON data stands for; raises `Invalid` or ValueError for what cannot stand for one."""
    write: Callable[[Any], Any]
    """Return plain JSON data; where values are JSON as they are, what could not be read again raises `Invalid`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a class: its attribute here, its key in JSON, and how it travels."""

    attribute: str
    key: str
    shape: Shape
    optional: bool = False
    """Whether the key is left out for None, which is how records say it that were written before there was the key."""


def read_fields(fields: tuple[Field, ...], value: Any, *, newer: bool = False) -> dict[str, Any]:
    """Return the attributes that a JSON object has; raises `Invalid` for keys too many or too few, or a wrong value.

    Of an object that a `newer` app may have written, unknown keys are passed over.
    """
    given = OBJECT.read(value)
    unknown = given.keys() - {field.key for field in fields}
    if unknown and not newer:
        raise Invalid(f"{min(unknown)[:40]!r} is not known here")
    return {field.attribute: _read(field, given) for field in fields}


def write_fields(fields: tuple[Field, ...], value: Any) -> dict[str, Any]:
    """Return the JSON object of a value with these fields."""
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


def _plain(kind: type | UnionType, told: str) -> Shape:
    """Return the shape of what JSON has itself; true and false are no numbers."""

    def read(value: Any) -> Any:
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise Invalid(f"must be {told}")
        return value

    return Shape(read=read, write=read)


def or_none(shape: Shape) -> Shape:
    """Return the shape of what may be null."""
    return Shape(
        read=lambda value: None if value is None else shape.read(value),
        write=lambda value: None if value is None else shape.write(value),
    )


def many(shape: Shape) -> Shape:
    """Return the shape of a list, which is a tuple here."""
    return Shape(
        read=lambda value: tuple(shape.read(each) for each in _LIST.read(value)),
        write=lambda values: [shape.write(each) for each in values],
    )


def one_of(choice: Any) -> Shape:
    """Return the shape of a word out of a `Literal`."""
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
        raise Invalid("must be a point in time as Python writes it")
    return when


def _read_seats(value: Any) -> dict[int, str]:
    seats = {int(number): TEXT.read(seat) for number, seat in OBJECT.read(value).items()}
    if any(str(number) not in value for number in seats):
        raise Invalid("must have numbers of entries as keys")
    return seats


def _read_changed(value: Any) -> dict[str, Any]:
    unknown = OBJECT.read(value).keys() - _WORDS.keys()
    if unknown:
        raise Invalid(f"{min(unknown)[:40]!r} is no word of a proposal")
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
"""Numbers of entries, which JSON has as texts, with the seat of each."""

_WORDS = {"title": TEXT, "summary": TEXT, "cost": NUMBER, "currency": TEXT, "department": TEXT_OR_NONE}

CHANGED = Shape(read=_read_changed, write=_read_changed)
"""Some of a proposal's words."""
