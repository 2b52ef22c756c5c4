"""How a host keeps what is on its way between a decision and its effect. `docs/storage-modes.md` has the argument."""

from enum import StrEnum


class StorageMode(StrEnum):
    """The value is what `--storage-mode` takes. A hub is made in one mode and stays in it."""

    STANDARD = "standard"
    """As the real extension does: messages on queues. Other hosts can share the hub."""

    JOURNAL = "journal"
    """Messages lie beside the history and go with it in one transaction. One host at a time works on the hub."""
