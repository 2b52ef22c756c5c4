"""Rows of the list for each person: what waits for them, what they delegated, decided, wrote, and what they may list.

They are in the partition of the list, so they change in the same transaction as the row that they repeat, at no further
call; and one question to the table answers what a person's inbox or list shows, however many proposals there are.
"""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any

from approvals import names
from gateways.proposal_rows import PARTITION, IndexRow, newest_first, soonest_first, to_entity
from gateways.tables import hash_key

_PREFIX, BEHIND_PEOPLE = "person ", "person!"
"""The keys of all these rows begin with the first and sort before the second."""

_INVOLVED = "involved"
_BOOKKEEPING = frozenset({"Open", "EntryCount", "Head", "Size", "Told", "Untold", "EndedAt", "StageHours"})
"""Columns that only the row of the list itself has: an inbox shows none of them."""


class Part(StrEnum):
    """What somebody has to do with a proposal; the values are a part of keys and of the inbox's address."""

    WAITING = "waiting"
    """Their answer is waited for: the soonest deadline first."""
    DELEGATED = "delegated"
    """They handed a task over that is not answered yet."""
    DECIDED = "decided"
    """They have answered."""
    WROTE = "wrote"
    """They are its author. These are among the rows of what they may list."""


def personal_rows(row: IndexRow) -> dict[str, dict[str, Any]]:
    """Return the rows of everybody who has a part in a proposal, by key."""
    shown = {name: value for name, value in to_entity(row).items() if name not in _BOOKKEEPING}
    made = dict[str, dict[str, Any]]()
    for person, part in _parts(row):
        order = soonest_first(row.deadline) if part is Part.WAITING and row.deadline else newest_first(row.submitted_at)
        key = f"{_prefix(person, part)}{order} {row.proposal_id}"
        made[key] = {**shown, "PartitionKey": PARTITION, "RowKey": key}
    for person in (row.author, *row.waiting_for):
        key = f"{involved_prefix(person)}{newest_first(row.submitted_at)} {row.proposal_id}"
        wrote, asked = names.same(person, row.author), names.among(person, row.waiting_for)
        made[key] = {**shown, "PartitionKey": PARTITION, "RowKey": key, "Wrote": wrote, "Asked": asked}
    return made


def prefix(person: str, part: Part) -> str:
    """Return how the keys of a person's rows begin: with a hash, because keys turn up in logs."""
    return involved_prefix(person) if part is Part.WROTE else _prefix(person, part)


def involved_prefix(person: str) -> str:
    """Return how the keys begin of what somebody may list: what they wrote, or have to answer now. The newest first."""
    return _prefix(person, _INVOLVED)


def is_of_list(key: str) -> bool:
    """Say whether a row is one of those that somebody may list; the first rows of people were without them."""
    return f" {_INVOLVED} " in key


def operations(before: Mapping[str, dict[str, Any]], after: Mapping[str, dict[str, Any]]) -> Iterator[Any]:
    """Yield what has to be done so that the rows of `before` become those of `after`."""
    for key in before.keys() - after.keys():
        yield "delete", {"PartitionKey": PARTITION, "RowKey": key}
    for key, entity in after.items():
        if before.get(key) != entity:
            yield "upsert", entity, {"mode": "replace"}


def _prefix(person: str, part: str) -> str:
    return f"{_PREFIX}{hash_key(names.key(person))[:32]} {part} "


def _parts(row: IndexRow) -> Iterable[tuple[str, Part]]:
    for people, part in (
        (row.waiting_for, Part.WAITING),
        (row.delegated_by, Part.DELEGATED),
        (row.decided_by, Part.DECIDED),
    ):
        for person in people:
            yield person, part
