"""S9: a message that can never succeed is worked once, put aside with a reason, and does not stop the next one.

What may succeed later is tried again, as often as host.json says: tests/clients/test_approval_queue.py (which error
means what), tests/devhost/triggers/test_queue.py (the number of times).
"""

import json

import pytest
from azure.storage.queue import QueueClient

from clients.approval_queue import approval_queue_processor

GARBAGE = [
    "not json {marker}",
    '{{"marker": "{marker}"}}',
    '{{"proposalId": "{marker}"}}',
    '{{"proposalId": "../{marker}", "approver": "Mara", "decision": "approve"}}',
    '{{"instanceId": "{marker}", "approved": "true"}}',
    '[["{marker}"]]',
    '{{"proposalId": "{marker}", "approver": "Mara", "decision": NaN}}',
    '{{"proposalId": "{marker}", "comment": "' + "x" * 9_000 + '"}}',
    '"{marker}"',
]


def left(fortress, queue):
    """Return how many messages lie in a queue, hidden ones too."""
    with QueueClient.from_connection_string(fortress.connection_string, queue) as client:
        return client.get_queue_properties().approximate_message_count


def test_an_invalid_message_is_processed_once_and_leaves_both_queues(fortress):
    """Each has one log line with its reason; a valid answer after it still counts."""
    before = len(fortress.lines("poison-message"))
    for number, text in enumerate(GARBAGE):
        fortress.send(text.format(marker=f"garbage-{number}"))
    proposal = fortress.begin()
    fortress.send(json.dumps({"proposalId": proposal, "approver": "Mara", "decision": "approve"}))
    fortress.until(lambda: fortress.look(proposal)["status"] == "approved")
    fortress.until(lambda: len(fortress.lines("poison-message")) >= before + len(GARBAGE))
    fortress.until(lambda: (left(fortress, "approval-queue"), left(fortress, "approval-queue-poison")) == (0, 0))
    told = fortress.lines("poison-message")[before:]
    assert sorted(each["body"].partition("garbage-")[2][:1] for each in told) == [str(n) for n in range(len(GARBAGE))]
    assert all(each["reason"] for each in told)


class Put:
    """What the function puts on the poison queue."""

    def __init__(self):
        self.texts = []

    def set(self, text):
        self.texts.append(text)


class Message:
    """A message as the host hands it over."""

    id = "m-1"

    def __init__(self, text):
        self._text = text

    def get_body(self):
        return self._text.encode()


class NoHub:
    """A hub that does not answer."""

    async def get_status(self, *_, **__):
        raise ConnectionError("the hub is away")


@pytest.mark.parametrize("text", [each.format(marker="p-1") for each in GARBAGE[:3]])
async def test_an_invalid_message_raises_nothing_and_an_unreachable_hub_does(azurite, monkeypatch, text):
    """Otherwise the host would retry invalid ones, or a valid answer would be put aside for good."""
    monkeypatch.setenv("ApprovalsStorage", azurite.connection_string)
    work = approval_queue_processor._function.get_user_function().client_function
    poison = Put()
    await work(message=Message(text), poison=poison, client=NoHub())
    assert len(poison.texts) == 1
    good = json.dumps({"instanceId": "p-1", "approved": True, "approver": "Mara"})
    with pytest.raises(ConnectionError):
        await work(message=Message(good), poison=poison, client=NoHub())
    assert len(poison.texts) == 1
