"""A host whose storage is behind a meter, for all modules of this folder."""

from collections.abc import Iterator

import pytest

from durable_devhost.azurite.process import running_azurite
from durable_devhost.testing.plugin import Storage
from packages.devhost.tests.chaos.controls import FaultProxy
from tests.storage_calls.meter import QUIET_SETTINGS, Meter
from tests.workflows.conftest import ROOT, SETTINGS, Greenlight
from tests.workflows.reviews import Reviews, stage

ACCOUNT = "metered"


@pytest.fixture(scope="package")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultProxy]:
    """What stands between the host and an Azurite of its own."""
    with (
        running_azurite(tmp_path_factory.mktemp("azurite"), ROOT, [ACCOUNT]) as azurite,
        FaultProxy(azurite) as running,
    ):
        yield running


@pytest.fixture(scope="package")
def app(tmp_path_factory: pytest.TempPathFactory, proxy: FaultProxy) -> Iterator[Greenlight]:
    """The app on a virtual clock; it has done everything once, so its tables and containers are there."""
    storage, folder = Storage(proxy.azurite, [ACCOUNT]), tmp_path_factory.mktemp("greenlight")
    with Greenlight(ROOT, folder, ("--clock", "virtual"), SETTINGS | QUIET_SETTINGS, storage) as running:
        reviews = Reviews(running)
        first = reviews.submit(stage("Mara"))
        reviews.waits(first, "Mara")
        assert reviews.decide(first, "Mara").status == 200
        assert reviews.ended(first) == "approved"
        yield running


@pytest.fixture
def reviews(app: Greenlight) -> Reviews:
    """The reviews of that host."""
    return Reviews(app)


@pytest.fixture
def meter(app: Greenlight, proxy: FaultProxy) -> Meter:
    """The meter of that host."""
    return Meter(app, proxy)
