"""Imports the app's function_app.py as the Python worker does and hands its functions to the catalog.

One app a process: the working directory and `sys.path` become the app's, and its modules stay imported (worker source:
`loader.py`, `dispatcher.py`, `utils/dependency.py` of azure-functions-python-worker).
"""

import importlib
import os
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

from azure.functions import FunctionRegister

from durable_devhost.errors import AppError
from durable_devhost.indexing.catalog import build_catalog
from durable_devhost.indexing.tracebacks import user_traceback
from durable_devhost.model.functions import FunctionCatalog

DEFAULT_SCRIPT = "function_app.py"


class AppImportError(AppError):
    """The app's own code failed while it was imported; `details` is its traceback without devhost's frames."""

    def __init__(self, text: str, details: str) -> None:
        super().__init__(text)
        self.details = details


def load_app(app_dir: Path, environ: Mapping[str, str] | None = None) -> FunctionCatalog:
    """Import the app in `app_dir` and list its functions; changes the working directory and `sys.path`.

    `environ` (the process environment unless given) holds the app's settings: `PYTHON_SCRIPT_FILE_NAME`,
    `AzureWebJobs.<Name>.Disabled` and what `%NAME%` in bindings stands for. Raises AppError, with every problem of
    the app in one text, and AppImportError where the app's own code fails.
    """
    settings = os.environ if environ is None else environ
    folder = app_dir.resolve()
    script = _script(folder, settings.get("PYTHON_SCRIPT_FILE_NAME") or DEFAULT_SCRIPT)
    _enter(folder)
    module = _import(script, folder)
    return build_catalog(_only_app(module, script), folder, settings)


def _script(folder: Path, name: str) -> Path:
    if not folder.is_dir():
        raise AppError(f"There is no folder {folder}. Give the folder of a function app with --app.")
    script = folder / name
    if script.suffix != ".py" or not script.stem.isidentifier():
        raise AppError(f"PYTHON_SCRIPT_FILE_NAME is '{name}', which is no Python module. Name a .py file of the app.")
    if script.is_file():
        return script
    if any(folder.glob("*/function.json")):
        raise AppError(
            f"{folder} holds an app of the v1 model (function.json files), which devhost does not run. "
            f"Move it to the v2 model, with decorators in {DEFAULT_SCRIPT}."
        )
    raise AppError(
        f"There is no {name} in {folder}. Give the folder of a v2 app with --app, "
        f"or set PYTHON_SCRIPT_FILE_NAME if its main file has another name."
    )


def _enter(folder: Path) -> None:
    os.chdir(folder)
    packages = folder / ".python_packages" / "lib" / "site-packages"
    for path in (packages, folder):
        if path.is_dir():
            text = str(path)
            sys.path[:] = [text, *(entry for entry in sys.path if entry != text)]
    importlib.invalidate_caches()


def _import(script: Path, folder: Path) -> ModuleType:
    try:
        return importlib.import_module(script.stem)
    except (Exception, SystemExit) as error:
        where = _place(error, script, folder)
        raise AppImportError(f"{where}: {_story(error)}", user_traceback(error)) from error


def _place(error: BaseException, script: Path, folder: Path) -> str:
    if isinstance(error, SyntaxError) and error.filename:
        return f"{_short(error.filename, folder)}:{error.lineno}"
    own = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename.startswith(str(folder)) and "site-packages" not in frame.filename
    ]
    return f"{_short(own[-1].filename, folder)}:{own[-1].lineno}" if own else script.name


def _short(filename: str, folder: Path) -> str:
    path = Path(filename)
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else filename


def _story(error: BaseException) -> str:
    match error:
        case SyntaxError():
            return f"{type(error).__name__}: {error.msg}. Mend that line and start again."
        case ModuleNotFoundError(name=str(name)):
            return (
                f"the module '{name}' is not installed. Install what the app needs "
                f"(pip install -r requirements.txt) into {sys.prefix}, or mend the import."
            )
        case ImportError():
            return f"ImportError: {error}. Mend the import, or install the version that the app needs."
        case SystemExit():
            return "the app ended the process while it was imported. Take the exit out of the module's top level."
        case _:
            return f"{type(error).__name__}: {error}. The app failed while it was imported; mend it and start again."


def _only_app(module: ModuleType, script: Path) -> FunctionRegister:
    apps = {name: value for name in dir(module) if isinstance(value := getattr(module, name), FunctionRegister)}
    if not apps:
        raise AppError(
            f"{script.name} defines no app. Create one at its top level, for example "
            f"app = azure.functions.FunctionApp(); blueprints alone do not count, they are registered in an app."
        )
    if len(apps) > 1:
        raise AppError(
            f"{script.name} defines more than one app ({', '.join(apps)}); the Functions host allows exactly one. "
            f"Make the others blueprints and register them."
        )
    return next(iter(apps.values()))
