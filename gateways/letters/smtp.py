"""The mail server: its settings, and sending one message to it."""

import os
import re
import smtplib
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from enum import Enum
from functools import cache
from ipaddress import ip_address

from gateways.letters.mail_connections import Connections, close

_SUBMISSION, _SUBMISSION_TLS = 587, 465
"""RFC 8314: the first port starts unencrypted and switches to TLS, the second uses TLS from the first byte."""

_SECONDS = 30
"""Timeout for each response of the server."""

_PERMANENT = 500
"""From this code on, trying again does not help; with lower codes it may help."""


class MailSettingsWrong(Exception):
    """The settings of the mail server are wrong; the text names the setting to fix."""


class NotSent(Exception):
    """The server did not accept the message; it may be sent again later."""


class Undeliverable(Exception):
    """The server will never accept this message, for example because there is no such mailbox."""


class Line(Enum):
    """How the connection to the server is encrypted."""

    PLAIN = "plain"
    """Not encrypted; only for a server on this machine."""
    STARTTLS = "starttls"
    TLS = "tls"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A mail server."""

    host: str
    port: int
    line: Line
    user: str | None = None
    password: str | None = field(default=None, repr=False)


def read_server() -> Server | None:
    """Return the server in `SMTP_HOST`, with `SMTP_PORT`, `SMTP_USER`, `SMTP_PASSWORD`; None if it is not set.

    A server on another machine is used only with TLS. Raises `MailSettingsWrong`.
    """
    host = os.environ.get("SMTP_HOST", "").strip()
    if not host:
        return None
    port_text = os.environ.get("SMTP_PORT") or str(_SUBMISSION)
    if not re.fullmatch(r"\d{1,5}", port_text, re.ASCII) or not 0 < int(port_text) < 65_536:
        raise MailSettingsWrong(f"SMTP_PORT: set a number from 1 to 65535, usually {_SUBMISSION} or {_SUBMISSION_TLS}")
    port = int(port_text)
    user, password = os.environ.get("SMTP_USER") or None, os.environ.get("SMTP_PASSWORD") or None
    if (user is None) != (password is None):
        raise MailSettingsWrong("SMTP_USER and SMTP_PASSWORD: set both, or neither if the server needs no sign-in")
    if not os.environ.get("MAIL_FROM"):
        raise MailSettingsWrong("MAIL_FROM: set the address that the server allows this app to send from")
    usual = Line.PLAIN if _on_this_machine(host) else Line.STARTTLS
    return Server(
        host=host, port=port, line=Line.TLS if port == _SUBMISSION_TLS else usual, user=user, password=password
    )


def deliver(server: Server, message: EmailMessage) -> None:
    """Send one message, over the connection of the message before if that was a moment ago.

    Raises `NotSent` or `Undeliverable`, both without the message's content.
    """
    try:
        connection = _connections().take(server)
    except (OSError, smtplib.SMTPException) as error:
        raise NotSent(f"the mail server {server.host}:{server.port} cannot be used: {_in_short(error)}") from error
    try:
        connection.smtp.send_message(message)
    except (OSError, smtplib.SMTPException) as error:
        close(connection)
        if _is_permanent(error):
            raise Undeliverable(_in_short(error)) from error
        raise NotSent(
            f"the mail server {server.host}:{server.port} did not accept the message: {_in_short(error)}"
        ) from error
    except BaseException:
        connection.smtp.close()
        raise
    _connections().keep(server, connection)


@cache
def _connections() -> Connections[Server]:
    """Return the connections of this process."""
    return Connections(_connect)


def _connect(server: Server) -> smtplib.SMTP:
    """Connect, with TLS if required, and sign in; certificates are checked."""
    if server.line is Line.TLS:
        context = ssl.create_default_context()
        connection: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=_SECONDS, context=context)
    else:
        connection = smtplib.SMTP(server.host, server.port, timeout=_SECONDS)
    try:
        if server.line is Line.STARTTLS:
            # Raises if the server does not offer it, because an attacker in between could remove the offer.
            connection.starttls(context=ssl.create_default_context())
        if server.user and server.password:
            connection.login(server.user, server.password)
    except BaseException:
        connection.close()
        raise
    return connection


def _is_permanent(error: Exception) -> bool:
    match error:
        case smtplib.SMTPRecipientsRefused(recipients=recipients):
            return all(code >= _PERMANENT for code, _ in recipients.values())
        case smtplib.SMTPDataError(smtp_code=code):
            return bool(code >= _PERMANENT)
        case _:
            return False


def _in_short(error: Exception) -> str:
    """Return the server's error without addresses, because it is logged."""
    match error:
        case smtplib.SMTPRecipientsRefused(recipients=recipients):
            return f"the recipient was refused with {', '.join(str(code) for code, _ in recipients.values())}"
        case smtplib.SMTPResponseException(smtp_code=code):
            return f"{type(error).__name__} {code}"
        case smtplib.SMTPNotSupportedError():
            return f"SMTPNotSupportedError: {error}"
        case _:
            return type(error).__name__


def _on_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
