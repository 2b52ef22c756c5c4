"""What a worker sends before its answer reaches whoever waits for it, and what they say reaches the worker."""

from typing import Any

from durable_devhost.dispatch.exchange import Exchange


async def test_messages_arrive_in_order_and_end_with_the_call():
    """Also those that came before anybody read."""
    exchange = Exchange()
    exchange.begin(3, lambda _message: None)
    for number in range(3):
        exchange.take({"kind": "part", "id": 3, "body": bytes([number])})
    exchange.end()
    assert [message["body"] async for message in exchange.messages()] == [b"\0", b"\1", b"\2"]


async def test_a_message_goes_to_the_worker_that_has_the_call():
    """Before and after the call there is no worker, so the message is dropped."""
    exchange, noted = Exchange(), list[Any]()
    exchange.tell("hung_up")
    exchange.begin(3, noted.append)
    exchange.tell("piece", body=b"x", more=True)
    exchange.end()
    exchange.tell("written")
    assert noted == [{"kind": "piece", "id": 3, "body": b"x", "more": True}]
