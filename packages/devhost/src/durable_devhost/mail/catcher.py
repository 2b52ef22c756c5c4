"""The mail server: it listens on this machine alone, takes every letter, and sends none on.

Built with aiosmtpd, which speaks SMTP (RFC 5321) with the extensions SIZE, 8BITMIME, SMTPUTF8 and AUTH. Any user and
any password will do, so that apps sign in as they do elsewhere. There is no TLS, as apps would not trust a certificate
that is made here.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, AnyStr

from aiosmtpd.smtp import SMTP, AuthResult
from aiosmtpd.smtp import Envelope as Sent

from durable_devhost.mail.letter import showable
from durable_devhost.mail.mailbox import Caught, Envelope, Mailbox

HOST = "127.0.0.1"
MOST_LETTER = 10 * 1024 * 1024
"""Bytes of one letter; mail services take between 10 and 40 MiB."""

_LONGEST_LINE = 256 * 1024
"""RFC 5321 has 998 bytes. Servers take more, as many libraries do not fold lines of HTML."""

_MOST_AT_ONCE = 3 * MOST_LETTER
_LINE = 64
"""What a line counts more than its bytes: each is an object and a turn of a loop while a letter comes in."""

_NO_BROWSER = "502 5.5.1 This is a mail server and no web server"


class Keeper:
    """What aiosmtpd asks about each letter. Awaits `caught` with each that is kept."""

    def __init__(
        self,
        mailbox: Mailbox,
        now: Callable[[], datetime],
        caught: Callable[[Caught], Awaitable[None]],
        trouble: Callable[[str], None],
    ) -> None:
        self._mailbox = mailbox
        self._now = now
        self._caught = caught
        self._trouble = trouble

    async def handle_DATA(self, _server: SMTP, _session: Any, sent: Sent) -> str:
        """Keep a letter, and answer; the app hears where that fails, as it would of a full mailbox."""
        raw = sent.original_content or b""
        sender, *recipients = (showable(str(each)) for each in (sent.mail_from or "", *sent.rcpt_tos))
        envelope = Envelope(at=self._now(), sender=sender, recipients=tuple(recipients))
        lost = self._mailbox.dropped_count
        try:
            number = self._mailbox.put(envelope, raw)
        except OSError as error:
            self._trouble(f"A letter could not be kept: {error}.")
            return "452 4.3.1 The letter could not be kept"
        if lost == 0 < self._mailbox.dropped_count:
            self._trouble("The mailbox is full: for each new letter the oldest one is deleted.")
        await self._caught(Caught(number=number, envelope=envelope, raw=raw))
        return "250 2.0.0 Kept"


class _Connection(SMTP):
    """One connection. It ends when it sends more than a letter without waiting for an answer, or speaks HTTP.

    A web page can make a browser post to any port, with the commands of SMTP in the body of the request.
    """

    line_length_limit = _LONGEST_LINE

    def __init__(self, keeper: Keeper, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(
            keeper,
            hostname="localhost",
            ident="durable-devhost",
            data_size_limit=MOST_LETTER,
            enable_SMTPUTF8=True,
            auth_require_tls=False,
            authenticator=lambda *_: AuthResult(success=True),
            loop=loop,
        )
        self._unanswered = 0

    def data_received(self, data: bytes) -> None:
        """Take bytes, unless they are too many: a line without an end would fill the memory, as would empty lines."""
        self._unanswered += len(data) + _LINE * data.count(b"\n")
        if self._unanswered <= _MOST_AT_ONCE:
            super().data_received(data)
        elif isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort()

    async def push(self, status: AnyStr) -> None:
        """Send an answer."""
        self._unanswered = 0
        await super().push(status)

    async def smtp_POST(self, _arg: str) -> None:
        """Turn a browser away."""
        await self.push(_NO_BROWSER)
        if self.transport is not None:
            self.transport.close()

    smtp_GET = smtp_HEAD = smtp_PUT = smtp_PATCH = smtp_DELETE = smtp_OPTIONS = smtp_POST


@asynccontextmanager
async def run_catcher(keeper: Keeper, port: int) -> AsyncIterator[int]:
    """Serve while the block runs, and give the port; 0 takes a free one. Raises OSError where it is taken."""
    loop = asyncio.get_running_loop()
    # A free port with SO_REUSEADDR may be one that another host has bound and does not listen to yet.
    server = await loop.create_server(lambda: _Connection(keeper, loop), HOST, port, reuse_address=port != 0)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
