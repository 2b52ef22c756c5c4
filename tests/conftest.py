"""What every test may ask for: an Azurite of its own worker, and the fixtures of devhost's pytest plugin.

Properties try 50 examples each, ten times as many in `make long`; another fifty with every run.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from devhost.azurite import Azurite, running_azurite
from devhost.errors import DevhostError

pytest_plugins = ["devhost.testing", "pytester", "tests.sharing"]

settings.register_profile("short", max_examples=50, deadline=None)
settings.register_profile("long", max_examples=500, deadline=None)
settings.load_profile("long" if "LONG" in os.environ else "short")

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    """An Azurite on free ports: one a worker, so that parallel tests never wait for each other's storage."""
    try:
        with running_azurite(tmp_path_factory.mktemp("azurite"), REPOSITORY) as running:
            yield running
    except DevhostError as error:
        pytest.fail(f"{error} The tests run on it.", pytrace=False)
