"""Sentences for failures between a mailbox and a commit."""

from durable_devhost.durable.entities.batch import BrokenResult
from durable_devhost.durable.entities.session import EntityFailed
from durable_devhost.durable.orchestrations.generations import EndlessLoop
from durable_devhost.errors import StorageUnavailable
from durable_devhost.taskhub.failures import CorruptHistory


def describe(error: Exception) -> str:
    """What happened, and what happens next."""
    match error:
        case CorruptHistory():
            return f"{error} Nothing is changed until the row is fixed or the instance is purged."
        case EntityFailed():
            return f"The entity function failed: {error}. The batch will be tried again.\n{error.stack}".rstrip()
        case BrokenResult():
            return f"{error} The batch will be tried again."
        case EndlessLoop():
            return f"{error} Nothing was stored; it will be tried again."
        case StorageUnavailable():
            return str(error)
        case _:
            return f"{type(error).__name__}: {error}. Nothing was stored; it will be tried again."
