"""What holds in both storage modes is tried in both: ask for `mode`."""

import pytest

from durable_devhost.storage_mode import StorageMode


@pytest.fixture(params=list(StorageMode), ids=str)
def mode(request: pytest.FixtureRequest) -> StorageMode:
    """Each of the two."""
    found: StorageMode = request.param
    return found
