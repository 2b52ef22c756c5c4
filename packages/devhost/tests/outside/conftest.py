"""What every test of this folder may ask for: hosts that it starts itself, on the Azurite of the session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from durable_devhost.testing.plugin import AppUnderTest, Storage
from packages.devhost.tests.outside.hosts import APPS, NO_ENVIRONMENT, Make


@pytest.fixture(scope="module")
def make(app_storage: Storage, tmp_path_factory: pytest.TempPathFactory) -> Make:
    """A function that makes a host over an app, by name or folder, with a virtual clock."""

    def made(
        app: str | Path,
        options: Sequence[str] = (),
        environ: Mapping[str, str] | None = None,
        *,
        own_azurite: bool = False,
    ) -> AppUnderTest:
        return AppUnderTest(
            APPS / app,
            tmp_path_factory.mktemp("data"),
            ("--clock", "virtual", *options),
            {**NO_ENVIRONMENT, **(environ or {})},
            None if own_azurite else app_storage,
        )

    return made
