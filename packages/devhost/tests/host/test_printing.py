"""What a person reads of the pages to open and of letters."""

import io
import json
from collections.abc import Callable

from durable_devhost.clock import VirtualClock
from durable_devhost.host.console import Console
from durable_devhost.host.facts import Ready

READY = Ready(url="http://x", app="shop", hub="ShopHub", storage="s", clock="virtual")


def printed(tell: Callable[[Console], None], *, json_logs: bool = False) -> list[str]:
    """The lines that a console prints."""
    stream = io.StringIO()
    tell(Console.create(VirtualClock(), json_logs=json_logs, stream=stream))
    return stream.getvalue().strip("\n").splitlines()


def test_the_banner_ends_with_the_pages_to_open() -> None:
    """Those of the app first, one below the other."""
    ready = Ready(
        url="http://x", app="shop", hub="ShopHub", storage="s", clock="virtual", dashboard="http://x/devhost/",
        mail="http://x/devhost/mail", pages=(("Inbox", "http://x/api/inbox"),),
    )  # fmt: skip
    assert printed(lambda console: console.host_started(ready))[-3:] == [
        "Inbox     http://x/api/inbox",
        "Dashboard http://x/devhost/",
        "Mail      http://x/devhost/mail",
    ]


def test_without_pages_the_banner_ends_with_the_address_of_the_host() -> None:
    """As tools read it."""
    assert printed(lambda console: console.host_started(READY))[-1] == "Ready on http://x  Ctrl-C stops."


def test_a_letter_is_one_line_with_its_page_and_one_for_each_link_to_this_host() -> None:
    """Machines get it as one object."""

    def tell(console: Console) -> None:
        console.letter(
            sender="a@localhost",
            recipients=("mara@localhost", "b@localhost", "c@localhost"),
            subject="Decide\x1b[31m",
            page="http://x/devhost/letter?id=1",
            links=("http://x/api/decide?token=1",),
        )

    first, second = printed(tell)
    assert "mara@localhost and 2 more" in first
    assert first.endswith("Decide\\x1b[31m  http://x/devhost/letter?id=1")
    assert second.endswith("it links to  http://x/api/decide?token=1")
    (line,) = printed(tell, json_logs=True)
    assert ("letter", ["http://x/api/decide?token=1"]) == (json.loads(line)["event"], json.loads(line)["links"])


def test_a_letter_without_subject_and_recipient_is_told_of_too() -> None:
    """As such."""
    (line,) = printed(lambda console: console.letter(sender="", recipients=(), subject="", page="http://x/p", links=()))
    assert "nobody" in line
    assert line.endswith("(no subject)  http://x/p")
