"""Messages go both ways whole and in order; an end is an end."""

import os
import socket
import threading
from collections.abc import Iterator

import pytest

from durable_devhost.wire.frames import BrokenFrame, encode
from durable_devhost.worker.channel import Channel


@pytest.fixture
def pair() -> Iterator[tuple[Channel, socket.socket]]:
    """A channel and the host's end of it."""
    here, there = socket.socketpair()
    with here, there:
        yield Channel(here), there


def test_messages_of_many_threads_do_not_mix(pair):
    """Small ones, and ones bigger than the socket takes at once."""
    channel, host = pair
    other = Channel(host)

    def send(number: int) -> None:
        for size in (10, 1 << 20):
            assert channel.send({"n": number, "body": bytes([number]) * size})

    threads = [threading.Thread(target=send, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    messages = other.messages()
    seen = [next(messages) for _ in range(8)]
    for thread in threads:
        thread.join()
    assert all(set(message["body"]) == {message["n"]} for message in seen)
    assert sorted(len(message["body"]) for message in seen) == [10] * 4 + [1 << 20] * 4


@pytest.mark.parametrize("cut", [0, 3, 9, 14])
def test_a_host_that_disconnects_ends_the_messages(pair, cut):
    """Also in the middle of one."""
    channel, host = pair
    whole = b"".join(encode({"kind": "x", "body": b"12345"}))
    host.sendall(whole + whole[:cut])
    host.close()
    assert list(channel.messages()) == [{"kind": "x", "body": b"12345"}]


def test_bytes_that_are_no_frames_are_an_error(pair):
    """A host of another version, or no host."""
    channel, host = pair
    host.sendall(b"\xff" * 8)
    with pytest.raises(BrokenFrame):
        next(channel.messages())


def test_sending_to_a_host_that_is_gone_is_no_error(pair):
    """The thread that reads notices it and ends the process."""
    channel, host = pair
    host.close()
    assert not channel.send({"body": bytes(1 << 20)})
    assert not channel.send({"kind": "x"})


def test_a_message_that_cannot_be_sent_does_not_break_the_connection(pair):
    """None of its bytes are sent."""
    channel, host = pair
    with pytest.raises(TypeError):
        channel.send({"body": b"x", "odd": {1}})
    channel.send({"kind": "x"})
    assert next(Channel(host).messages()) == {"kind": "x"}


def test_a_fork_has_no_connection_to_the_host(pair):
    """It must not write between the parent's frames, nor keep the connection open."""
    channel, host = pair
    channel.settle()
    child = os.fork()
    if child == 0:
        os._exit(3 if channel.send({"kind": "x"}) else 0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    channel.send({"kind": "y"})
    assert next(Channel(host).messages()) == {"kind": "y"}
