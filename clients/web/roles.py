"""What people may see beyond their own proposals: settings name them."""

import os

from approvals.names import same
from gateways.people import name_of

READERS = "REPORT_READERS"
"""The setting: who may read reports, names with semicolons, `*` for all signed-in people; nobody without it."""

OPERATORS = "OPERATORS"
"""The setting: who may use the pages of operations, in the same form."""


def may_read_reports(person: str) -> bool:
    """Say whether a person may read the reports."""
    return _is_named(person, os.environ.get(READERS, ""))


def may_operate(person: str) -> bool:
    """Say whether a person may use the pages of operations."""
    return _is_named(person, os.environ.get(OPERATORS, ""))


def _is_named(person: str, setting: str) -> bool:
    """Say whether a setting's value names a person, by any of their names."""
    named = tuple(name for part in setting.split(";") if (name := part.strip()))
    return "*" in named or any(same(name_of(each), person) for each in named)
