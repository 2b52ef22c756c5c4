"""What every test may ask for, of the app and of packages/devhost: an Azurite of its own worker, on the pytest plugin.

Properties try twenty examples each, other ones with every run, and 500 in `make long`.
"""

import pytest
from hypothesis import settings

from durable_devhost.azurite.process import Azurite
from tests.long import LONG

pytest_plugins = ["pytester", "tests.sharing"]

settings.register_profile("short", max_examples=20, deadline=None)
settings.register_profile("long", max_examples=500, deadline=None)
settings.load_profile("long" if LONG else "short")


@pytest.fixture(scope="session")
def azurite(app_storage) -> Azurite:
    """An Azurite on free ports: one a worker, so that parallel tests never wait for each other's storage."""
    return app_storage.azurite
