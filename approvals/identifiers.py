"""Which texts may be an instance id.

The rule is stricter than the durable extension's, which accepts nearly everything: an id becomes part of URLs, table
keys and blob names, and a bare id on the queue must be distinguishable from a sentence.
"""

import re
from typing import Annotated

from pydantic import AfterValidator

from approvals.validation import Invalid

LONGEST_NEW_ID = 80
"""Characters; 20 are left for the names of parts (orchestrators/parts.py)."""

_NEW_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}", re.ASCII)
_INSTANCE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,99}", re.ASCII)


def is_instance_id(text: str) -> bool:
    """Say whether `text` may be an instance id: 1 to 100 of `A-Z a-z 0-9 _ . : -`, the first a letter or digit."""
    return _INSTANCE_ID.fullmatch(text) is not None


def checked_instance_id(text: str) -> str:
    """Return `text`; raises ValueError with a sentence for the sender if it cannot be an instance id."""
    if not is_instance_id(text):
        raise ValueError(
            "an instance id has 1 to 100 of the characters A-Z a-z 0-9 _ . : - and begins with a letter or digit"
        )
    return text


def checked_new_id(text: str) -> str:
    """Return `text` as the id of a new instance, short enough for the ids of its parts; raises `Invalid`.

    A colon marks the id of a part, which no caller starts.
    """
    if _NEW_ID.fullmatch(text) is None:
        raise Invalid(
            f"id: a new instance id has 1 to {LONGEST_NEW_ID} of A-Z a-z 0-9 _ . - and begins with a letter or digit"
        )
    return text


InstanceId = Annotated[str, AfterValidator(checked_instance_id)]
"""A field of a boundary model that holds an instance id."""
