"""Connections to mail servers that stay open for a moment, so that letters of one batch share one.

A connection costs more than a letter: TCP, TLS and signing in take several round trips each time. One that nobody has
used for `IDLE_S` is closed, as servers have few places. A server may close one at any time. So each is asked (NOOP)
before it is used again; one that does not answer is replaced by a new one, and no letter is affected.
"""

import smtplib
from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock, Timer
from typing import Generic, TypeVar

IDLE_S = 5.0
"""Seconds that a connection waits for the next letter."""

MOST_LETTERS = 50
"""Letters over one connection; servers commonly refuse more than a hundred."""

_FINE = 250

S = TypeVar("S", bound=Hashable)


@dataclass(eq=False, slots=True)
class Connection:
    """An open connection that one thread uses at a time."""

    smtp: smtplib.SMTP
    letters: int = 0
    """Letters that have gone over it."""


class Connections(Generic[S]):
    """At most one idle connection to each server. Threads may share this; each gets a connection of its own."""

    def __init__(self, connect: Callable[[S], smtplib.SMTP], *, idle_s: float = IDLE_S) -> None:
        self._connect = connect
        self._idle_s = idle_s
        self._idle = dict[S, tuple[Connection, Timer]]()
        self._lock = Lock()

    def take(self, server: S) -> Connection:
        """Return a connection that works. Raises OSError and SMTPException where there is none to be had."""
        with self._lock:
            idle = self._idle.pop(server, None)
        if idle:
            connection, timer = idle
            timer.cancel()
            if _answers(connection.smtp):
                return connection
            connection.smtp.close()
        return Connection(self._connect(server))

    def keep(self, server: S, connection: Connection) -> None:
        """Keep a connection over which a letter has gone, for the next one."""
        connection.letters += 1
        timer = Timer(self._idle_s, self._close_idle, (server, connection))
        timer.daemon = True
        with self._lock:
            kept = server not in self._idle and connection.letters < MOST_LETTERS
            if kept:
                self._idle[server] = connection, timer
        if kept:
            timer.start()
        else:
            close(connection)

    def _close_idle(self, server: S, connection: Connection) -> None:
        with self._lock:
            idle = self._idle.get(server)
            if idle is None or idle[0] is not connection:
                return
            del self._idle[server]
        close(connection)


def close(connection: Connection) -> None:
    """Close a connection. What was accepted over it stays accepted, even if QUIT fails."""
    with suppress(OSError, smtplib.SMTPException):
        connection.smtp.quit()
    connection.smtp.close()


def _answers(smtp: smtplib.SMTP) -> bool:
    try:
        return smtp.noop()[0] == _FINE
    except (OSError, smtplib.SMTPException):
        return False
