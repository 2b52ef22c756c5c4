"""The fields of an NCRONTAB expression, read as NCrontab 3.3 reads them. Pure.

The rules are those of `CrontabSchedule.TryParse`, `CrontabFieldImpl` and `CrontabField` (github.com/atifaziz/NCrontab)
and differ from Unix cron: Sunday is 0 and never 7, there are no letters like L, W, # and ?, fields are separated by
blanks alone, a range written backwards is turned round (`Fri-Mon` is Monday to Friday), a step below 1 is 1, and `5/15`
runs from 5 to the end of the field.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
           "December")  # fmt: skip
_WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_NUMBER = re.compile(r"[\t-\r]*[+-]?[0-9]+[\t-\r]*\0*")
"""The texts without blanks that `int.Parse` accepts."""

_LARGEST = 2**31 - 1
_OF_QUARTZ = re.compile(r"[LW#?]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One field of an expression: its name, its range and, for months and weekdays, the words it knows."""

    name: str
    low: int
    high: int
    words: Sequence[str] = ()


SECOND = Column(name="second", low=0, high=59)
COLUMNS = (
    SECOND,
    Column(name="minute", low=0, high=59),
    Column(name="hour", low=0, high=23),
    Column(name="day of month", low=1, high=31),
    Column(name="month", low=1, high=12, words=_MONTHS),
    Column(name="day of week", low=0, high=6, words=_WEEKDAYS),
)


def split_fields(text: str) -> list[str]:
    """The fields of an expression; only the blank separates them."""
    return [part for part in text.split(" ") if part]


def parse_fields(parts: Sequence[str]) -> list[frozenset[int]]:
    """The permitted values of six fields, seconds first; ValueError says why NCrontab refuses one of them."""
    return [parse_field(part, column) for part, column in zip(parts, COLUMNS, strict=True)]


def parse_field(text: str, column: Column) -> frozenset[int]:
    """The values that one field permits; ValueError says what is wrong with it."""
    return frozenset(value for item in text.split(",") for value in _item(item, column))


def is_interval(values: frozenset[int], column: Column) -> bool:
    """Whether NCrontab prints the field with `*` or `-`: all of its values, or two consecutive ones."""
    return len(values) == column.high - column.low + 1 or any(value + 1 in values for value in values)


def _item(text: str, column: Column) -> range:
    body, slash, step_text = text.partition("/")
    step = max(_number(step_text, f"'{step_text}' is no step for the {column.name}"), 1) if slash else 1
    if body == "*":
        return range(column.low, column.high + 1, step)
    low_text, dash, high_text = body.partition("-")
    low = _value(low_text, column)
    high = _value(high_text, column) if dash else column.high if slash else low
    low, high = min(low, high), max(low, high)
    for value in (low, high):
        if not column.low <= value <= column.high:
            range_ = f"from {column.low} to {column.high}{_hint(value, column)}"
            raise ValueError(f"{value} is no {column.name}, which goes {range_}")
    return range(low, high + 1, step)


def _value(text: str, column: Column) -> int:
    if text[:1].isascii() and text[:1].isdigit():
        return _number(text, f"'{text}' is no {column.name}{_foreign(text)}")
    for index, word in enumerate(column.words):
        if text and word.lower().startswith(text.lower()):
            return index + column.low
    raise ValueError(f"'{text}' is no {column.name}{_foreign(text)}")


def _number(text: str, complaint: str) -> int:
    if not _NUMBER.fullmatch(text) or abs(number := int(text.rstrip("\0"))) > _LARGEST:
        raise ValueError(complaint)
    return number


def _hint(value: int, column: Column) -> str:
    return "; write 0 for Sunday" if column.words is _WEEKDAYS and value == len(_WEEKDAYS) else ""


def _foreign(text: str) -> str:
    return "; L, W, # and ? are Quartz's, not NCRONTAB's" if _OF_QUARTZ.search(text) else ""
