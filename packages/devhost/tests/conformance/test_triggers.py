"""Queue and blob functions do what they did in the real host (recorded with the bindings' version 4)."""

import json
from base64 import b64encode

import pytest

from packages.devhost.tests.conformance.conftest import eventually, queue_of, send

PEEKED = 32

pytestmark = pytest.mark.timeout(120)


def texts(connection, name):
    """The messages on a queue as they lie there, sorted."""
    with queue_of(connection, name) as queue:
        return sorted(message.content for message in queue.peek_messages(PEEKED))


def test_queue_function_relays_texts_as_base64(connection):
    """Base64 arrives decoded, and the output queue holds Base64 again. An empty text is a message too."""
    sent = ["coded ü", "", '{"json": 1}']
    for text in sent:
        send(connection, "truth-in", text)
    found = eventually(lambda: texts(connection, "truth-out"), lambda seen: len(seen) == len(sent))
    relayed = [{"body": text, "dequeue": 1, "id": True, "inserted": True} for text in sent]
    # An output text that is JSON is written anew with two spaces of indentation, as the bindings do it.
    indented = [json.dumps(seen, ensure_ascii=False, indent=2) for seen in relayed]
    assert sorted(b64encode(text.encode()).decode() for text in indented) == found


def test_message_that_is_not_base64_moves_unchanged_to_the_poison_queue(connection):
    """No function sees a text that cannot be decoded."""
    with queue_of(connection, "truth-in") as queue:
        queue.send_message("plain not base64!")
    assert ["plain not base64!"] == eventually(lambda: texts(connection, "truth-in-poison"), bool)
    assert eventually(lambda: texts(connection, "truth-in"), lambda seen: not seen) == []


def test_message_moves_to_the_poison_queue_after_its_last_attempt(connection):
    """A function raised on it three times; the text is unchanged."""
    for text in ("not json", '{"poison": true}'):
        send(connection, "truth-approvals", text)
    poisoned = eventually(lambda: texts(connection, "truth-approvals-poison"), lambda seen: len(seen) == 2)
    assert ["bm90IGpzb24=", "eyJwb2lzb24iOiB0cnVlfQ=="] == poisoned


def test_blob_output_is_read_back_by_blob_input(host):
    """The route gives the blob's name; the input does not know its name and length."""
    assert host.request("POST", "/api/blob-out/one", "hällo").status == 201
    read = host.request("GET", "/api/blob-in/one")
    assert (200, 'None|None|stored: "h\\u00e4llo"') == (read.status, read.body)


def test_missing_blob_input_is_none(host):
    """The function gets None."""
    missing = host.request("GET", "/api/blob-in/none")
    assert (404, "none") == (missing.status, missing.body)


def test_entity_over_http_counts(host):
    """The Python client signals an entity and reads its state."""
    assert host.request("POST", "/api/counter/shared?by=3").status == 202
    seen = eventually(lambda: host.request("GET", "/api/counter/shared").body, lambda found: found["exists"])
    assert {"exists": True, "state": 3} == seen
