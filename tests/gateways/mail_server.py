"""A small mail server for tests: it speaks enough SMTP to take letters, or to fail in the ways in which servers do."""

import contextlib
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any, cast


@dataclass
class MailServer:
    """What it has taken, what it was told, and how it answers."""

    port: int = 0
    letters: list[EmailMessage] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    """By verb, instead of the usual answer; `hang up` ends the connection."""
    context: ssl.SSLContext | None = None
    """With it, STARTTLS is offered."""
    tls_from_the_start: bool = False


class _Connection(socketserver.StreamRequestHandler):
    """One connection."""

    def handle(self) -> None:
        self.mail: MailServer = cast(Any, self.server).mail
        try:
            self._serve()
        finally:
            self.connection.close()

    def _serve(self) -> None:
        if self.mail.tls_from_the_start:
            self._encrypt()
        self._send("220 ready")
        while line := self.rfile.readline():
            verb = line.split()[0].decode().upper().partition(":")[0]
            self.mail.commands.append(verb)
            answer = self.mail.answers.get(verb)
            if answer == "hang up":
                return
            if answer:
                self._send(answer)
            elif not self._answer(verb):
                return

    def _answer(self, verb: str) -> bool:
        match verb:
            case "EHLO":
                offers = ["hello", *(["STARTTLS"] if self.mail.context else []), "AUTH PLAIN"]
                self._send("\r\n".join(f"250{'-' if offer != offers[-1] else ' '}{offer}" for offer in offers))
            case "STARTTLS":
                self._send("220 go on")
                self._encrypt()
            case "AUTH":
                self._send("235 welcome")
            case "DATA":
                self._send("354 go on")
                self._receive_letter()
            case "QUIT":
                self._send("221 bye")
                return False
            case _:
                self._send("250 ok")
        return True

    def _receive_letter(self) -> None:
        lines = [line.removeprefix(b".") for line in iter(self.rfile.readline, b".\r\n")]
        self.mail.letters.append(cast(EmailMessage, message_from_bytes(b"".join(lines), policy=default)))
        after = self.mail.answers.get("after DATA", "250 taken")
        if after == "hang up":
            self.connection.shutdown(socket.SHUT_RDWR)
        else:
            self._send(after)

    def _send(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")

    def _encrypt(self) -> None:
        assert self.mail.context
        self.connection = self.mail.context.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", buffering=0)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients that hang up are what the tests are about."""


@contextlib.contextmanager
def mail_server(**how: Any) -> Iterator[MailServer]:
    """Run one on a free port of this machine."""
    mail = MailServer(**how)
    with _Server(("127.0.0.1", 0), _Connection) as server:
        cast(Any, server).mail = mail
        mail.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield mail
        finally:
            server.shutdown()
            thread.join()
