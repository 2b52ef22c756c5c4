"""The connection to the host: frames in, frames out, from any thread."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator, Mapping
from typing import Any

from durable_devhost.wire.frames import PREFIX_SIZE, decode, encode, read_prefix

_SMALL = 1 << 16


class Channel:
    """Messages over a connected socket. `send` may be called from any thread, `messages` from one."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._is_open = True

    def settle(self) -> None:
        """Keep the socket in this process: neither programs nor forks that user code starts may hold or use it."""
        self._connection.set_inheritable(False)
        self._connection.setblocking(True)
        os.register_at_fork(after_in_child=self._abandon)

    def send(self, message: Mapping[str, Any]) -> bool:
        """Send a message; False if the host is gone.

        Raises TypeError or BrokenFrame for a message that cannot be sent, and has then sent nothing.
        """
        pieces = encode(message)
        if len(pieces) > 1 and sum(map(len, pieces)) <= _SMALL:
            pieces = [b"".join(pieces)]
        with self._lock:
            if not self._is_open:
                return False
            try:
                for piece in pieces:
                    self._connection.sendall(piece)
            except OSError:
                self._is_open = False  # the host has gone; the thread that reads ends the process
        return self._is_open

    def messages(self) -> Iterator[dict[str, Any]]:
        """Every message in order, until the host disconnects; raises BrokenFrame for invalid bytes."""
        with self._connection.makefile("rb", buffering=_SMALL) as stream:
            while True:
                try:
                    prefix = stream.read(PREFIX_SIZE)
                    if len(prefix) < PREFIX_SIZE:
                        return
                    header_size, body_size = read_prefix(prefix)
                    header, body = stream.read(header_size), stream.read(body_size)
                except OSError:
                    return
                if len(header) < header_size or len(body) < body_size:
                    return
                yield decode(header, body)

    def _abandon(self) -> None:
        self._lock = threading.Lock()
        self._is_open = False
        os.close(self._connection.detach())
