"""Tests of the messages' text."""

from datetime import UTC, datetime
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from durable_devhost.model.history import EventRaised, InstanceRef
from durable_devhost.model.messages import Message, decode, encode


@given(st.text())
@example("\0\x0b\x1b\ufffe\uffff\\uffff")
def test_any_text_passes_through_the_xml_of_a_queue(text: str) -> None:
    """JSON escapes what XML cannot hold; without that a queue could not store it."""
    event = EventRaised(timestamp=datetime(2026, 11, 21, tzinfo=UTC), name="Go", input=text)
    message = Message(event=event, target=InstanceRef(instance_id="i", execution_id=None))

    element = ElementTree.fromstring(f"<MessageText>{escape(encode(message))}</MessageText>")

    assert decode(element.text or "") == message


@pytest.mark.parametrize(("execution_id", "is_meant"), [(None, True), ("", True), ("e1", True), ("e2", False)])
def test_a_message_without_an_execution_is_for_any(execution_id: str | None, is_meant: bool) -> None:
    """As a client sends it; that of a parent or a task names the one it means."""
    event = EventRaised(timestamp=datetime(2026, 11, 21, tzinfo=UTC), name="Go")
    message = Message(event=event, target=InstanceRef(instance_id="i", execution_id=execution_id))
    assert message.is_for("e1") is is_meant
