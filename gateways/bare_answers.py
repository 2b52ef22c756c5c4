"""Whether an answer counts that does not say who gave it: a bare id on the queue, a bare true or false as an event."""

import os

SETTING = "APPROVALS_ALLOW_BARE"


def are_allowed() -> bool:
    """Return whether the setting is 1; nothing else allows it."""
    return os.environ.get(SETTING) == "1"
