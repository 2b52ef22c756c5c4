"""The chain: whatever is done to a record's bytes shows; a clean cut, against what was seen of the record before.

What is written by somebody without a key shows as well, however right its hashes are.
"""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.record.chain import GENESIS, Chain, key_ids, read_chain, seal, verify
from approvals.record.entries import Entry, Kind, Via
from approvals.record.keys import Key, Keyring
from approvals.record.verdict import SAYINGS, Anchor, State, Tampered
from approvals.validation import LONGEST_NAME

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=LONGEST_NAME), inner, max_size=3),
    max_leaves=5,
)
LINES = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=12)


def entry(number, kind=Kind.COMMENTED, *, at=None, **fields):
    """Return an entry of the minute after the one before it."""
    at = at or f"2026-03-02T09:{number:02}:00+00:00"
    return Entry(
        **{
            "number": number,
            "kind": kind,
            "at": at,
            "by": "Ana",
            "via": Via.PERSON,
            "data": {},
            "document": "0" * 64,
            **fields,
        }
    )


@st.composite
def records(draw, *, least=1):
    """Return the entries of a record, of any kinds but the end."""
    kinds = st.sampled_from([kind for kind in Kind if kind is not Kind.ENDED])
    data = st.dictionaries(st.text(max_size=5), JSON, max_size=3)
    count = draw(st.integers(least, 6))
    return tuple(
        entry(number, draw(kinds), data=draw(data), by=draw(LINES), via=draw(st.sampled_from(Via)))
        for number in range(1, count + 1)
    )


THREE = tuple(entry(number, data={"comment": f"word {number}, ünïcode, \u2028"}) for number in (1, 2, 3))
CONTENT = seal(THREE, head=GENESIS)


@given(records(), st.data())
def test_what_is_sealed_in_any_pieces_is_read_as_it_was(entries, data):
    """The record grows by blocks, each sealed to the head that was read before it."""
    cut = data.draw(st.integers(0, len(entries)))
    first = read_chain(seal(entries[:cut], head=GENESIS))
    content = seal(entries[:cut], head=GENESIS) + seal(entries[cut:], head=first.head)
    assert content == seal(entries, head=GENESIS)
    chain = read_chain(content)
    assert (chain.entries, chain.size) == (entries, len(content))
    assert verify(content, anchors=[Anchor(head=chain.head, entries=len(entries))]).sound
    # It has grown since it was seen.
    if cut:
        assert verify(content, anchors=[Anchor(head=first.head, entries=cut)]).sound
        assert verify(content, anchors=[Anchor(head=first.head)]).sound


def test_no_bytes_are_a_record_without_entries():
    """So it is read; to be verified, a record has at least its submission, and is missing without."""
    assert read_chain(b"") == Chain(entries=(), head=GENESIS, size=0)
    verdict = verify(b"")
    assert (verdict.state, verdict.line, verdict.finding) == (State.MISSING, 1, "line 1: the record is missing")


def test_a_line_can_be_checked_by_hand():
    """With any JSON library and any SHA-256: the hash is of the line without it."""
    head = GENESIS
    for line in CONTENT.splitlines():
        fields = json.loads(line)
        claimed = fields.pop("hash")
        canonical = json.dumps(fields, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        assert hashlib.sha256(canonical.encode()).hexdigest() == claimed
        assert fields["prev"] == head
        head = claimed
    assert verify(CONTENT).head == head


@given(records(), st.data())
def test_any_byte_that_is_changed_shows_in_its_line(entries, data):
    """Whatever it becomes, without any anchor; and reading it fails just the same."""
    content = bytearray(seal(entries, head=GENESIS))
    position = data.draw(st.integers(0, len(content) - 1))
    line = content[:position].count(b"\n") + 1
    content[position] = data.draw(st.integers(0, 255).filter(lambda byte: byte != content[position]))
    verdict = verify(bytes(content))
    assert (verdict.sound, verdict.line, verdict.entries) == (False, line, line - 1)
    with pytest.raises(Tampered) as raised:
        read_chain(bytes(content))
    assert (raised.value.line, str(raised.value)) == (line, verdict.finding)


def test_any_bit_that_flips_shows():
    """Each one of a whole record."""
    for position in range(len(CONTENT)):
        for bit in range(8):
            flipped = bytearray(CONTENT)
            flipped[position] ^= 1 << bit
            assert not verify(bytes(flipped)).sound


@given(records(), st.data())
def test_any_cut_tail_shows(entries, data):
    """Within a line by itself; behind a line against what was seen of the record before."""
    content = seal(entries, head=GENESIS)
    head = read_chain(content).head
    entire = Anchor(head=head, entries=len(entries))
    cut = content[: data.draw(st.integers(0, len(content) - 1))]
    for seen in (Anchor(head=head), Anchor(entries=len(entries)), entire):
        assert verify(cut, anchors=[seen]).state is (State.CUT if cut else State.MISSING)
    verdict = verify(cut, anchors=[entire])
    assert verdict.entries == cut.count(b"\n")
    assert verdict.line == verdict.entries + 1
    if cut and not cut.endswith(b"\n"):
        assert verify(cut).finding == f"line {verdict.line}: it is cut off"


@given(records(least=2), st.data())
def test_lines_that_are_moved_lost_or_doubled_show(entries, data):
    """Each line is as it was written, only its place is not."""
    lines = seal(entries, head=GENESIS).splitlines(keepends=True)
    first = data.draw(st.integers(0, len(lines) - 2))
    second = data.draw(st.integers(first + 1, len(lines) - 1))
    moved = [*lines]
    moved[first], moved[second] = moved[second], moved[first]
    for wrong in (moved, lines[:first] + lines[first + 1 :], lines[: first + 1] + lines[first:]):
        assert not verify(b"".join(wrong)).sound


@given(records(), records())
def test_a_record_that_is_written_anew_shows_against_what_was_seen(entries, others):
    """Its chain is sound, but it is another one."""
    seen = read_chain(seal(entries, head=GENESIS))
    forged = seal(others, head=GENESIS)
    assert verify(forged).sound
    known = others[: len(entries)] == entries
    for entire in (len(entries), None):
        verdict = verify(forged, anchors=[Anchor(head=seen.head, entries=entire)])
        assert verdict.sound is known
        assert known or verdict.state in {State.CUT, State.REPLACED}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"\xff\n", "it cannot be read: 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
        (b"\n", "it cannot be read: this is not JSON: Expecting value: line 1 column 1 (char 0)"),
        (b"[]\n", "it cannot be read: it has no `prev`"),
        (b'{"prev":3}\n', "it cannot be read: it has no `prev`"),
        (b'{"a":1,"a":2}\n', "it cannot be read: the key 'a' is given twice"),
        (b"[" * 100_000 + b"\n", "it cannot be read: this is not JSON: "),
        (b'{"prev":""}\n', "it cannot be read: number: Field required; kind: Field required; "),
    ],
)
def test_what_is_no_line_of_a_record_says_so(line, reason):
    """Whatever somebody put there."""
    verdict = verify(CONTENT + line)
    assert (verdict.state, verdict.line, verdict.entries) == (State.DAMAGED, 4, 3)
    assert verdict.finding.startswith(f"line 4: {reason}")


def resealed(*entries):
    """Return a record that somebody who knows how has sealed anew."""
    return seal(entries, head=GENESIS)


@pytest.mark.parametrize(
    ("content", "finding"),
    [
        (CONTENT.replace(b"word 2", b"word 4"), "line 2: its hash is not that of its text: the line was changed"),
        (CONTENT.replace(b'"by":"Ana"', b'"by": "Ana"', 1), "line 1: its hash is not that of its text: "),
        (
            b"".join(CONTENT.splitlines(keepends=True)[i] for i in (0, 2)),
            "line 2: it does not follow the line before it: a line was lost, added or moved",
        ),
        (resealed(entry(1), entry(3)), "line 2: entry 3 stands where entry 2 belongs"),
        (resealed(entry(1), entry(2, at="2026-03-02T08:00:00+00:00")), "line 2: it is older than the entry before it"),
        (resealed(entry(1), entry(2, at="2026-03-02T09:00:00")), "line 2: it cannot be read: must be a point in time"),
        (resealed(entry(1, at="soon")), "line 1: it cannot be read: Invalid isoformat string: 'soon'"),
        (resealed(entry(1), entry(2, Kind.ENDED), entry(3)), "line 3: something was added after the end"),
    ],
)
def test_the_finding_says_what_was_done(content, finding):
    """In a sentence, with the line."""
    assert verify(content).finding.startswith(finding)


@pytest.mark.parametrize(
    ("expected", "finding"),
    [
        (Anchor(entries=5), "line 4: the end is missing: 5 entries were seen before, 3 are here"),
        (
            Anchor(entries=2, head="f" * 64),
            "line 2: it is another entry than was seen here before: the record was written anew",
        ),
        (
            Anchor(head="f" * 64),
            "line 4: the entry that was seen last is not here, so the end is missing or was replaced",
        ),
    ],
)
def test_the_finding_says_what_does_not_fit_what_was_seen(expected, finding):
    """The chain itself is sound."""
    assert verify(CONTENT).sound
    assert verify(CONTENT, anchors=[expected]).finding == finding


def test_a_record_that_has_ended_is_sound():
    """Its end is its last line."""
    assert verify(resealed(entry(1), entry(2, Kind.ENDED))).sound


@pytest.mark.parametrize("data", [{"comment": "\ud800"}, {"when": object()}])
def test_what_is_not_json_is_never_sealed(data):
    """It could not be read again; so nothing is written at all."""
    with pytest.raises(ValueError, match=r"surrogates|serialize"):
        seal([entry(1), entry(2, data=data)], head=GENESIS)


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


def test_a_record_is_whole_where_everything_was_checked():
    """Its entries with a key, its end against what was seen of it elsewhere."""
    assert judged(SIGNED, WHOLE) == (State.WHOLE, 3)


@pytest.mark.parametrize(
    ("anchors", "keys", "state", "unsaid"),
    [
        ([], RING, State.NOT_ANCHORED, "unbroken up to entry 3, end not checked"),
        ([], None, State.NOT_ANCHORED, "unbroken up to entry 3, end not checked, not authenticated"),
        ([WHOLE], None, State.NOT_AUTHENTICATED, "unbroken up to entry 3, not authenticated"),
    ],
)
def test_what_was_not_checked_is_said(anchors, keys, state, unsaid):
    """Nothing is wrong, and it is not called whole."""
    verdict = verify(SIGNED, keys=keys, anchors=anchors)
    assert (verdict.state, verdict.finding, verdict.sound, verdict.ok) == (state, unsaid, True, False)


def test_a_number_alone_anchors_too():
    """Of an earlier sight that noted no hash."""
    assert judged(SIGNED, Anchor(entries=2)) == (State.WHOLE, 3)


def test_a_mac_can_be_checked_by_hand():
    """With any HMAC: it is of the line without hash and mac, and the hash is of the line with it."""
    fields = json.loads(SIGNED.splitlines()[0])
    canonical = {name: fields[name] for name in fields.keys() - {"hash", "mac"}}
    text = json.dumps(canonical, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    assert hmac.new(b"k2" * 16, text.encode(), hashlib.sha256).hexdigest() == fields["mac"]
    assert fields["key"] == "k2"


@given(records(), st.data())
def test_any_byte_of_an_authenticated_record_that_is_changed_shows(entries, data):
    """As damage, or as a cut where it is the end of the last line."""
    content = bytearray(seal(entries, head=GENESIS, keys=RING))
    seen = Anchor(head=read_chain(bytes(content)).head, entries=len(entries))
    position = data.draw(st.integers(0, len(content) - 1))
    content[position] = data.draw(st.integers(0, 255).filter(lambda byte: byte != content[position]))
    assert judged(bytes(content), seen)[0] in {State.DAMAGED, State.CUT}


@given(records(), st.data())
def test_any_cut_of_an_authenticated_record_shows(entries, data):
    """Its lines are authentic, only not all are there."""
    content = seal(entries, head=GENESIS, keys=RING)
    seen = Anchor(head=read_chain(content).head, entries=len(entries))
    cut = content[: data.draw(st.integers(1, len(content) - 1))]
    assert judged(cut, seen) == (State.CUT, cut.count(b"\n"))


@given(records(least=2), st.integers(1, 5), st.sampled_from([None, STRANGER]))
def test_whatever_is_appended_without_the_key_shows(entries, own, keys):
    """In the old form, or with a made-up key of a right name: the app's entries before it are still vouched for."""
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
def test_a_record_that_is_written_anew_without_the_key_is_replaced(entries, keys):
    """Whatever it says, and without any anchor."""
    forged = seal(entries, head=GENESIS, keys=keys)
    assert judged(forged) == (State.REPLACED, 0)
    with pytest.raises(Tampered):
        read_chain(forged, keys=RING)


@given(records(), records())
def test_an_older_version_that_is_put_back_in_another_place_is_replaced(entries, others):
    """Each of its lines is authentic; the anchor knows that it is another one."""
    mine, other = (seal(each, head=GENESIS, keys=RING) for each in (entries, others))
    seen = Anchor(head=read_chain(mine).head, entries=len(entries))
    expected = {State.WHOLE} if others[: len(entries)] == entries else {State.REPLACED, State.CUT}
    assert judged(other, seen)[0] in expected


def test_another_proposals_record_is_replaced():
    """All of it is authentic; but it is not this one's."""
    first = entry(1, Kind.SUBMITTED, data={"proposalId": "p-1"})
    content = seal([first], head=GENESIS, keys=RING)
    seen = Anchor(head=read_chain(content).head, entries=1)
    assert judged(content, seen, proposal_id="p-1") == (State.WHOLE, 1)
    assert judged(content, seen, proposal_id="p-2") == (State.REPLACED, 0)
    assert read_chain(content, keys=RING, proposal_id="p-1").entries == (first,)
    with pytest.raises(Tampered, match="another proposal"):
        read_chain(content, keys=RING, proposal_id="p-2")
    with pytest.raises(Tampered, match="another proposal"):
        read_chain(SIGNED, keys=RING, proposal_id="p-1")


def test_a_key_that_is_replaced_is_still_believed():
    """The newest signs; a line says which key it was. When the old one is taken away its lines count no more."""
    first = seal(THREE[:1], head=GENESIS, keys=Keyring(keys=(OLD,)))
    content = first + seal(THREE[1:], head=read_chain(first).head, keys=RING)
    assert [json.loads(line)["key"] for line in content.splitlines()] == ["k1", "k2", "k2"]
    assert key_ids(content) == ("k1", "k2")
    assert judged(content)[1] == 3
    without = verify(content, keys=Keyring(keys=(NEW,)))
    assert (without.state, without.authenticated) == (State.REPLACED, 0)
    assert "names the key 'k1', which is none of those given" in without.finding


SINCE = THREE[1].time
"""The app got its keys between the first and the second entry."""


def aged(*, since=SINCE):
    """The keys of an app that has records from before it had them."""
    return Keyring(keys=(NEW, OLD), since=since)


def test_entries_from_before_the_keys_are_read_and_not_vouched_for():
    """Until one that is authenticated follows: it holds the hash of all before it."""
    old = seal(THREE[:1], head=GENESIS)
    assert judged(old, keys=aged()) == (State.NOT_ANCHORED, 0)
    head = read_chain(old, keys=aged()).head
    assert judged(old, Anchor(head=head, entries=1), keys=aged()) == (State.NOT_AUTHENTICATED, 0)
    grown = old + seal(THREE[1:], head=head, keys=RING)
    assert judged(grown, keys=aged())[1] == 3
    half = verify(seal(THREE, head=GENESIS), keys=aged(since=datetime.max.replace(tzinfo=UTC)))
    assert half.finding == "unbroken up to entry 3, end not checked, not authenticated"


def test_an_entry_that_is_younger_than_the_keys_is_authenticated_or_not_ours():
    """Whatever it follows; without an age of the keys there are no old entries at all."""
    old = seal(THREE, head=GENESIS)
    assert judged(old, keys=aged()) == (State.APPENDED, 0)
    assert judged(old, keys=aged(since=THREE[0].time)) == (State.REPLACED, 0)
    assert judged(old, keys=aged(since=THREE[2].time + timedelta(seconds=1)))[0] is State.NOT_ANCHORED
    assert judged(old, keys=RING) == (State.REPLACED, 0)


def test_an_old_entry_behind_one_of_ours_is_appended():
    """Even where its time is before the keys."""
    ours = seal(THREE[:1], head=GENESIS, keys=RING)
    forged = ours + seal(THREE[1:], head=read_chain(ours).head)
    assert judged(forged, keys=aged(since=datetime.max.replace(tzinfo=UTC))) == (State.APPENDED, 1)


def test_what_comes_after_the_end_is_appended():
    """By whoever has a key, too: the app adds nothing there."""
    content = seal([entry(1), entry(2, Kind.ENDED), entry(3)], head=GENESIS, keys=RING)
    assert judged(content) == (State.APPENDED, 2)


@pytest.mark.parametrize("more", [b'"key":"k2",', b'"mac":"00",', b'"key":1,"mac":2,'])
def test_a_key_and_its_mac_come_together(more):
    """One without the other is no line of ours."""
    line = seal(THREE[:1], head=GENESIS).replace(b'"kind":', more + b'"kind":')
    verdict = verify(line)
    assert (verdict.state, verdict.line) == (State.DAMAGED, 1)
    assert "come together" in verdict.finding


def test_every_state_is_said_in_words():
    """For the command line."""
    assert SAYINGS.keys() == set(State)
