"""Which Python runs the app, and that one which was asked for is never replaced by another in silence."""

import sys
from pathlib import Path

import pytest

from durable_devhost.dispatch.interpreter import Interpreter, find_interpreter
from durable_devhost.errors import SettingsError


def _environment(folder: Path, place: str = "bin/python") -> Path:
    """A folder that looks like a virtual environment; gives its Python."""
    python = folder / place
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    return python


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """The app's folder."""
    folder = tmp_path / "app"
    folder.mkdir()
    return folder


def test_without_an_environment_the_python_of_the_host_runs_the_app(app: Path) -> None:
    """A folder with the right name alone is no environment."""
    (app / "env").mkdir()
    assert find_interpreter(app, None, {}) == Interpreter(path=sys.executable, reason="the host's own")


def test_an_environment_in_the_apps_folder_is_found(app: Path) -> None:
    """.venv comes before venv, and venv before env."""
    for name in ("env", "venv", ".venv"):
        python = _environment(app / name)
        assert find_interpreter(app, None, {}) == Interpreter(path=str(python), reason=f"{name} of the app")


def test_the_path_of_the_environments_python_is_not_resolved(app: Path) -> None:
    """The resolved path would be the base Python, which lacks the packages."""
    _environment(app / ".venv")
    assert Path(find_interpreter(app, None, {}).path).parent == app / ".venv" / "bin"


def test_the_active_environment_comes_before_the_apps_own(app: Path, tmp_path: Path) -> None:
    """Unless its folder does not exist any more."""
    own, active = _environment(app / ".venv"), _environment(tmp_path / "active")
    environ = {"VIRTUAL_ENV": str(tmp_path / "active")}
    assert find_interpreter(app, None, environ) == Interpreter(path=str(active), reason="VIRTUAL_ENV")
    assert find_interpreter(app, None, {"VIRTUAL_ENV": str(tmp_path / "gone")}).path == str(own)
    assert find_interpreter(app, None, {"VIRTUAL_ENV": ""}).path == str(own)


def test_the_python_option_wins(app: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes a path, the folder of an environment (also one of Windows) or a command."""
    _environment(app / ".venv")
    given, windows = _environment(tmp_path / "given"), _environment(tmp_path / "windows", "Scripts/python.exe")
    monkeypatch.setenv("PATH", str(given.parent))
    monkeypatch.chdir(tmp_path)
    for text, expected in {
        str(given): given, "given": given, "given/bin/python": given, str(tmp_path / "windows"): windows,
        "python": given,
    }.items():  # fmt: skip
        assert find_interpreter(app, text, {"VIRTUAL_ENV": str(tmp_path)}) == Interpreter(
            path=str(expected), reason="--python"
        )


@pytest.mark.parametrize("text", ["nowhere", "no/where", "notes.txt", "."])
def test_a_missing_python_is_refused_with_what_to_give(app: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path that does not exist, a file that cannot be started, a folder that is no environment."""
    monkeypatch.chdir(app)
    (app / "notes.txt").write_text("")
    with pytest.raises(SettingsError, match=rf"--python names {text}, where no Python can be started\. Give"):
        find_interpreter(app, text, {})


def test_in_place_of_func_the_python_on_the_path_is_used(app: Path, tmp_path: Path) -> None:
    """If it has azure-functions and no environment comes first."""
    fitting = _script(tmp_path / "fitting", "exit 0")
    unfit = _script(tmp_path / "unfit", "exit 1")
    with_func = {"PATH": f"{fitting.parent}:{unfit.parent}"}
    assert find_interpreter(app, None, with_func, as_func=True) == Interpreter(path=str(fitting), reason="PATH")
    assert find_interpreter(app, None, {"PATH": str(unfit.parent)}, as_func=True).path == sys.executable
    assert find_interpreter(app, None, with_func).path == sys.executable
    own = _environment(app / ".venv")
    assert find_interpreter(app, None, with_func, as_func=True).path == str(own)


def _script(folder: Path, line: str) -> Path:
    """A python3 that does nothing but end."""
    folder.mkdir()
    script = folder / "python3"
    script.write_text(f"#!/bin/sh\n{line}\n")
    script.chmod(0o755)
    return script
