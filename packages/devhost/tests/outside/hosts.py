"""Hosts over the small apps of this folder, as the pytest plugin starts them for anybody."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from durable_devhost.testing.plugin import AppUnderTest

APPS = Path(__file__).parent / "apps"
NO_ENVIRONMENT = {"VIRTUAL_ENV": ""}
"""The environment that a test runs in must not choose the app's Python."""

Make = Callable[..., AppUnderTest]
"""`make(app, options=[...], environ={...}, own_azurite=True)`: a host that runs for as long as a `with` block does."""


def copy_of(app: str, folder: Path) -> Path:
    """An app in a folder that a test may change."""
    return Path(shutil.copytree(APPS / app, folder / app, ignore=shutil.ignore_patterns("__pycache__", ".azurite")))


def console_records(app: AppUnderTest, severity: str) -> list[Mapping[str, str]]:
    """The notices, warnings or failures that the console has shown."""
    return [record for record in app.records if record.get("event") == severity]


def texts(app: AppUnderTest, severity: str) -> list[str]:
    """Their texts."""
    return [record["text"] for record in console_records(app, severity)]


def workers(app: AppUnderTest) -> Sequence[int]:
    """The process ids of the host's workers."""
    found: Sequence[int] = app.info()["workers"]
    return found
