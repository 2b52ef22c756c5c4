"""What every test of this folder may ask for: hosts that it starts itself, on the Azurite of the session."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from durable_devhost.testing.plugin import AppUnderTest, Storage
from packages.devhost.tests.outside.environments import LIBRARY, environment, interpreter, worker_library
from packages.devhost.tests.outside.hosts import APPS, NO_ENVIRONMENT, Make
from packages.devhost.tests.outside.reference.asking import Reference
from tests.long import long

NEWEST = ("azure-functions==2.3.0", "azure-functions-durable==1.7.0")


@pytest.fixture(scope="module", params=["own", pytest.param("3.13", marks=long)])
def reference(request: pytest.FixtureRequest) -> Iterator[Reference]:
    """Microsoft's worker library on the tests' own Python, in the long form also on the one that it is made for."""
    if request.param == "own":
        made = Reference(sys.executable, [worker_library()])
    else:
        folder = environment("worker-library-1.3.0-f2.3.0", interpreter(request.param), (*LIBRARY, *NEWEST))
        made = Reference(folder / "bin" / "python", [])
    with made:
        yield made


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
