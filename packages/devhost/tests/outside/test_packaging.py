"""devhost as somebody else gets it: a wheel in a fresh environment, beside an app outside of any repository."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from email.parser import Parser
from pathlib import Path
from urllib.request import urlopen

import pytest

import durable_devhost
from durable_devhost.azurite.command import find_command
from packages.devhost.tests.outside.hosts import copy_of
from packages.devhost.tests.outside.processes import Program, all_gone, family, run

pytestmark = pytest.mark.timeout(300)

PACKAGE = Path(__file__).parents[2]
BACKEND = re.search(r'requires = \["(.*)"\]', (PACKAGE / "pyproject.toml").read_text("utf-8"))
SDK = ("azure-functions", "azure-functions-durable")

TEST = """
def test_the_app_answers(start_app):
    app = start_app("app")
    assert app.request("GET", "/api/hello?name=Ines").body == "hello Ines"
    app.advance(hours=1)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What is published: a source archive, and the wheel that was built from it."""

    sdist: Path
    wheel: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """An environment with devhost in it, a folder with an app to work in, and the environment variables there."""

    python: Path
    command: Path
    folder: Path
    environ: dict[str, str | None]

    def run(self, *command: str | Path) -> str:
        """What a command prints that must succeed."""
        return run(*command, cwd=self.folder, environ=self.environ)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """From the folder as it is: first the source archive, then from nothing but that the wheel."""
    folder = tmp_path_factory.mktemp("built")
    python = _environment(folder / "builder")
    assert BACKEND
    _install(python, BACKEND[1])
    backend = f"import hatchling.build; print(hatchling.build.build_sdist({str(folder)!r}))"
    sdist = folder / run(python, "-c", backend, cwd=PACKAGE).split()[-1]
    _pip(python, "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, sdist)
    (wheel,) = folder.glob("*.whl")
    return Built(sdist=sdist, wheel=wheel)


@pytest.fixture(scope="module")
def installed(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel with its extra for pytest and the SDK, and nothing else; the repository is nowhere on any path."""
    folder = tmp_path_factory.mktemp("elsewhere")
    python = _environment(folder / "env")
    _install(python, f"{built.wheel}[pytest]", *SDK)
    copy_of("small", folder).rename(folder / "app")
    (folder / "test_app.py").write_text(TEST, "utf-8")
    azurite = find_command(PACKAGE).parent
    inherited = {name: None for name in os.environ if name.startswith(("PYTEST", "PYTHON", "COV", "VIRTUAL_ENV"))}
    environ = inherited | {
        "PATH": os.pathsep.join([str(azurite), os.environ["PATH"]]),
        "XDG_CACHE_HOME": str(folder / "no-azurite-here"),
    }
    return Installed(python=python, command=python.with_name("durable-devhost"), folder=folder, environ=environ)


def test_the_version_is_the_same_everywhere(built: Built, installed: Installed) -> None:
    """In the file names, in the metadata, from --version and in __version__."""
    version = durable_devhost.__version__
    assert built.wheel.name == f"durable_devhost-{version}-py3-none-any.whl"
    assert built.sdist.name == f"durable_devhost-{version}.tar.gz"
    assert f"durable-devhost {version}\n" == installed.run(installed.command, "--version")
    source = (
        "import importlib.metadata as metadata, durable_devhost as devhost\n"
        "print(devhost.__version__, metadata.version('durable-devhost'))"
    )
    assert f"{version} {version}\n" == installed.run(installed.python, "-c", source)


def test_the_wheel_requires_no_azure_package(built: Built) -> None:
    """The SDK belongs to the app; other needs are extras."""
    with zipfile.ZipFile(built.wheel) as wheel:
        (name,) = (each for each in wheel.namelist() if each.endswith(".dist-info/METADATA"))
        metadata = Parser().parsestr(wheel.read(name).decode())
    needed = metadata.get_all("Requires-Dist") or []
    assert "aiohttp" in {re.split(r"[<>=; \[]", each)[0] for each in needed if "extra ==" not in each}
    assert not [each for each in needed if "azure" in each.lower()]
    assert {"pytest", "watch", "debug", "mail", "fast"} == set(metadata.get_all("Provides-Extra") or [])
    assert metadata["Requires-Python"] == ">=3.11"


def test_the_wheel_holds_only_the_package(built: Built) -> None:
    """No tests and no benchmarks; the source archive holds what the wheel is made of."""
    with zipfile.ZipFile(built.wheel) as wheel:
        names = [name for name in wheel.namelist() if ".dist-info/" not in name]
    assert {"durable_devhost"} == {name.split("/")[0] for name in names}
    files = (PACKAGE / "src" / "durable_devhost").rglob("*.*")
    there = {path.relative_to(PACKAGE / "src").as_posix() for path in files if path.suffix != ".pyc"}
    assert there == set(names)
    with tarfile.open(built.sdist) as sdist:
        folders = {name.split("/")[1] for name in sdist.getnames()}
    assert {"src", "pyproject.toml", "README.md", "LICENSE"} <= folders
    assert not folders & {"tests", "bench"}


def test_both_commands_show_the_same_help(installed: Installed) -> None:
    """The script and `python -m`."""
    asked = [
        installed.run(*command, "--help")
        for command in ([installed.command], [installed.python, "-m", "durable_devhost"])
    ]
    assert asked[0] == asked[1]
    assert all(each in asked[0] for each in ("start", "shim", "azurite"))


def test_an_installed_devhost_runs_an_app(installed: Installed) -> None:
    """From the app's folder, with Azurite from PATH; all processes end with it."""
    command = (installed.command, "start", "--port", "0", "--json-logs")
    with Program(*command, cwd=installed.folder / "app", environ=installed.environ) as host:
        host.says('"event": "ready"')
        (ready,) = (json.loads(line) for line in host.output.splitlines() if '"event": "ready"' in line)
        with urlopen(f"{ready['url']}/api/hello", timeout=30) as answer:
            assert answer.read() == b"hello you"
        assert (installed.folder / "app" / ".azurite").is_dir()
        running = family(host.pid)
        os.kill(host.pid, 15)
        assert host.ends() == 0
        all_gone(running)


def test_an_installed_devhost_provides_the_pytest_fixture(installed: Installed) -> None:
    """By the entry point alone: no conftest.py, no `pytest_plugins`, no PYTHONPATH."""
    said = installed.run(installed.python, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    assert "1 passed" in said


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (
            "--watch",
            "--watch needs the package watchfiles. Install it beside devhost: pip install 'durable-devhost[watch]'.",
        ),
        ("--debug", "debugpy is needed for --debug and is not installed. Install it for the app"),
    ],
)
def test_a_missing_extra_is_a_one_sentence_error(installed: Installed, option: str, said: str) -> None:
    """It says what to install, before the host is ready."""
    command = (installed.command, "start", "--port", "0", "--json-logs", option)
    with Program(*command, cwd=installed.folder / "app", environ=installed.environ) as host:
        assert host.ends() == 2
        (line,) = (line for line in host.output.splitlines() if not line.startswith("{"))
        assert line.startswith(f"devhost: {said}")
        assert '"ready"' not in host.output


def _environment(folder: Path) -> Path:
    """A fresh environment; the pip that fills it is that of the tests."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    return folder / "bin" / "python"


def _install(python: Path, *packages: str) -> None:
    _pip(python, "install", "--quiet", "--no-compile", *packages)


def _pip(python: Path, *arguments: str | Path) -> None:
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python)
    run(*pip, *arguments, cwd=python.parent)
