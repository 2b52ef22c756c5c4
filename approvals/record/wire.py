"""The JSON of entries: one table, with which they are read and written.

    {"number":…,"kind":…,"at":…,"by":…,"via":…,"document":…,"data":{<the other fields of the kind>}}

Records are chained by hashes over this JSON, so an entry must be written again as exactly the same text. Everything
else is refused: an unknown key, a missing one, a value of another shape. A field that is added to a kind later goes
into its row with `_later`: older entries are read with None, and written without it.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import BeforeValidator, TypeAdapter
from pydantic import Field as Limits

from approvals.record.entries import (
    AskedPerson,
    Attached,
    ChangesRequested,
    Checked,
    Closing,
    Commented,
    CommentsSent,
    Decided,
    Delegated,
    Ended,
    Ending,
    Entry,
    Escalated,
    Kind,
    Reassigned,
    Reminded,
    Resubmitted,
    StageClosed,
    StageOpened,
    Submitted,
    Via,
    Withdrawn,
    YesOrNo,
)
from approvals.record.shapes import (
    CHANGED,
    COUNT,
    FILE,
    FLAG,
    INSTANT,
    NUMBER,
    OBJECT,
    SEATS,
    TEXT,
    TEXT_OR_NONE,
    TEXTS,
    Field,
    Shape,
    many,
    one_of,
    read_fields,
    write_fields,
)
from approvals.validation import LATER, Boundary, Line


def _fields(*rows: tuple[str, str, Shape]) -> tuple[Field, ...]:
    return tuple(Field(attribute=attribute, key=key, shape=shape) for attribute, key, shape in rows)


def _later(*rows: tuple[str, str, Shape]) -> tuple[Field, ...]:
    """Return fields that were added after entries had been written; None means that an entry does not have it."""
    return tuple(Field(attribute=attribute, key=key, shape=shape, optional=True) for attribute, key, shape in rows)


_ASKED_FIELDS = _fields(
    ("seat", "seat", TEXT), ("person", "person", TEXT), ("on_behalf_of", "onBehalfOf", TEXT_OR_NONE)
)
_ASKED_SHAPE = Shape(
    read=lambda value: AskedPerson(**read_fields(_ASKED_FIELDS, value)),
    write=lambda asked: write_fields(_ASKED_FIELDS, asked),
)

_STAGE = ("stage", "stage", TEXT)
_INDEX = ("index", "index", COUNT)
_ROUND = ("round", "round", COUNT)
_RUNG = ("rung", "rung", COUNT)
_ASKED = ("asked", "asked", many(_ASKED_SHAPE))
_DEADLINE = ("deadline", "deadline", INSTANT)
_SEAT = ("seat", "seat", TEXT)
_TO = ("to", "to", TEXT)
_OWNER = ("owner", "from", TEXT)
_ON_BEHALF_OF = ("on_behalf_of", "onBehalfOf", TEXT_OR_NONE)
_COMMENT = ("comment", "comment", TEXT)
_DECIDED_BY = ("decided_by", "decidedBy", TEXT)
_NEEDED = ("needed", "needed", COUNT)
_ANSWERS_KEPT = ("answers_kept", "answersKept", FLAG)
_LINK_ID = ("link_id", "linkId", TEXT_OR_NONE)

_HANDED_OVER = _fields(_STAGE, _SEAT, _OWNER, _TO, _ON_BEHALF_OF, _COMMENT)

FIELDS: Mapping[type[Entry], tuple[Field, ...]] = MappingProxyType(
    {
        Submitted: (
            *_fields(
                ("proposal_id", "proposalId", TEXT),
                ("title", "title", TEXT),
                ("summary", "summary", TEXT),
                ("cost", "cost", NUMBER),
                ("currency", "currency", TEXT),
                ("department", "department", TEXT_OR_NONE),
                ("policy_name", "policyName", TEXT),
                ("policy", "policy", OBJECT),
                ("attachments", "attachments", many(FILE)),
            ),
            *_later(("policy_hash", "policyHash", TEXT)),
        ),
        Checked: (
            *_fields(("findings", "findings", TEXTS), ("stages", "stages", many(OBJECT))),
            *_later(("void", "void", many(COUNT))),
        ),
        StageOpened: (
            *_fields(
                _STAGE,
                _INDEX,
                _ROUND,
                _ASKED,
                _DEADLINE,
                _RUNG,
                ("reminders", "reminders", COUNT),
                ("early", "early", SEATS),
            ),
            *_later(_NEEDED),
        ),
        Decided: _fields(
            ("stage", "stage", TEXT_OR_NONE),
            _ROUND,
            ("decision", "decision", TEXT),
            ("effect", "effect", one_of(YesOrNo)),
            _COMMENT,
            ("seat", "seat", TEXT_OR_NONE),
            _ON_BEHALF_OF,
            ("decision_id", "decisionId", TEXT_OR_NONE),
            _LINK_ID,
        ),
        StageClosed: _fields(_STAGE, _INDEX, ("outcome", "outcome", one_of(Closing)), _DECIDED_BY),
        Commented: (*_fields(_COMMENT), *_later(("letter", "letter", FLAG), ("after_end", "afterEnd", FLAG))),
        CommentsSent: _fields(("comments", "comments", many(COUNT))),
        Delegated: _HANDED_OVER,
        Reassigned: _HANDED_OVER,
        Reminded: _fields(_STAGE, ("people", "people", TEXTS), ("planned", "planned", COUNT)),
        Escalated: (
            *_fields(_STAGE, _RUNG, _ASKED, ("missing", "missing", TEXTS), _DEADLINE),
            *_later(_NEEDED),
        ),
        ChangesRequested: (
            *_fields(_STAGE, _COMMENT, ("until", "until", INSTANT), _ON_BEHALF_OF, _LINK_ID),
            *_later(("decision_id", "decisionId", TEXT)),
        ),
        Resubmitted: (
            *_fields(("changed", "changed", CHANGED), ("document_changed", "documentChanged", FLAG), _ROUND, _COMMENT),
            *_later(_ANSWERS_KEPT),
        ),
        Attached: (
            *_fields(("attachment", "attachment", FILE), ("replaced", "replaced", FLAG)),
            *_later(_ROUND, _ANSWERS_KEPT),
        ),
        Withdrawn: _fields(("reason", "reason", TEXT)),
        Ended: _fields(
            ("outcome", "outcome", one_of(Ending)),
            _DECIDED_BY,
            ("word", "word", TEXT),
            ("reason", "reason", TEXT_OR_NONE),
        ),
    }
)
"""The fields of each kind in `data`."""

_CLASSES: Mapping[Kind, type[Entry]] = MappingProxyType({entry.kind: entry for entry in FIELDS})


def to_json(entry: Entry) -> dict[str, Any]:
    """Return an entry as plain JSON data; raises ValueError if it could not be read again."""
    return {
        "number": entry.number,
        "kind": entry.kind.value,
        "at": entry.at.isoformat(),
        "by": _BY.validate_python(entry.by),
        "via": entry.via.value,
        "data": write_fields(FIELDS[type(entry)], entry),
        "document": entry.document,
    }


def from_json(value: object, *, newer: bool = False) -> Entry:
    """Read an entry from plain JSON data; raises ValueError if the app cannot have written it.

    With `newer`, only for showing an entry that a newer version may have written, unknown keys in `data` are ignored.
    """
    envelope = _Envelope.from_dict(value)
    kind = _CLASSES[envelope.kind]
    return kind(
        number=envelope.number,
        at=INSTANT.read(envelope.at),
        by=envelope.by,
        via=envelope.via,
        document=envelope.document,
        **read_fields(FIELDS[kind], envelope.data, newer=newer),
    )


_BY = TypeAdapter[str](Line, config=LATER)


def _enum(kind: type[StrEnum]) -> BeforeValidator:
    """Convert a string into a member of an enum, because strict models accept only members."""
    return BeforeValidator(lambda value: kind(value) if isinstance(value, str) and value in set(kind) else value)


class _Envelope(Boundary):
    """The JSON that every entry has."""

    number: Annotated[int, Limits(ge=1)]
    kind: Annotated[Kind, _enum(Kind)]
    at: str
    by: Line
    via: Annotated[Via, _enum(Via)]
    data: dict[str, Any]
    document: str
