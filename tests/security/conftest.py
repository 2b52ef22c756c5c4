"""One host for all attacks that need one: it asks operators for keys, and lets a header name people."""

from collections.abc import Iterator

import pytest

from durable_devhost.testing.plugin import Storage
from tests.security.fortress import ROOT, Fortress

SETTINGS = {
    "AUTH_MODE": "development",
    "APPROVALS_ALLOW_BARE": "0",
    "ALLOWED_HOSTS": "127.0.0.1",
    "RETENTION_DAYS": "30",
    "READABLE_CONTAINERS": "attachments",
    "OPERATORS": "Mara",
}


@pytest.fixture(scope="package")
def fortress(tmp_path_factory: pytest.TempPathFactory, app_storage: Storage) -> Iterator[Fortress]:
    """The app on a virtual clock, with keys."""
    options = ("--clock", "virtual", "--enable-auth")
    with Fortress(ROOT, tmp_path_factory.mktemp("fortress"), options, SETTINGS, app_storage) as running:
        yield running
