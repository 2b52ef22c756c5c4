"""The mail server takes what apps send, and survives what they should not."""

import asyncio
import smtplib
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from durable_devhost.mail.catcher import MOST_LETTER, Keeper, run_catcher
from durable_devhost.mail.mailbox import Caught, Mailbox

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
SMALL = b"Subject: x\r\n\r\nHello.\r\n"


@dataclass
class Office:
    """A mailbox, and what was said of it."""

    mailbox: Mailbox
    caught: list[int] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)

    async def served(self, client: Callable[[int], object]) -> None:
        """Run a blocking client, which gets the port, while the server runs."""

        async def caught(kept: Caught) -> None:
            self.caught.append(kept.number)

        keeper = Keeper(self.mailbox, lambda: NOON, caught, self.troubles.append)
        async with run_catcher(keeper, 0) as port:
            await asyncio.to_thread(client, port)

    def raw(self) -> list[bytes]:
        """The letters, the oldest first."""
        return [kept.raw for number in reversed(self.mailbox.numbers()) if (kept := self.mailbox.get(number))]


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """With an empty mailbox of at most three letters."""
    mailbox = Mailbox(tmp_path / "mail", most_letters=3)
    mailbox.open()
    return Office(mailbox)


def sending(*letters: bytes, to: tuple[str, ...] = ("b@localhost",)) -> Callable[[int], None]:
    """A client that sends letters over one connection."""

    def send(port: int) -> None:
        with smtplib.SMTP("127.0.0.1", port) as server:
            for letter in letters:
                server.sendmail("a@localhost", to, letter)

    return send


def saying(*lines: bytes) -> Callable[[int], bytes]:
    """A client that writes these bytes at once, and reads until the server ends the connection, or says no more."""

    def say(port: int) -> bytes:
        heard = b""
        with socket.create_connection(("127.0.0.1", port), timeout=20) as server, suppress(ConnectionError):
            server.sendall(b"".join(lines))
            server.shutdown(socket.SHUT_WR)
            while read := server.recv(65536):
                heard += read
        return heard

    return say


async def test_a_letter_is_kept_as_it_was_sent(office: Office) -> None:
    """With the time of the host's clock; lines that begin with a dot and long lines too."""
    odd = b"Subject: x\r\n\r\n.\r\n..dots\r\n\xff\0" + b"<p>" * 30_000 + b"\r\n"
    await office.served(sending(SMALL, odd, to=("b@localhost", "c@localhost")))
    assert ([1, 2], [SMALL, odd], []) == (office.caught, office.raw(), office.troubles)
    kept = office.mailbox.get(1)
    assert kept is not None
    assert (NOON, "a@localhost", ("b@localhost", "c@localhost")) == (
        kept.envelope.at,
        kept.envelope.sender,
        kept.envelope.recipients,
    )


async def test_any_user_may_sign_in(office: Office) -> None:
    """As apps do with the server that they have elsewhere."""

    def client(port: int) -> None:
        with smtplib.SMTP("127.0.0.1", port) as server:
            server.login("anybody", "any password")
            server.sendmail("a@localhost", "b@localhost", SMALL)

    await office.served(client)
    assert office.raw() == [SMALL]


async def test_it_listens_on_this_machine_alone(office: Office) -> None:
    """Not on the machine's other addresses, of which Linux has many: all of 127.0.0.0/8 for one."""

    def client(port: int) -> None:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.2", port), timeout=5)

    await office.served(client)


async def test_a_huge_letter_is_refused_and_the_next_one_taken(office: Office) -> None:
    """The app hears why: also where it does not say beforehand how large the letter is."""

    def client(port: int) -> None:
        with smtplib.SMTP("127.0.0.1", port) as server:
            with pytest.raises(smtplib.SMTPSenderRefused, match="exceeds"):
                server.sendmail("a@localhost", "b@localhost", b"x" * (MOST_LETTER + 1))
            server.rset()
            server.mail("a@localhost")
            server.rcpt("b@localhost")
            assert server.data((b"x" * 70 + b"\r\n") * (MOST_LETTER // 72 + 1))[0] == 552
            server.sendmail("a@localhost", "b@localhost", SMALL)

    await office.served(client)
    assert office.raw() == [SMALL]


async def test_a_line_without_an_end_does_not_fill_the_memory(office: Office) -> None:
    """The connection ends after twice the largest letter."""

    def client(port: int) -> None:
        with socket.create_connection(("127.0.0.1", port), timeout=20) as server:
            server.sendall(b"EHLO x\r\nMAIL FROM:<a@localhost>\r\nRCPT TO:<b@localhost>\r\nDATA\r\n")
            with pytest.raises(ConnectionError):
                server.sendall(b"x" * (4 * MOST_LETTER))

    await office.served(client)
    await office.served(sending(SMALL))
    assert office.raw() == [SMALL]


async def test_letters_of_empty_lines_do_not_keep_the_host_busy(office: Office) -> None:
    """Five million of them would; a letter with as many as a large one has is taken."""
    many = b"Subject: x\r\n\r\n" + b"\r\n" * 200_000
    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
        await office.served(sending(b"\r\n" * 600_000))
    await office.served(sending(many))
    assert [len(each) for each in office.raw()] == [len(many)]


async def test_a_letter_for_nobody_is_refused(office: Office) -> None:
    """And addresses that are none."""
    heard = list[bytes]()
    said = b"EHLO x\r\nMAIL FROM:<>\r\nDATA\r\nRCPT TO:<\xff\xfe\r\nRCPT TO:nonsense@@\r\nNOOP\r\n\xff\xff\r\nQUIT\r\n"
    await office.served(lambda port: heard.append(saying(said)(port)))
    assert b"503" in heard[0]
    assert office.raw() == []


async def test_addresses_that_are_no_text_can_be_shown(office: Office) -> None:
    """Bytes that are no UTF-8 are replaced."""

    def client(port: int) -> None:
        with socket.create_connection(("127.0.0.1", port), timeout=20) as server:
            answers = server.makefile("rb")
            for line in (
                b"",
                b"HELO x",
                b"MAIL FROM:<\xffa@localhost>",
                b"RCPT TO:<\xfeb@localhost>",
                b"DATA",
                b"x\r\n.",
            ):
                if line:
                    server.sendall(line + b"\r\n")
                answers.readline()

    await office.served(client)
    kept = office.mailbox.get(1)
    assert kept is not None
    assert "".join((kept.envelope.sender, *kept.envelope.recipients)).encode() == b"?a@localhost?b@localhost"


async def test_a_browser_plants_no_letter(office: Office) -> None:
    """A page of any site can post to any port, with what it likes in the body."""
    body = b"EHLO x\r\nMAIL FROM:<a@localhost>\r\nRCPT TO:<b@localhost>\r\nDATA\r\n" + SMALL + b".\r\n"
    heard = list[bytes]()
    for method in (b"POST", b"GET", b"PUT", b"OPTIONS"):
        request = method + b" / HTTP/1.1\r\n\r\n" + body
        await office.served(lambda port, said=request: heard.append(saying(said)(port)))  # type: ignore[misc]
    assert [b"502 5.5.1 This is a mail server" in each for each in heard] == [True] * 4
    assert office.raw() == []


async def test_a_full_mailbox_says_so_once(office: Office) -> None:
    """The oldest letter goes for each new one."""
    await office.served(sending(*[SMALL] * 6))
    assert [6, 5, 4] == list(office.mailbox.numbers())
    assert office.troubles == ["The mailbox is full: for each new letter the oldest one is deleted."]


async def test_a_letter_that_cannot_be_kept_may_be_sent_again(office: Office, tmp_path: Path) -> None:
    """The answer is one of those after which apps try again."""
    (tmp_path / "mail" / "00000001.eml").mkdir()

    def client(port: int) -> None:
        with pytest.raises(smtplib.SMTPDataError, match="452"):
            sending(SMALL)(port)

    await office.served(client)
    assert len(office.troubles) == 1
