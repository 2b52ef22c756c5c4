"""What somebody may see beyond their own proposals: settings name the people."""

import os

from approvals.names import same
from gateways.people import name_of

READERS = "REPORT_READERS"
"""The setting: who may read reports, names with semicolons, `*` for everybody who is signed in; nobody without it."""

OPERATORS = "OPERATORS"
"""The setting: who may use the page of operations; the same form."""


def is_named(person: str, setting: str) -> bool:
    """Say whether a setting names somebody, by any of their names."""
    named = tuple(name for part in os.environ.get(setting, "").split(";") if (name := part.strip()))
    return "*" in named or any(same(name_of(each), person) for each in named)
