"""An HTTP exchange, streamed while its function runs: pieces of the request in, head and parts of the response out."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

Message = dict[str, Any]


class Exchange:
    """Between a caller's connection and the worker that answers it; one event loop has all of its state.

    The worker sends `wants` for a piece of the request, `head`, and `part` for each piece of the response. It gets
    `piece`, `written` for each part, and `hung_up`. It sends only a few parts before the first is written, so that
    little is buffered here.
    """

    def __init__(self) -> None:
        self._messages: asyncio.Queue[Message | None] = asyncio.Queue()
        self._note: Callable[[Mapping[str, Any]], None] | None = None
        self._call_id = 0

    def begin(self, call_id: int, note: Callable[[Mapping[str, Any]], None]) -> None:
        """A worker has the call."""
        self._call_id, self._note = call_id, note

    def take(self, message: Message) -> None:
        """Handle a message of the worker that comes before its answer."""
        self._messages.put_nowait(message)

    def end(self) -> None:
        """The call is over, with or without an answer."""
        self._note = None
        self._messages.put_nowait(None)

    def tell(self, kind: str, **fields: Any) -> None:
        """Send the worker a message; one to an ended call is lost."""
        if self._note is not None:
            self._note({"kind": kind, "id": self._call_id, **fields})

    async def messages(self) -> AsyncIterator[Message]:
        """Every message of the worker, until the call ends."""
        while (message := await self._messages.get()) is not None:
            yield message
