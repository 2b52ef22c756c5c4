"""Letters of one batch share a connection to the mail server, and a connection that broke costs no letter."""

import smtplib
import threading
import time

import pytest

from gateways.letters import mail_connections
from gateways.letters.mail_connections import Connections, close
from gateways.letters.smtp import Line, NotSent, Server, Undeliverable, deliver
from tests.gateways.letters.test_smtp import message
from tests.gateways.mail_server import mail_server

DEADLINE_S = 20
ONE = ["MAIL", "RCPT", "DATA"]


@pytest.fixture
def running_server():
    """A mail server."""
    with mail_server() as server:
        yield server


def settings_of(server):
    """Return the running server as settings would name it."""
    return Server(host="127.0.0.1", port=server.port, line=Line.PLAIN)


def test_a_batch_of_letters_is_one_connection(running_server):
    """With a look, before each further letter, whether it is still there."""
    for _ in range(3):
        deliver(settings_of(running_server), message())
    assert running_server.commands == ["EHLO", *ONE, "NOOP", *ONE, "NOOP", *ONE]
    assert len(running_server.letters) == 3


def test_a_connection_that_the_server_has_closed_is_replaced(running_server):
    """And the letter goes, once."""
    deliver(settings_of(running_server), message())
    running_server.answers["NOOP"] = "hang up"
    deliver(settings_of(running_server), message())
    assert running_server.commands == ["EHLO", *ONE, "NOOP", "EHLO", *ONE]
    assert len(running_server.letters) == 2


def test_a_connection_that_the_server_no_longer_wants_is_replaced(running_server):
    """It says 421 before it closes it."""
    deliver(settings_of(running_server), message())
    running_server.answers["NOOP"] = "421 too long idle"
    deliver(settings_of(running_server), message())
    assert len(running_server.letters) == 2
    assert running_server.commands.count("EHLO") == 2


def test_one_that_breaks_while_a_letter_is_sent_is_not_used_again(running_server):
    """Nobody knows whether the letter was taken, so its sender decides."""
    deliver(settings_of(running_server), message())
    running_server.answers["after DATA"] = "hang up"
    with pytest.raises(NotSent):
        deliver(settings_of(running_server), message())
    running_server.answers.clear()
    deliver(settings_of(running_server), message())
    assert running_server.commands == ["EHLO", *ONE, "NOOP", *ONE, "EHLO", *ONE]


def test_a_letter_that_is_refused_ends_its_connection(running_server):
    """The next one begins anew."""
    running_server.answers["RCPT"] = "550 no such mailbox"
    with pytest.raises(Undeliverable):
        deliver(settings_of(running_server), message())
    running_server.answers.clear()
    deliver(settings_of(running_server), message())
    assert running_server.commands.count("EHLO") == 2


def test_letters_at_the_same_time_have_connections_of_their_own(running_server):
    """SMTP takes one letter after the other."""
    connections = Connections(lambda _: smtplib.SMTP("127.0.0.1", running_server.port))
    one, other = connections.take("server"), connections.take("server")
    assert one is not other
    connections.keep("server", one)
    connections.keep("server", other)  # one waits already, so this one is closed
    assert running_server.commands[-1] == "QUIT"
    assert connections.take("server") is one
    close(one)


def test_another_server_has_another_connection(running_server):
    """Also the same one with another user: a connection is signed in."""
    connections = Connections(lambda _: smtplib.SMTP("127.0.0.1", running_server.port))
    one = connections.take("server")
    connections.keep("server", one)
    other = connections.take("other")
    assert other is not one
    assert connections.take("server") is one
    close(one)
    close(other)


def test_one_that_is_idle_for_long_is_closed(running_server):
    """Servers have few places."""
    connections = Connections(lambda _: smtplib.SMTP("127.0.0.1", running_server.port), idle_s=0.01)
    connection = connections.take("server")
    connections.keep("server", connection)
    until = time.monotonic() + DEADLINE_S
    while "QUIT" not in running_server.commands and time.monotonic() < until:
        threading.Event().wait(0.01)
    assert running_server.commands == ["QUIT"]
    another = connections.take("server")
    assert another is not connection
    close(another)


def test_after_many_letters_a_connection_is_closed(running_server, monkeypatch):
    """Servers refuse more than so many."""
    monkeypatch.setattr(mail_connections, "MOST_LETTERS", 2)
    for _ in range(3):
        deliver(settings_of(running_server), message())
    assert running_server.commands == ["EHLO", *ONE, "NOOP", *ONE, "QUIT", "EHLO", *ONE]
