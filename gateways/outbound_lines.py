"""The connection of one outgoing HTTP request: it ends in time, and never leads to an address inside."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Timer
from typing import Any

from requests.adapters import HTTPAdapter

from approvals.destinations import inside


class Line(HTTPAdapter):
    """A connection with a time limit for the whole request.

    The timeouts of the library requests apply to each read of the socket: a server that sends a byte now and then would
    never reach them.
    """

    def __init__(self) -> None:
        super().__init__()
        self._sockets: list[socket.socket] = []
        self.was_cut = False
        self.led_inside: str | None = None
        """The address that the host's name resolved to, if it belongs to this machine or the platform."""

    def get_connection_with_tls_context(self, *arguments: Any, **options: Any) -> Any:
        """Return the library's pool, extended to remember the sockets that it opens."""
        pool: Any = super().get_connection_with_tls_context(*arguments, **options)
        usual, sockets, line = pool.ConnectionCls, self._sockets, self

        class Remembering(usual):  # type: ignore[valid-type, misc]  # plain or TLS, by the URL
            def _new_conn(self) -> socket.socket:
                opened: socket.socket = super()._new_conn()
                line.led_inside = inside(self.host, str(opened.getpeername()[0]))
                if line.led_inside:
                    opened.close()
                    raise ConnectionRefusedError("the name resolves to an internal address")  # the library wraps it
                return opened

            def connect(self) -> None:
                super().connect()
                sockets.append(self.sock)

        pool.ConnectionCls = Remembering
        return pool

    @contextmanager
    def cut_after(self, seconds: float) -> Iterator[None]:
        """Close the connection if the block takes longer than that."""
        watch = Timer(seconds, self._cut)
        watch.start()
        try:
            yield
        finally:
            watch.cancel()
            watch.join()

    def _cut(self) -> None:
        self.was_cut = True
        for opened in self._sockets:
            with suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)
