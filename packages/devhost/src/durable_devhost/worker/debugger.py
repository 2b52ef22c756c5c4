"""Lets a debugger attach to the app: debugpy of the app's own environment, else the one beside devhost."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from durable_devhost.worker.loader import AppCannotRun

_ADDRESS = "127.0.0.1"
_QUIET = "PYDEVD_DISABLE_FILE_VALIDATION"


def listen(debug: Mapping[str, Any]) -> Callable[[], None]:
    """Wait for a debugger at a `port`, without blocking; returns a function that makes a thread debuggable.

    `path` is a folder with debugpy for an app that has none, or empty, and `python` the interpreter of that folder:
    a new debugpy still debugs an old Python, but its adapter does not run in one. Raises Refused if
    there is no debugpy, or the port is taken.
    """
    with _also_from(debug.get("path") or ""), _quiet():
        debugpy = _debugpy()
        if debug.get("python") and _is_in(debugpy, debug["path"]):
            debugpy.configure(python=debug["python"])
        try:
            debugpy.listen((_ADDRESS, debug["port"]))
        except (RuntimeError, OSError) as error:
            raise AppCannotRun(
                f"The debugger cannot listen at {_ADDRESS}:{debug['port']}: {error}. Give another port, or install "
                f"debugpy for the app: {sys.executable} -m pip install debugpy"
            ) from error
    attach: Callable[[], None] = debugpy.debug_this_thread
    return attach


def _debugpy() -> ModuleType:
    try:
        return importlib.import_module("debugpy")
    except ImportError as error:
        raise AppCannotRun(
            f"debugpy is needed for --debug and is not installed. Install it for the app "
            f"({sys.executable} -m pip install debugpy) or for devhost (pip install 'durable-devhost[debug]')."
        ) from error


def _is_in(module: ModuleType, folder: str) -> bool:
    return bool(folder) and str(module.__file__).startswith(os.path.join(folder, ""))


@contextmanager
def _also_from(folder: str) -> Iterator[None]:
    """Search `folder` too, last, while debugpy and its parts are imported; the app must not see it."""
    if not folder:
        yield
        return
    sys.path.append(folder)
    try:
        yield
    finally:
        sys.path.reverse()  # the last one is ours: the app may have the folder on its path too
        sys.path.remove(folder)
        sys.path.reverse()


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the hint that the standard library is frozen: nobody debugs it here."""
    before = os.environ.get(_QUIET)
    os.environ[_QUIET] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_QUIET]
        else:
            os.environ[_QUIET] = before
