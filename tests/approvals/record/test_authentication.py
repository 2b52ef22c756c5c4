"""Authentication: what somebody without a key has written shows, however right its hashes are."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.record.chain import GENESIS, key_ids, read_chain, seal, verify
from approvals.record.entries import Submitted
from approvals.record.keys import Key, Keyring
from approvals.record.verdict import STATE_NAMES, Anchor, State, Tampered
from tests.approvals.record.test_chain import THREE, begun, end, entry, records
from tests.approvals.record.test_wire import SAMPLES

OLD, NEW = (Key(id=name, secret=name.encode() * 16) for name in ("k1", "k2"))
RING = Keyring(keys=(NEW, OLD))
STRANGER = Keyring(keys=(Key(id="k2", secret=b"guessed" * 8),))
SIGNED = seal(THREE, head=GENESIS, keys=RING)
WHOLE = Anchor(head=read_chain(SIGNED).head, entries=3)


def judged(content, *anchors, keys=RING, **asked):
    """Return the state of a record, and up to which entry it is authenticated."""
    verdict = verify(content, keys=keys, anchors=anchors, **asked)
    assert verdict.ok is (verdict.state is State.WHOLE)
    assert verdict.ok is (verdict.finding is None)
    return verdict.state, verdict.authenticated


def test_a_record_is_whole_if_everything_was_checked():
    """Its entries with a key, its end against an anchor."""
    assert judged(SIGNED, WHOLE) == (State.WHOLE, 3)


@pytest.mark.parametrize(
    ("anchors", "keys", "state", "unsaid"),
    [
        ([], RING, State.NOT_ANCHORED, "unbroken up to entry 3, end not checked"),
        ([], None, State.NOT_ANCHORED, "unbroken up to entry 3, end not checked, not authenticated"),
        ([WHOLE], None, State.NOT_AUTHENTICATED, "unbroken up to entry 3, not authenticated"),
    ],
)
def test_a_missing_check_is_reported(anchors, keys, state, unsaid):
    """Nothing is wrong, but the record is not called whole."""
    verdict = verify(SIGNED, keys=keys, anchors=anchors)
    assert (verdict.state, verdict.finding, verdict.sound, verdict.ok) == (state, unsaid, True, False)


def test_an_anchor_may_have_only_a_number():
    """It was noted without a hash."""
    assert judged(SIGNED, Anchor(entries=2)) == (State.WHOLE, 3)


def test_a_mac_can_be_checked_by_hand():
    """With any HMAC: it covers the line without hash and mac, and the hash covers the line with it."""
    fields = json.loads(SIGNED.splitlines()[0])
    canonical = {name: fields[name] for name in fields.keys() - {"hash", "mac"}}
    text = json.dumps(canonical, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    assert hmac.new(b"k2" * 16, text.encode(), hashlib.sha256).hexdigest() == fields["mac"]
    assert fields["key"] == "k2"


@given(records(), st.data())
def test_any_changed_byte_of_an_authenticated_record_is_found(entries, data):
    """As damage, or as a cut at the end of the last line."""
    content = bytearray(seal(entries, head=GENESIS, keys=RING))
    seen = Anchor(head=read_chain(bytes(content)).head, entries=len(entries))
    position = data.draw(st.integers(0, len(content) - 1))
    content[position] = data.draw(st.integers(0, 255).filter(lambda byte: byte != content[position]))
    assert judged(bytes(content), seen)[0] in {State.DAMAGED, State.CUT}


@given(records(), st.data())
def test_any_cut_of_an_authenticated_record_is_found(entries, data):
    """Its lines are authentic, but some are missing."""
    content = seal(entries, head=GENESIS, keys=RING)
    seen = Anchor(head=read_chain(content).head, entries=len(entries))
    cut = content[: data.draw(st.integers(1, len(content) - 1))]
    assert judged(cut, seen) == (State.CUT, cut.count(b"\n"))


@given(records(least=2), st.integers(1, 5), st.sampled_from([None, STRANGER]))
def test_anything_appended_without_the_key_is_found(entries, own, keys):
    """In the old form, or with an invented key under a right name: the app's entries before it still count."""
    own = min(own, len(entries) - 1)
    ours = seal(entries[:own], head=GENESIS, keys=RING)
    chain = read_chain(ours)
    forged = ours + seal(entries[own:], head=chain.head, keys=keys)
    for anchors in ([], [Anchor(head=chain.head, entries=own)]):
        assert judged(forged, *anchors) == (State.APPENDED, own)
    with pytest.raises(Tampered) as raised:
        read_chain(forged, keys=RING)
    assert (raised.value.line, raised.value.state) == (own + 1, State.APPENDED)
    # Where something else was seen in its place, nothing was appended but replaced.
    assert judged(forged, Anchor(head="f" * 64, entries=len(entries)))[0] is State.REPLACED


@given(records(), st.sampled_from([None, STRANGER]))
def test_a_record_rewritten_without_the_key_is_replaced(entries, keys):
    """Whatever it says, and without any anchor."""
    forged = seal(entries, head=GENESIS, keys=keys)
    assert judged(forged) == (State.REPLACED, 0)
    with pytest.raises(Tampered):
        read_chain(forged, keys=RING)


@given(records(), records())
def test_a_record_with_another_history_than_its_anchor_is_replaced_or_cut(entries, others):
    """Each of its lines is authentic, but the anchor has another hash."""
    mine, other = (seal(each, head=GENESIS, keys=RING) for each in (entries, others))
    seen = Anchor(head=read_chain(mine).head, entries=len(entries))
    expected = {State.WHOLE} if others[: len(entries)] == entries else {State.REPLACED, State.CUT}
    assert judged(other, seen)[0] in expected


def test_the_record_of_another_proposal_is_replaced():
    """All of it is authentic, but it belongs elsewhere."""
    first = begun("p-1")
    content = seal([first], head=GENESIS, keys=RING)
    seen = Anchor(head=read_chain(content).head, entries=1)
    assert judged(content, seen, proposal_id="p-1") == (State.WHOLE, 1)
    assert judged(content, seen, proposal_id="p-2") == (State.REPLACED, 0)
    assert read_chain(content, keys=RING, proposal_id="p-1").entries == (first,)
    with pytest.raises(Tampered, match="another proposal"):
        read_chain(content, keys=RING, proposal_id="p-2")
    with pytest.raises(Tampered, match="another proposal"):
        read_chain(SIGNED, keys=RING, proposal_id="p-1")


def test_a_chain_is_compared_with_its_anchor():
    """An anchor with more entries means that the record has grown since this was read."""
    chain = read_chain(SIGNED)
    for number, head in enumerate(chain.heads, start=1):
        chain.check(Anchor(entries=number, head=head))
        with pytest.raises(Tampered, match="rewritten"):
            chain.check(Anchor(entries=number, head="f" * 64))
    chain.check(Anchor(entries=4, head="f" * 64))
    chain.check(Anchor(head="f" * 64))


FROZEN = (SAMPLES / "first" / "approved.jsonl").read_bytes()
"""As the app wrote it before it had keys."""


def test_a_record_from_before_the_keys_is_still_read():
    """Word for word."""
    entries = read_chain(FROZEN).entries
    assert isinstance(entries[0], Submitted)
    keys = aged(since=entries[-1].at + timedelta(days=1))
    assert read_chain(FROZEN, keys=keys, proposal_id=entries[0].proposal_id).entries == entries


def test_lines_of_an_old_key_count_while_the_key_is_listed():
    """The newest key signs, and each line names its key. Without the old key its lines no longer count."""
    first = seal(THREE[:1], head=GENESIS, keys=Keyring(keys=(OLD,)))
    content = first + seal(THREE[1:], head=read_chain(first).head, keys=RING)
    assert [json.loads(line)["key"] for line in content.splitlines()] == ["k1", "k2", "k2"]
    assert key_ids(content) == ("k1", "k2")
    assert judged(content)[1] == 3
    without = verify(content, keys=Keyring(keys=(NEW,)))
    assert (without.state, without.authenticated) == (State.REPLACED, 0)
    assert "names the key 'k1', which is not among the given keys" in without.finding


SINCE = THREE[1].at
"""The app got its keys between the first and the second entry."""


def aged(*, since=SINCE):
    """The keys of an app that has records from before it had them."""
    return Keyring(keys=(NEW, OLD), since=since)


def test_entries_from_before_the_keys_are_read_but_not_authenticated():
    """Until an authenticated one follows: it holds the hash of all before it."""
    old = seal(THREE[:1], head=GENESIS)
    assert judged(old, keys=aged()) == (State.NOT_ANCHORED, 0)
    head = read_chain(old, keys=aged()).head
    assert judged(old, Anchor(head=head, entries=1), keys=aged()) == (State.NOT_AUTHENTICATED, 0)
    grown = old + seal(THREE[1:], head=head, keys=RING)
    assert judged(grown, keys=aged())[1] == 3
    half = verify(seal(THREE, head=GENESIS), keys=aged(since=datetime.max.replace(tzinfo=UTC)))
    assert half.finding == "unbroken up to entry 3, end not checked, not authenticated"


def test_an_entry_younger_than_the_keys_must_be_authenticated():
    """Whatever it follows; without a date of the keys no old entries are accepted."""
    old = seal(THREE, head=GENESIS)
    assert judged(old, keys=aged()) == (State.APPENDED, 0)
    assert judged(old, keys=aged(since=THREE[0].at)) == (State.REPLACED, 0)
    assert judged(old, keys=aged(since=THREE[2].at + timedelta(seconds=1)))[0] is State.NOT_ANCHORED
    assert judged(old, keys=RING) == (State.REPLACED, 0)


def test_an_old_entry_after_an_authenticated_one_is_appended():
    """Even if its time is before the keys."""
    ours = seal(THREE[:1], head=GENESIS, keys=RING)
    forged = ours + seal(THREE[1:], head=read_chain(ours).head)
    assert judged(forged, keys=aged(since=datetime.max.replace(tzinfo=UTC))) == (State.APPENDED, 1)


def test_an_entry_after_the_end_is_appended():
    """Even with a valid key: the app adds nothing there."""
    content = seal([entry(1), end(2), entry(3)], head=GENESIS, keys=RING)
    assert judged(content) == (State.APPENDED, 2)


@pytest.mark.parametrize("more", [b'"key":"k2",', b'"mac":"00",', b'"key":1,"mac":2,'])
def test_a_key_id_and_its_mac_come_together(more):
    """A line with only one of them is not the app's."""
    line = seal(THREE[:1], head=GENESIS).replace(b'"kind":', more + b'"kind":')
    verdict = verify(line)
    assert (verdict.state, verdict.line) == (State.DAMAGED, 1)
    assert "be given together" in verdict.finding


def test_every_state_has_words():
    """For the command line."""
    assert STATE_NAMES.keys() == set(State)
