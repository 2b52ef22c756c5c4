"""What every test may ask for: an Azurite of its own worker, and the fixtures of devhost's pytest plugin."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from devhost.azurite import Azurite, running_azurite
from devhost.errors import DevhostError

pytest_plugins = ["devhost.testing", "pytester"]

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    """An Azurite on free ports: one a worker, so that parallel tests never wait for each other's storage."""
    try:
        with running_azurite(tmp_path_factory.mktemp("azurite"), REPOSITORY) as running:
            yield running
    except DevhostError as error:
        pytest.fail(f"{error} The tests run on it.", pytrace=False)
