"""Entries that are drawn: any kind, with any values that its fields may have."""

from datetime import UTC, datetime
from typing import get_args

from hypothesis import strategies as st

from approvals.record.documents import Attachment
from approvals.record.entries import AskedPerson, Closing, Ending, Entry, Resubmitted, Submitted, Via, YesOrNo
from approvals.validation import LONGEST_NAME

_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=LONGEST_NAME), inner, max_size=3),
    max_leaves=5,
)
_OBJECTS = st.dictionaries(st.text(max_size=5), _JSON, max_size=3)
_LINES = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=12)
_TIMES = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  UTC is added
_COSTS = st.floats(0, 1e9) | st.integers(0, 10**9)
_SOME = {"max_size": 3}
_WORDS = {
    "title": st.text(),
    "summary": st.text(),
    "cost": _COSTS,
    "currency": st.text(),
    "department": st.none() | st.text(),
}
_FILES = st.fixed_dictionaries(
    {
        "name": _LINES,
        "blob": st.text(),
        "contentType": st.text(),
        "size": st.integers(0, 2**53),
        "sha256": st.text(),
    }
).map(Attachment.from_dict)
_SHARED = {"number": st.integers(1, 2**31), "at": _TIMES, "by": _LINES, "via": st.sampled_from(Via)}
_OWN = {
    Submitted: {
        "cost": _COSTS,
        "policy": _OBJECTS,
        "policy_hash": st.none() | st.text(),
        "attachments": st.lists(_FILES, **_SOME).map(tuple),
    },
    Resubmitted: {"changed": st.fixed_dictionaries({}, optional=_WORDS)},
}
_NAMED = {
    "after_end": st.none() | st.booleans(),
    "answers_kept": st.none() | st.booleans(),
    "asked": st.lists(st.builds(AskedPerson), **_SOME).map(tuple),
    "attachment": _FILES,
    "comments": st.lists(st.integers(1, 5_000), **_SOME).map(tuple),
    "deadline": _TIMES,
    "early": st.dictionaries(st.integers(1, 5_000), st.text(), **_SOME),
    "effect": st.sampled_from(get_args(YesOrNo)),
    "index": st.integers(0, 50),
    "letter": st.none() | st.booleans(),
    "needed": st.none() | st.integers(1, 50),
    "planned": st.integers(0, 50),
    "reminders": st.integers(0, 50),
    "round": st.integers(0, 50),
    "rung": st.integers(0, 50),
    "stages": st.lists(_OBJECTS, **_SOME).map(tuple),
    "until": _TIMES,
    "void": st.none() | st.lists(st.integers(1, 5_000), **_SOME).map(tuple),
}
_ENDS = {"StageClosed": get_args(Closing), "Ended": get_args(Ending)}


def entries_of_any_kind() -> st.SearchStrategy[Entry]:
    """Return a strategy for entries of every kind."""
    return st.one_of([_entries(kind) for kind in get_args(Entry)])


def _entries(kind: type[Entry]) -> st.SearchStrategy[Entry]:
    fields = {name: drawn for name, drawn in _NAMED.items() if name in kind.__dataclass_fields__}
    if kind.__name__ in _ENDS:
        fields["outcome"] = st.sampled_from(_ENDS[kind.__name__])
    return st.builds(kind, **{**_SHARED, **fields, **_OWN.get(kind, {})})
