"""Tracebacks for the user: their own frames, none of the code that called them."""

from __future__ import annotations

import os
import traceback
from pathlib import Path

_PACKAGE = str(Path(os.path.abspath(__file__)).parents[1]) + os.sep
_MACHINERY = (_PACKAGE, "<frozen importlib")
_LIBRARY = (str(Path("concurrent", "futures", "thread.py")), str(Path("importlib", "__init__.py")))


def user_stack(error: BaseException) -> str:
    """The frames of the error itself without heading and message, in the form of `traceback.format_tb`.

    The real worker reports exactly this text as the stack, with its own frames first (recorded from worker 4.34).
    """
    return "".join(traceback.StackSummary.from_list(user_frames(error)).format())


def failure_text(error: BaseException) -> str:
    """`ValueError: boom`, also if the exception cannot be printed: a failure must always be reported."""
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:  # noqa: BLE001 - the edge of user code: its __str__ runs here
        return f"{type(error).__name__}: (its text cannot be read: its __str__ fails)"


def user_frames(error: BaseException) -> list[traceback.FrameSummary]:
    """The frames of the error itself, without devhost's and the import machinery's."""
    return _without_machinery(traceback.extract_tb(error.__traceback__))


def user_traceback(error: BaseException) -> str:
    """The whole report as Python prints it, with causes, message and all but devhost's frames."""
    report = traceback.TracebackException.from_exception(error)
    part: traceback.TracebackException | None = report
    seen: set[int] = set()
    while part is not None and id(part) not in seen:
        seen.add(id(part))
        part.stack = traceback.StackSummary.from_list(_without_machinery(part.stack))
        part = part.__cause__ or part.__context__
    return "".join(report.format())


def _without_machinery(frames: traceback.StackSummary) -> list[traceback.FrameSummary]:
    return [frame for frame in frames if not _is_machinery(frame.filename)]


def _is_machinery(filename: str) -> bool:
    return filename.startswith(_MACHINERY) or filename.endswith(_LIBRARY)
