"""Which Python runs the app: the one from the option, the active environment, the app's own, or the host's."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from durable_devhost.errors import SettingsError

_FOLDERS = (".venv", "venv", "env")
_PLACES = ("bin/python", "Scripts/python.exe")


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """The app's Python; `reason` says in a few words why it was chosen."""

    path: str
    reason: str


def find_interpreter(
    app_dir: Path, given: str | None, environ: Mapping[str, str], *, as_func: bool = False
) -> Interpreter:
    """The Python of `--python`, else of VIRTUAL_ENV, else of .venv, venv or env in the app's folder, else the host's.

    `given` may be a path, a command on the PATH or the folder of a virtual environment. Raises SettingsError if it
    does not exist. With `as_func` the Python of the PATH comes before the host's, if it has azure-functions:
    `func` takes that one.
    """
    if given:
        return Interpreter(path=_interpreter_at(given), reason="--python")
    active = environ.get("VIRTUAL_ENV")
    if active and (found := _in_environment(Path(active))):
        return Interpreter(path=found, reason="VIRTUAL_ENV")
    for name in _FOLDERS:
        if found := _in_environment(app_dir / name):
            return Interpreter(path=found, reason=f"{name} of the app")
    if as_func and (found := _on_path(environ)):
        return Interpreter(path=found, reason="PATH")
    return Interpreter(path=sys.executable, reason="the host's own")


def _interpreter_at(text: str) -> str:
    path = Path(text).expanduser()
    if path.is_dir() and (found := _in_environment(path)):
        return found
    if path.is_file() and os.access(path, os.X_OK):
        return str(path.absolute())
    if os.sep not in text and (on_path := shutil.which(text)):
        return on_path
    raise SettingsError(
        f"--python names {text}, where no Python can be started. "
        "Give the python of the app's virtual environment, for example .venv/bin/python, or that environment's folder."
    )


def _on_path(environ: Mapping[str, str]) -> str | None:
    for name in ("python3", "python"):
        found = shutil.which(name, path=environ.get("PATH"))
        if found and subprocess.run([found, "-c", "import azure.functions"], capture_output=True).returncode == 0:
            return found
    return None


def _in_environment(folder: Path) -> str | None:
    """The Python of a virtual environment; its link is not resolved, because the link makes it an environment."""
    return next((str((folder / place).absolute()) for place in _PLACES if (folder / place).is_file()), None)
