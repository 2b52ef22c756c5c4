"""Messages that were put aside: kept once, claimed once, and never longer than a row can hold."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from approvals.operations import MessageState
from approvals.poison import PoisonMessage
from gateways.put_aside import LONGEST_BODY, open_put_aside

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def keep_message(body="not json", reason="no JSON", message_id=None):
    """Keep a message; return its id."""
    message = PoisonMessage(reason=reason, body=body)
    return open_put_aside().keep(message, message_id=message_id or uuid.uuid4().hex, now=NOW)


def test_a_message_is_stored_unchanged():
    """With its reason; nobody has acted on it yet."""
    message = keep_message("é \x00 \U0001f600", "why")
    found = open_put_aside().find(message)
    assert (found.body, found.reason, found.whole, found.state) == ("é \x00 \U0001f600", "why", True, "waiting")
    assert message in [each.id for each in open_put_aside().list_waiting()]


def test_the_same_message_is_stored_once():
    """The queue may deliver it again; earlier actions on it stay."""
    name = uuid.uuid4().hex
    message = keep_message(message_id=name)
    open_put_aside().claim(message, MessageState.DISCARDED, by="Mara", now=NOW)
    assert keep_message(message_id=name) == message
    assert open_put_aside().find(message).state == "discarded"


@pytest.mark.parametrize("char", ["x", "é", "\U0001f600"])
def test_a_long_message_is_cut_and_marked(char):
    """Only its beginning is stored."""
    found = open_put_aside().find(keep_message(char * LONGEST_BODY, "r" * 9_000))
    assert (found.whole, len(found.body.encode()) <= LONGEST_BODY + 3) == (char == "x", True)
    assert len(found.reason) == 2_000


def test_one_of_many_simultaneous_claims_gets_a_message():
    """The others learn that somebody was faster."""
    message = keep_message()
    claim = lambda by: open_put_aside().claim(message, MessageState.SENDING, by=by, now=NOW)  # noqa: E731
    with ThreadPoolExecutor(8) as pool:
        got = [each for each in pool.map(claim, [f"p{number}" for number in range(8)]) if each]
    assert len(got) == 1
    assert open_put_aside().find(message).by == got[0].by


def test_a_claim_whose_owner_died_can_be_taken_over_later():
    """The receiver recognises a repeated message."""
    message = keep_message()
    store = open_put_aside()
    assert store.claim(message, MessageState.SENDING, by="Mara", now=NOW)
    assert not store.claim(message, MessageState.SENDING, by="Ines", now=NOW + timedelta(minutes=4))
    assert store.claim(message, MessageState.SENDING, by="Ines", now=NOW + timedelta(minutes=5))
    store.settle(message, MessageState.SENT, result="taken")
    assert not store.claim(message, MessageState.DISCARDED, by="Mara", now=NOW + timedelta(days=1))
    assert message not in [each.id for each in store.list_waiting()]


def test_the_text_of_finished_messages_is_deleted():
    """Who did what stays; waiting messages are kept, however old."""
    done, young, waiting = keep_message("secret"), keep_message("secret"), keep_message("secret")
    store = open_put_aside()
    store.claim(done, MessageState.DISCARDED, by="Mara", now=NOW)
    store.claim(young, MessageState.DISCARDED, by="Mara", now=NOW + timedelta(days=9))
    for _ in range(2):
        store.forget(before=NOW + timedelta(days=1))
    assert [(store.find(each).body, store.find(each).by) for each in (done, young, waiting)] == [
        ("", "Mara"), ("secret", "Mara"), ("secret", ""),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["nothing", "", "../x", "a'b", "ä"])
def test_an_unknown_message_is_not_found(name):
    """With any id."""
    assert open_put_aside().find(name) is None
    assert open_put_aside().claim(name, MessageState.SENT, by="Mara", now=NOW) is None
