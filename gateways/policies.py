"""The policies that are deployed with the app: each a JSON file of the folder `policies`, known by the file's name."""

import os
import re
from pathlib import Path

from approvals.review.policy import Policy, read_policy
from approvals.validation import Invalid, read_json

DEFAULT = "default"
"""The policy of a proposal that names none."""

FOLDER = Path(__file__).resolve().parent.parent / "policies"
"""Beside host.json."""

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}", re.ASCII)
_DIRECTORY = "people"
"""The file of that name in the same folder tells how people are reached; it is no policy."""
_LONGEST = 400
"""Characters of the sum of all faults; each is also told singly."""


def policy_authors() -> tuple[str, ...]:
    """Return who may bring a policy of their own when they are signed in: `POLICY_AUTHORS`, names with semicolons."""
    return tuple(name for part in os.environ.get("POLICY_AUTHORS", "").split(";") if (name := part.strip()))


def policy_names(folder: Path = FOLDER) -> tuple[str, ...]:
    """Return the names of all policies in alphabetical order, whether they can be used or not."""
    return tuple(sorted(path.stem for path in folder.glob("*.json") if _is_name(path.stem)))


def find_policy(name: str, folder: Path = FOLDER) -> Policy | None:
    """Return the policy of that name, None where there is none.

    A file is read anew each time, as a changed policy holds for the proposals that come after it; those before it carry
    their own in their record. Raises `Invalid` where the file cannot be used, which is the operators' to mend.
    """
    if not _is_name(name):
        return None
    try:
        content = (folder / f"{name}.json").read_bytes()
    except FileNotFoundError:
        return None
    try:
        return read_policy(read_json(content, own=True))
    except Invalid as error:
        faults = tuple(f"policies/{name}.json: {fault}" for fault in error.errors)
        raise Invalid(f"the policy {name!r} of this app cannot be used: {error}"[:_LONGEST], faults) from error


def _is_name(name: str) -> bool:
    """Say whether it names a policy, and no other file: it comes from outside."""
    return _NAME.fullmatch(name) is not None and name != _DIRECTORY
