"""The policies that are deployed with the app: JSON files in the folder `policies`, named by the file's name.

A file may take names from a setting: `"${DESIGN_BOARD}"` in a list of people is replaced by the names in the setting
`DESIGN_BOARD`, which are separated by semicolons; the same for `"${HEAD_OF_DESIGN}"`.
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
"""The folder beside host.json."""

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}", re.ASCII)
_DIRECTORY = "people"
"""The file with that name in the same folder is the directory of people, not a policy."""
_SETTING = re.compile(r"\$\{([A-Z][A-Z0-9_]{0,63})\}", re.ASCII)
_LONGEST = 400
"""Characters of the text with all errors; each error is also reported separately."""


def policy_authors() -> tuple[str, ...]:
    """Return the signed-in people who may submit their own policy: `POLICY_AUTHORS`, separated by semicolons."""
    return tuple(name for part in os.environ.get("POLICY_AUTHORS", "").split(";") if (name := part.strip()))


def policy_names(folder: Path = FOLDER) -> tuple[str, ...]:
    """Return the names of all policies in alphabetical order, including unusable ones."""
    return tuple(sorted(path.stem for path in folder.glob("*.json") if _is_name(path.stem)))


def find_policy(name: str, folder: Path = FOLDER) -> Policy | None:
    """Return the policy with that name, None if there is none.

    The file is read again each time, because a changed policy applies to all later proposals; earlier ones have their
    policy in their record. Raises `Invalid` if the file cannot be used, which the operators have to fix.
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
    """Say whether a name from outside can name a policy, and not another file."""
    return _NAME.fullmatch(name) is not None and name != _DIRECTORY


def _with_people(value: Any) -> Any:
    """Return JSON data with the settings in lists replaced by their people; raises `Invalid` if a setting is empty."""
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
        raise Invalid(f"{setting[1]} is not a setting for people; use one of {', '.join(named)}")
    people = [each.strip() for each in (named[setting[1]] or "").split(";") if each.strip()]
    if not people:
        raise Invalid(
            f"the setting {setting[1]} is empty: set it to the names of these people, separated by semicolons"
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
