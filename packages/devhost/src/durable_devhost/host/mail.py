"""The mail catcher of a host: where its letters are, how the app is led to it, and what the console says of each."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from durable_devhost.app_settings import FILE_NAME
from durable_devhost.azurite.folder import writable
from durable_devhost.clock import Clock
from durable_devhost.errors import SettingsError
from durable_devhost.host.console import Console
from durable_devhost.mail.letter import Letter, links_in, read_letter
from durable_devhost.mail.mailbox import Caught, Mailbox
from durable_devhost.model.timestamps import format_time

HOST_SETTING, PORT_SETTING = "SMTP_HOST", "SMTP_PORT"
"""Where the app finds the catcher, unless its own settings name a mail server."""

FOLDER = "mail"
_LOOKED_AT = 256 * 1024
"""Bytes of a letter that are looked through for its line on the console."""

_MOST_LINKS = 3
_MOST_LISTED = 50
_MOST_LISTED_BYTES = 16 * 1024 * 1024
_ADDRESS = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class MailCatcher:
    """A catcher that listens: its letters, and the port of its mail server."""

    mailbox: Mailbox
    port: int

    def list_letters(self) -> list[dict[str, Any]]:
        """Up to fifty of the last letters for programs, the newest first, with text, HTML and links. Blocks."""
        listed, left = list[dict[str, Any]](), _MOST_LISTED_BYTES
        for number in self.mailbox.numbers()[:_MOST_LISTED]:
            left -= self.mailbox.size(number)
            if listed and left < 0:
                break
            if kept := self.mailbox.get(number):
                listed.append(_as_json(kept, read_letter(kept.raw)))
        return listed

    def settings_for(self, app: Mapping[str, str], console: Console) -> dict[str, str]:
        """The settings that lead the app here; none where it names a mail server itself, which is then told."""
        named = app.get(HOST_SETTING, "").strip()
        if not named:
            return {HOST_SETTING: _ADDRESS, PORT_SETTING: str(self.port)}
        port = app.get(PORT_SETTING, "")
        if (named in (_ADDRESS, "localhost")) and port == str(self.port):
            return {}
        console.notice(
            f"{HOST_SETTING} is {named!r}, so letters go there and not to the mailbox, which listens on "
            f"{_ADDRESS}:{self.port}. To catch them, take {HOST_SETTING} out of {FILE_NAME} and the environment."
        )
        return {}


@asynccontextmanager
async def catching_mail(port: int, data: Path, clock: Clock, console: Console, host: int) -> AsyncIterator[MailCatcher]:
    """Catch letters while the block runs; `host` is the port of the host, whose pages and links the console names.

    Raises SettingsError where the package that it is built with is missing, or the port is taken.
    """
    try:
        from durable_devhost.mail.catcher import Keeper, run_catcher
    except ModuleNotFoundError:
        raise SettingsError(
            "--mail needs the package aiosmtpd. Install it beside devhost: pip install 'durable-devhost[mail]'."
        ) from None
    mailbox = Mailbox(data / FOLDER)
    with writable(data):
        mailbox.open()

    async def caught(kept: Caught) -> None:
        letter = await asyncio.to_thread(read_letter, kept.raw[:_LOOKED_AT])
        console.letter(
            sender=kept.envelope.sender,
            recipients=kept.envelope.recipients,
            subject=letter.subject,
            page=f"http://localhost:{host}/devhost/letter?id={kept.number}",
            links=_own_links(letter, host),
        )

    keeper = Keeper(mailbox, clock.now, caught, console.warning)
    async with AsyncExitStack() as stack:
        try:
            listening = await stack.enter_async_context(run_catcher(keeper, port))
        except OSError as error:
            raise SettingsError(f"--mail cannot listen on port {port} ({error.strerror}). Leave it out.") from None
        yield MailCatcher(mailbox=mailbox, port=listening)


def _as_json(kept: Caught, letter: Letter) -> dict[str, Any]:
    return {
        "id": kept.number,
        "at": format_time(kept.envelope.at),
        "from": kept.envelope.sender,
        "to": list(kept.envelope.recipients),
        "subject": letter.subject,
        "text": letter.text,
        "html": letter.html,
        "links": links_in(letter),
        "files": [each.name for each in letter.files],
    }


def _own_links(letter: Letter, host: int) -> tuple[str, ...]:
    """The first links of a letter that lead to this host, for who reads the console to follow."""
    return tuple(each for each in links_in(letter) if _leads_here(each, host))[:_MOST_LINKS]


def _leads_here(link: str, host: int) -> bool:
    try:
        place = urlsplit(link)
        return place.hostname in ("localhost", _ADDRESS) and place.port == host
    except ValueError:
        return False
