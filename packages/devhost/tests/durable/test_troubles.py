"""The sentences for what goes wrong between a mailbox and a commit."""

import pytest

from durable_devhost.durable.entities.batch import BrokenResult
from durable_devhost.durable.entities.session import EntityFailed
from durable_devhost.durable.orchestrations.generations import EndlessLoop
from durable_devhost.durable.ports import Failed
from durable_devhost.durable.troubles import describe
from durable_devhost.errors import StorageUnavailable
from durable_devhost.taskhub.failures import CorruptHistory


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (CorruptHistory("i", "0000000000000001", "it is odd"), "until the row is fixed or the instance is purged."),
        (EntityFailed(Failed(message="ValueError: boom", stack="  File x")), "will be tried again.\n  File x"),
        (EntityFailed(Failed(message="ValueError: boom", stack="")), "The batch will be tried again."),
        (BrokenResult("It is no JSON."), "It is no JSON. The batch will be tried again."),
        (EndlessLoop("play"), "what was heard already. Nothing was stored; it will be tried again."),
        (StorageUnavailable("Nobody answers."), "Nobody answers."),
        (ValueError("boom"), "ValueError: boom. Nothing was stored; it will be tried again."),
    ],
    ids=lambda value: type(value).__name__,
)
def test_each_trouble_says_what_happens_to_the_work(error: Exception, sentence: str) -> None:
    """At the end, after what happened."""
    assert describe(error).endswith(sentence)
