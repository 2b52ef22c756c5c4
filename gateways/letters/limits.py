"""How many letters may leave in a day: about one proposal, and on behalf of one person.

They go out in the organisation's name, and one request can ask for hundreds. What is over the limit waits for the next
day. Each holder has one row with the letters of its day, so that a letter which is tried again counts once.
"""

import logging
import os
from collections.abc import Sequence
from functools import cache
from typing import Any, Protocol

from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.data.tables import TableClient, UpdateMode

from gateways import clock
from gateways.tables import hashed, insert, open_table

log = logging.getLogger("greenlight.mail")

MOST = 2_000
"""Letters that any setting may allow: a row holds no more of them."""
_LOST = frozenset({409, 412})
_MOST_ATTEMPTS = 50
_ROW = "letters"
_LETTER = 12
"""Characters by which a letter of the day is known."""


PER_PROPOSAL, PER_SENDER = 200, 1_000
"""Letters a day where the settings say nothing."""


class LetterLimits(Protocol):
    """What the app needs of the limits."""

    def admit(self, letters: Sequence[str], *, holder: str, most: int) -> frozenset[str]:
        """Return those letters that may leave today, counted under their holder; known ones count once."""
        ...


class TableLimits:
    """The limits in Azure Table Storage."""

    def __init__(self, table: TableClient) -> None:
        self._table = table

    def admit(self, letters: Sequence[str], *, holder: str, most: int) -> frozenset[str]:
        """Read the holder's row, add what there is room for, and write if nobody was faster.

        Who was faster may be this very call, whose answer was lost: then its letters are found in the row.
        """
        marks = {letter: hashed(letter)[:_LETTER] for letter in letters}
        for _ in range(_MOST_ATTEMPTS):
            today = clock.now().date().isoformat()
            row = self._get(holder)
            known = row["Letters"].split() if row and row["Day"] == today else []
            new = [mark for mark in dict.fromkeys(marks.values()) if mark not in known]
            taken = {*known, *new[: max(0, most - len(known))]}
            admitted = frozenset(letter for letter, mark in marks.items() if mark in taken)
            if taken == set(known) or self._put(
                {"PartitionKey": hashed(holder), "RowKey": _ROW, "Day": today, "Letters": " ".join(taken)}, row
            ):
                return admitted
        raise TimeoutError("the letters of the day changed again and again while they were counted")

    def _get(self, holder: str) -> Any:
        try:
            return self._table.get_entity(hashed(holder), _ROW)
        except ResourceNotFoundError:
            return None

    def _put(self, row: dict[str, Any], before: Any) -> bool:
        try:
            if before is None:
                insert(self._table, row)
            else:
                self._table.update_entity(
                    row,
                    UpdateMode.REPLACE,
                    etag=before.metadata["etag"],
                    match_condition=MatchConditions.IfNotModified,
                )
        except HttpResponseError as error:
            if error.status_code not in _LOST:
                raise
            return False
        return True


def open_letter_limits() -> LetterLimits:
    """Return the limits that the settings name."""
    return TableLimits(open_table("LetterLimits"))


def per_proposal() -> int:
    """Return how many letters about one proposal may leave in a day."""
    return letters_a_day("LETTERS_PER_PROPOSAL", os.environ.get("LETTERS_PER_PROPOSAL", ""), PER_PROPOSAL)


def per_sender() -> int:
    """Return how many letters may leave in a day on behalf of one person."""
    return letters_a_day("LETTERS_PER_SENDER", os.environ.get("LETTERS_PER_SENDER", ""), PER_SENDER)


@cache
def letters_a_day(setting: str, text: str, default: int) -> int:
    """Read a setting. What cannot be read means the default, so that a slip opens nothing."""
    if not text:
        return default
    if text.isascii() and text.isdigit() and int(text[:9]) <= MOST:
        return int(text)
    log.error("%s must be a whole number up to %s; %s is used.", setting, MOST, default)
    return default
