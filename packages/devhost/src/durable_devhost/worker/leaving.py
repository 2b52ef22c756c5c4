"""How the worker ends: at once, whatever threads of the app still do."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import NoReturn

_PATIENCE_S = 0.2


def leave(code: int) -> NoReturn:
    """End the process without waiting for anything; the pool processes of the app, which would stay behind, too."""
    try:
        _end_children()
    finally:
        os._exit(code)


def exit_text(code: int) -> str:
    """What the real host says of a worker that has left with this code."""
    return f"{sys.executable} exited with code {code} (0x{code:X})"


def exit_code(error: SystemExit) -> int:
    """The code with which a process ends that `sys.exit` was called in: 1 for a text."""
    if error.code is None:
        return 0
    return error.code & 0xFF if isinstance(error.code, int) else 1


def flush() -> None:
    """Write out what the app has printed without an end of line."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # closed, or replaced by the app
            stream.flush()


def _end_children() -> None:
    processes = sys.modules.get("multiprocessing.process")
    if processes is None:
        return
    children = processes.active_children()
    for child in children:
        child.terminate()
    for child in children:
        child.join(_PATIENCE_S)
        if child.is_alive():  # it ignores the signal, or was forked so lately that it still had this process's handlers
            child.kill()
