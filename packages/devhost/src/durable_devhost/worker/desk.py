"""Reads the host's messages in a thread of its own and has each done where it belongs.

A blocked event loop or a full pool must not keep the host from being heard: `drop`, `environ` and `stop` work always.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import threading
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from durable_devhost.wire.frames import BrokenFrame
from durable_devhost.worker import debugger, sdk
from durable_devhost.worker.channel import Channel
from durable_devhost.worker.leaving import flush, leave
from durable_devhost.worker.loader import AppCannotRun, load_app
from durable_devhost.worker.logs import send_logs

_log = logging.getLogger(__name__)
_HEARD_WITHIN = 0.3
_CANCELLED_WITHIN = 0.4
_CLOSED_WITHIN = 0.2
_WOUND_UP_WITHIN = 0.7  # a host kills a worker that is still there a second after the stop
Message = Mapping[str, Any]


class Desk:
    """Everything that the host may ask for; `serve` is its thread, `loop` the app's loop in the main thread."""

    def __init__(self, channel: Channel, loop: asyncio.AbstractEventLoop, folder: Path) -> None:
        self._channel = channel
        self._loop = loop
        self._folder = folder
        self._handlers: dict[str, Callable[[Message], None]] = {
            "load": lambda message: self._on_loop(self._load, message),
            "environ": _set_environ,
            "stop": lambda _: self._stop(),
        }

    def serve(self) -> None:
        """Take messages until the host hangs up, then end the process."""
        try:
            for message in self._channel.messages():
                self._take(message)
        except BrokenFrame:
            _log.exception("the host cannot be understood")
        leave(1)

    def _take(self, message: Message) -> None:
        handler = self._handlers.get(message.get("kind", ""))
        try:
            if handler is None:
                _log.warning("the host sent a message that this worker does not know: %s", message.get("kind"))
            else:
                handler(message)
        except Exception:  # noqa: BLE001 - the top of the loop: one bad message must not end the worker
            _log.exception("the host's message '%s' could not be done", message.get("kind"))

    def _on_loop(self, step: Callable[[Message], None], message: Message) -> None:
        self._loop.call_soon_threadsafe(step, message)

    def _load(self, message: Message) -> None:
        """Import and index the app in the main thread, on the loop, as the real worker does."""
        send_logs(self._channel.send, message["level"], message["shown"])
        gc.disable()  # what an import leaves behind is used until the end; collecting it costs a tenth of a start
        try:
            answer = self._loaded(message)
        except AppCannotRun as refused:
            answer = {"kind": "refused", "text": str(refused), "details": refused.details}
        except Exception as error:  # noqa: BLE001 - the edge of user code: decorators of the app run here
            text = f"The app's functions cannot be read: {type(error).__name__}: {error}"
            answer = {"kind": "refused", "text": text, "details": traceback.format_exc()}
        finally:
            gc.freeze()
            gc.enable()
        self._channel.send({**answer, "id": message["id"]})

    def _loaded(self, message: Message) -> dict[str, Any]:
        reason = sdk.refusal(sdk.installed_versions())
        if reason is not None:
            raise AppCannotRun(reason)
        debug = message.get("debug")
        initializer = debugger.listen(debug) if debug else None
        app = load_app(self._folder, message["script"])
        from durable_devhost.worker.calls import Calls  # these import the SDK, which the app should do first
        from durable_devhost.worker.index import index_app
        from durable_devhost.worker.sessions import Sessions

        index = index_app(app, self._folder)
        send = self._channel.send
        calls = Calls(index.functions, send, self._loop, threads=message.get("threads"), initializer=initializer)
        sessions = Sessions(index.functions, send, calls.depart, initializer=initializer)
        self._handlers.update(
            invoke=calls.invoke,
            cancel=lambda message: calls.cancel(message["id"]),
            piece=calls.pass_on,
            written=calls.pass_on,
            hung_up=calls.pass_on,
            advance=sessions.advance,
            drop=lambda message: sessions.drop(message["session"]),
        )
        return {"kind": "catalog", "functions": index.entries, "complaint": index.complaint}

    def _stop(self) -> None:
        """End in good order if the loop plays along, otherwise all the same."""
        heard, done = threading.Event(), threading.Event()

        def begin() -> None:
            heard.set()
            task = self._loop.create_task(_wind_up())
            task.add_done_callback(lambda _: done.set())

        self._loop.call_soon_threadsafe(begin)
        if heard.wait(_HEARD_WITHIN):
            done.wait(_WOUND_UP_WITHIN)
        leave(0)


async def _wind_up() -> None:
    """Cancel what still runs, let it clean up, and close what the SDK keeps open."""
    flush()
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=_CANCELLED_WITHIN)
    close = sdk.session_closer()
    if close is not None:
        await asyncio.wait([asyncio.ensure_future(close())], timeout=_CLOSED_WITHIN)
    flush()


def _set_environ(message: Message) -> None:
    for name, text in message["values"].items():
        if text is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = text
