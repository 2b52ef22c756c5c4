"""Imports the app's function_app.py as the real Python worker does, and says in one sentence why it cannot.

One app for each process: `sys.path` becomes the app's, and its modules stay imported (`loader.py`, `dispatcher.py` and
`utils/dependency.py` of azure-functions-python-worker).
"""

from __future__ import annotations

import importlib
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

from durable_devhost.wire.script import script_fault
from durable_devhost.worker import sdk
from durable_devhost.worker.tracebacks import user_traceback


class AppCannotRun(Exception):
    """The app cannot run; the text says why and what to do, `details` is a traceback without devhost's frames."""

    def __init__(self, text: str, details: str = "") -> None:
        super().__init__(text)
        self.details = details


def enter(folder: Path) -> None:
    """Make imports search the app's folder first and then the packages inside a deployment."""
    packages = folder / ".python_packages" / "lib" / "site-packages"
    for path in (packages, folder):
        if path.is_dir():
            text = str(path)
            sys.path[:] = [text, *(entry for entry in sys.path if entry != text)]
    importlib.invalidate_caches()


def load_app(folder: Path, script_name: str) -> Any:
    """The app object that the script in `folder` defines; raises Refused."""
    if fault := script_fault(folder, script_name):
        raise AppCannotRun(fault)
    script = folder / script_name
    return _only_app(_import(script, folder), script)


def _import(script: Path, folder: Path) -> ModuleType:
    try:
        return importlib.import_module(script.stem)
    except (Exception, SystemExit) as error:
        where = _place(error, script, folder)
        raise AppCannotRun(f"{where}: {_story(error)}", user_traceback(error)) from error


def _place(error: BaseException, script: Path, folder: Path) -> str:
    if isinstance(error, SyntaxError) and error.filename:
        return f"{_short(error.filename, folder)}:{error.lineno}"
    own = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).is_relative_to(folder) and "site-packages" not in frame.filename
    ]
    return f"{_short(own[-1].filename, folder)}:{own[-1].lineno}" if own else script.name


def _short(filename: str, folder: Path) -> str:
    path = Path(filename)
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else filename


def _story(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {error.msg}. Fix that line and start again."
    if isinstance(error, ImportError) and _failed_in_sdk(error):
        return f"{error}. {sdk.unfit()}"
    if isinstance(error, ModuleNotFoundError) and error.name:
        return (
            f"the module '{error.name}' is not installed. Install what the app needs "
            f"(pip install -r requirements.txt) into {sys.prefix}, or fix the import."
        )
    if isinstance(error, ImportError):
        return f"ImportError: {error}. Fix the import, or install the version that the app needs."
    if isinstance(error, SystemExit):
        return "the app ended the process while it was imported. Take the exit out of the module's top level."
    return f"{type(error).__name__}: {error}. The app failed while it was imported; fix it and start again."


def _failed_in_sdk(error: ImportError) -> bool:
    """Whether the durable SDK's own import failed: its versions do not fit, the app is not at fault."""
    frames = [each for each in traceback.extract_tb(error.__traceback__) if "importlib" not in each.filename]
    return bool(frames) and "/azure/durable_functions/" in Path(frames[-1].filename).as_posix()


def _only_app(module: ModuleType, script: Path) -> Any:
    wanted = sdk.app_class()
    apps = {name: value for name in dir(module) if isinstance(value := getattr(module, name), wanted)}
    if not apps:
        raise AppCannotRun(
            f"{script.name} defines no app. Create one at its top level, for example "
            f"app = azure.functions.FunctionApp(); blueprints alone do not count, they are registered in an app."
        )
    if len(apps) > 1:
        raise AppCannotRun(
            f"{script.name} defines more than one app ({', '.join(apps)}); the Functions host allows exactly one. "
            f"Make the others blueprints and register them."
        )
    return next(iter(apps.values()))
