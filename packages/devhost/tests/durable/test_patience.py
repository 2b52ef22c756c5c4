"""What a background task says of storage that refuses, and how it goes on."""

import pytest

from durable_devhost.durable import patience as patience_module
from durable_devhost.durable.patience import Patience
from durable_devhost.errors import StorageUnavailable
from durable_devhost.storage.account import failure
from durable_devhost.taskhub.failures import LostRace
from packages.devhost.tests.durable.recording_observer import RecordingObserver

FORBIDDEN = failure(403, "AuthorizationFailure", "Not this time.")


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long it would have waited."""
    waited: list[float] = []

    async def note(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(patience_module.asyncio, "sleep", note)
    return waited


async def _try(patience: Patience, error: Exception | None) -> None:
    async with patience.attempt():
        if error is not None:
            raise error


async def test_a_trouble_is_reported_once_and_so_is_its_end(pauses: list[float]) -> None:
    """However many attempts lie between."""
    observer = RecordingObserver()
    patience = Patience(observer, "The queue q")
    for error in (None, FORBIDDEN, StorageUnavailable("nobody is there"), FORBIDDEN, None, None):
        await _try(patience, error)
    assert observer.troubles == [
        "The queue q cannot be reached: 403 AuthorizationFailure: Not this time. devhost goes on trying.",
        "The queue q can be reached again.",
    ]
    assert pauses == [0.5, 1.0, 2.0]


async def test_pauses_grow_to_a_limit_and_follow_the_retry_after_of_the_service(pauses: list[float]) -> None:
    """A success begins anew."""
    patience = Patience(RecordingObserver(), "The queue q", longest_s=4.0)
    for _ in range(6):
        await _try(patience, FORBIDDEN)
    await _try(patience, None)
    throttled = failure(429, "TooManyRequests", "Slow down.")
    throttled.retry_after_s = 3.0
    await _try(patience, throttled)
    assert pauses == [0.5, 1.0, 2.0, 4.0, 4.0, 4.0, 3.0]


async def test_a_lost_race_is_no_trouble(pauses: list[float]) -> None:
    """The next attempt reads the new state."""
    observer = RecordingObserver()
    await _try(Patience(observer, "The queue q"), LostRace("They were faster."))
    assert (observer.troubles, pauses) == ([], [])


async def test_a_bug_is_not_retried(pauses: list[float]) -> None:
    """It ends the task, and the host with it."""
    with pytest.raises(KeyError):
        await _try(Patience(RecordingObserver(), "The queue q"), KeyError("a defect"))
    assert pauses == []
