"""Whether answers without a name count: a bare id on the queue, a bare true or false as an event."""

import os

SETTING = "APPROVALS_ALLOW_BARE"


def are_allowed() -> bool:
    """Return whether the setting is 1; no other value allows such answers."""
    return os.environ.get(SETTING) == "1"
