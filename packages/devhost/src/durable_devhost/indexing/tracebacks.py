"""Tracebacks as the user wants them: their own frames, none of the machinery that called them."""

import traceback
from pathlib import Path

import durable_devhost

_MACHINERY = (str(Path(durable_devhost.__file__).parent), "<frozen importlib")
_THREAD_POOL = str(Path("concurrent", "futures", "thread.py"))


def user_stack(error: BaseException) -> str:
    """The frames of the error itself without heading and message, in the form of `traceback.format_tb`.

    The real worker reports exactly this text as the stack, its own frames in front (recorded from worker 4.34).
    """
    return "".join(traceback.StackSummary.from_list(_kept(traceback.extract_tb(error.__traceback__))).format())


def user_traceback(error: BaseException) -> str:
    """The whole report as Python prints it, with causes, message and all but devhost's frames."""
    report = traceback.TracebackException.from_exception(error)
    part: traceback.TracebackException | None = report
    seen: set[int] = set()
    while part is not None and id(part) not in seen:
        seen.add(id(part))
        part.stack = traceback.StackSummary.from_list(_kept(part.stack))
        part = part.__cause__ or part.__context__
    return "".join(report.format())


def _kept(frames: traceback.StackSummary) -> list[traceback.FrameSummary]:
    return [frame for frame in frames if not _is_machinery(frame.filename)]


def _is_machinery(filename: str) -> bool:
    return filename.startswith(_MACHINERY) or filename.endswith((_THREAD_POOL, str(Path("importlib", "__init__.py"))))
