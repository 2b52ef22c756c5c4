"""A `func` for tools that start whatever `func` is on the PATH."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from durable_devhost.errors import DevhostError, SettingsError
from durable_devhost.shim import CORE_TOOLS_VERSION, Start, TextToPrint, translate, write_shim


def _start(*arguments: str, environ: dict[str, str] | None = None) -> tuple[list[str], list[str]]:
    """The arguments of the start without what is always there, and the notes."""
    found = translate(list(arguments), environ or {})
    assert isinstance(found, Start)
    assert found.arguments[:2] == ("start", "--as-func")
    return list(found.arguments[2:]), list(found.notes)


@pytest.mark.parametrize("arguments", [["start"], ["host", "start"]])
def test_start_works_in_both_spellings(arguments: list[str]) -> None:
    """The older one has the word host in front; a folder may have that name too."""
    assert _start(*arguments) == ([], [])
    assert _start(*arguments, "--script-root", "host") == (["--app", "host"], [])


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        (["--port", "7072"], ["--port", "7072"]),
        (["-p", "7072"], ["--port", "7072"]),
        (["--port=7072"], ["--port", "7072"]),
        (["--script-root", "app"], ["--app", "app"]),
        (["--cors", "http://a", "--cors-credentials"], ["--cors", "http://a", "--cors-credentials"]),
        (["--enableAuth", "--verbose"], ["--enable-auth"]),
        (["--language-worker", "--", "-m debugpy --listen 127.0.0.1:9091"], ["--debug", "9091"]),
        (["--language-worker", "--", "'/ext/with space/debugpy' --listen 0.0.0.0:9"],
         ["--debug", "9", "--debugpy", "/ext/with space"]),
        (["--language-worker", "--", "-X dev"], []),
        (["--port", "1", "--no-build", "-p", "2"], ["--port", "1", "--port", "2"]),
    ],
)  # fmt: skip
def test_supported_options_are_accepted(given: list[str], taken: list[str]) -> None:
    """Options that every tool passes are ignored without a message."""
    assert _start("start", *given) == (taken, [])


@pytest.mark.parametrize(
    ("given", "note"),
    [(["--timeout", "9", "8"], "--timeout"), (["--functions", "a", "b"], "--functions"), (["--odd"], "--odd")],
)
def test_ignored_options_are_reported_without_their_values(given: list[str], note: str) -> None:
    """The option after them still counts."""
    assert _start("start", *given, "--port", "1") == (["--port", "1"], [f"{note} changes nothing here."])


def test_vs_code_gives_debugger_and_python_in_the_environment() -> None:
    """At every start, with or without debugging."""
    environ = {
        "languageWorkers__python__arguments": "-m debugpy --listen 127.0.0.1:9091",
        "languageWorkers__python__defaultExecutablePath": "/app/.venv/bin/python",
    }
    assert _start("start", environ=environ)[0] == ["--debug", "9091", "--python", "/app/.venv/bin/python"]


@pytest.mark.parametrize("arguments", [["--version"], ["-v"]])
def test_the_version_is_that_of_core_tools(arguments: list[str]) -> None:
    """Tools expect it to begin with a 4."""
    assert translate(arguments, {}) == TextToPrint(text=CORE_TOOLS_VERSION)


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"], ["help"]])
def test_help_says_what_the_shim_is(arguments: list[str]) -> None:
    """And what it is not."""
    said = translate(arguments, {})
    assert isinstance(said, TextToPrint)
    assert "func of durable-devhost" in said.text


@pytest.mark.parametrize(
    ("arguments", "text"),
    [(["new"], "'func new' is Azure"), (["start", "--useHttps"], "HTTP only"), (["start", "--port"], "needs a value")],
)
def test_a_command_that_devhost_lacks_is_refused(arguments: list[str], text: str) -> None:
    """It must not do something else instead."""
    with pytest.raises(SettingsError, match=text):
        translate(arguments, {})


def test_the_shim_is_a_program_that_starts_devhost(tmp_path: Path) -> None:
    """With the Python that wrote it; a second shim replaces the first."""
    for _ in range(2):
        shim = write_shim(tmp_path / "bin")
    assert os.listdir(tmp_path / "bin") == ["func"]
    environ = {**os.environ, "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}
    ended = subprocess.run(["func", "--version"], env=environ, capture_output=True, text=True, check=False)
    assert (ended.stdout, ended.stderr, ended.returncode) == ("4.5.0\n", "", 0)
    assert f"exec {sys.executable} -m durable_devhost func" in shim.read_text()


def test_a_folder_without_write_access_is_reported(tmp_path: Path) -> None:
    """A file is in its place."""
    (tmp_path / "file").touch()
    with pytest.raises(DevhostError, match=r"cannot be written to .*file"):
        write_shim(tmp_path / "file")
