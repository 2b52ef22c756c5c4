"""The policies that are deployed with the app: each a JSON file of the folder `policies`, known by the file's name.

A file may leave it to a setting who somebody is: `"${DESIGN_BOARD}"` in a list of people stands for all that the
setting `DESIGN_BOARD` names, with semicolons between them, and `"${HEAD_OF_DESIGN}"` for those of the other one.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from approvals.policy.policy import Policy, read_policy
from approvals.validation import Invalid, read_json

DEFAULT = "default"
"""The policy of a proposal that names none."""

FOLDER = Path(__file__).resolve().parent.parent / "policies"
"""Beside host.json."""

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}", re.ASCII)
_DIRECTORY = "people"
"""The file of that name in the same folder tells how people are reached; it is no policy."""
_SETTING = re.compile(r"\$\{([A-Z][A-Z0-9_]{0,63})\}", re.ASCII)
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
        return read_policy(_with_people(read_json(content, own=True)))
    except Invalid as error:
        faults = tuple(f"policies/{name}.json: {fault}" for fault in error.errors)
        raise Invalid(f"the policy {name!r} of this app cannot be used: {error}"[:_LONGEST], faults) from error


def _is_name(name: str) -> bool:
    """Say whether it names a policy, and no other file: it comes from outside."""
    return _NAME.fullmatch(name) is not None and name != _DIRECTORY


def _with_people(value: Any) -> Any:
    """Return JSON data in which each list has the people in it whom a setting names; raises `Invalid` for none."""
    match value:
        case dict():
            return {name: _with_people(each) for name, each in value.items()}
        case list():
            return [person for each in value for person in _people_of(each)]
        case _:
            return value


def _people_of(value: Any) -> Iterator[Any]:
    setting = _SETTING.fullmatch(value) if isinstance(value, str) else None
    if setting is None:
        yield _with_people(value)
        return
    named = {"DESIGN_BOARD": os.environ.get("DESIGN_BOARD"), "HEAD_OF_DESIGN": os.environ.get("HEAD_OF_DESIGN")}
    if setting[1] not in named:
        raise Invalid(f"{setting[1]} is no setting that names people; use one of {', '.join(named)}")
    people = [each.strip() for each in (named[setting[1]] or "").split(";") if each.strip()]
    if not people:
        raise Invalid(
            f"nobody stands behind {setting[1]}: set it to the names of these people, with semicolons between them"
        )
    yield from people


def people_of_policies(folder: Path = FOLDER) -> tuple[str, ...]:
    """Return everybody whom some policy of the app asks, in the order of their names; a faulty policy names nobody."""
    found = set[str]()
    for name in policy_names(folder):
        try:
            policy = find_policy(name, folder)
        except Invalid:
            continue
        if policy:
            found |= {person for stage in policy.stages for person in stage.approvers} | set(policy.budget_owners)
    return tuple(sorted(found))
