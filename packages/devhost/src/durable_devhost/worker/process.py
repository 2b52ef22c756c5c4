"""The worker as a process: its set-up, its main thread with the app's event loop, its thread that reads the host."""

from __future__ import annotations

import asyncio
import faulthandler
import io
import os
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Any

from durable_devhost.wire.frames import PROTOCOL
from durable_devhost.worker import sdk
from durable_devhost.worker.channel import Channel
from durable_devhost.worker.desk import Desk
from durable_devhost.worker.leaving import leave
from durable_devhost.worker.loader import enter

_SET_PARENT_DEATH_SIGNAL = 1
_FOR_THE_HOST = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(descriptor: int) -> None:
    """Serve the host through the socket `descriptor` until it says stop or disconnects; does not return."""
    channel = Channel(socket.socket(fileno=descriptor))
    channel.settle()
    _settle()
    _name_version()
    folder = Path.cwd().resolve()
    enter(folder)
    code = 1
    try:
        _serve(channel, folder)
    except SystemExit as exit_:  # a task of the app's own ended the loop, as it would end the real worker
        code = exit_.code if isinstance(exit_.code, int) else 1
    except BaseException:  # noqa: BLE001 - the top of the process: what ends it must be seen
        traceback.print_exc()
    finally:
        leave(code)


def _serve(channel: Channel, folder: Path) -> None:
    channel.send(_hello())
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    threading.Thread(target=Desk(channel, loop, folder).serve, name="host", daemon=True).start()
    loop.run_forever()


def _hello() -> dict[str, Any]:
    return {
        "kind": "hello",
        "protocol": PROTOCOL,
        "python": ".".join(map(str, sys.version_info[:3])),
        "executable": sys.executable,
        "pid": os.getpid(),
        "packages": sdk.installed_versions(),
    }


def _settle() -> None:
    """What a process needs that a terminal, a debugger and the host share with it."""
    # Terminals and process managers send these to host and worker, and the host decides. Not SIG_IGN, which programs
    # that the app starts would inherit; a fork gets back what it had.
    before = {sign: signal.signal(sign, _leave_it_to_the_host) for sign in _FOR_THE_HOST}
    os.register_at_fork(after_in_child=lambda: _give_back(before))
    # The host keeps the last lines, and those of the app's own code matter: of the thread that failed, and no C frames,
    # which Python 3.14 adds.
    no_c_frames: dict[str, Any] = {"c_stack": False} if sys.version_info >= (3, 14) else {}
    faulthandler.enable(all_threads=False, **no_c_frames)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)
    _die_with_parent()


def _name_version() -> None:
    """The values that `func start` finds out before it starts a worker, and that Azure has as settings of the app."""
    if not os.environ.get("FUNCTIONS_WORKER_RUNTIME_VERSION"):
        os.environ["FUNCTIONS_WORKER_RUNTIME_VERSION"] = f"{sys.version_info.major}.{sys.version_info.minor}"


def _leave_it_to_the_host(_number: int, _frame: FrameType | None) -> None:
    return


def _give_back(handlers: Mapping[signal.Signals, Any]) -> None:
    for sign, handler in handlers.items():
        if signal.getsignal(sign) is _leave_it_to_the_host:
            signal.signal(sign, handler)


def _die_with_parent() -> None:
    """Ask Linux to end this process when the host is killed; user code may block the thread that would notice."""
    if not sys.platform.startswith("linux"):
        return
    import ctypes

    try:
        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
    except (OSError, AttributeError):
        return  # a libc without it: the end of the socket has to be enough
