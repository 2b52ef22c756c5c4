"""What every test may ask for, of the app and of packages/devhost: an Azurite of its own worker, on the pytest plugin.

Properties try twenty examples each, other ones with every run, and 500 in `make long`.
"""

from pathlib import Path

import pytest
from hypothesis import settings

from durable_devhost.azurite.process import Azurite
from tests.long import LONG

pytest_plugins = ["pytester", "tests.sharing"]

settings.register_profile("short", max_examples=20, deadline=None)
settings.register_profile("long", max_examples=500, deadline=None)
settings.load_profile("long" if LONG else "short")

LONGEST_FIRST = (
    "packages/devhost/tests/chaos/test_sweep.py",
    "tests/soak/test_soak.py",
    "tests/browser/test_pages.py",
    "packages/devhost/tests/surroundings/test_surroundings.py",
)
"""Files of which each takes a minute or more. A file runs in one process, so one that comes last is waited for."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with the longest files; the others keep their order."""
    rank = {config.rootpath / Path(name): number for number, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: rank.get(item.path, len(rank)))


@pytest.fixture(scope="session")
def azurite(app_storage) -> Azurite:
    """An Azurite on free ports: one a worker, so that parallel tests never wait for each other's storage."""
    return app_storage.azurite
