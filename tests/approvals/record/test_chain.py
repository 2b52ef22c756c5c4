"""The chain: whatever is done to a record's bytes shows; a clean cut, against what was seen of the record before."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.record.chain import GENESIS, Chain, read_chain, seal, verify
from approvals.record.entries import Attached, Commented, Ended, Submitted, Via
from approvals.record.keys import read_keyring
from approvals.record.verdict import Anchor, State, Tampered
from approvals.record.wire import to_json
from tests.approvals.record.drawn import entries_of_any_kind

EARLIER = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def entry(number, comment="", **fields):
    """Return a comment of the minute after the one before it."""
    when = datetime(2026, 3, 2, 9, number, tzinfo=UTC)
    shared = {"number": number, "at": when, "by": "Ana", "via": Via.PERSON, "document": "0" * 64}
    return Commented(**{**shared, "comment": comment, **fields})


def shared(number):
    """Return what all entries have."""
    return {each: getattr(entry(number), each) for each in ("number", "at", "by", "via", "document")}


def end(number):
    """Return the end of a review."""
    return Ended(**shared(number), outcome="approved", decided_by="Ana", word="yes", reason=None)


def begun(proposal_id, *files):
    """Return the first entry of a proposal's record."""
    return Submitted(
        **shared(1), proposal_id=proposal_id, title="A ramp", summary="", cost=0.0, currency="EUR", department=None,
        policy_name="own", policy={}, attachments=files,
    )  # fmt: skip


def attached(number, file):
    """Return the entry of a file that was added."""
    return Attached(**shared(number), attachment=file, replaced=False)


@st.composite
def records(draw, *, least=1):
    """Return the entries of a record, of any kinds but the end."""
    count = draw(st.integers(least, 6))
    kinds = entries_of_any_kind().filter(lambda each: not isinstance(each, Ended))
    return tuple(replace(draw(kinds), number=number, at=entry(number).at) for number in range(1, count + 1))


KEYS = read_keyring([f"first:{'k' * 40}"])
THREE = tuple(entry(number, f"word {number}, ünïcode, \u2028") for number in (1, 2, 3))
CONTENT = seal(THREE, head=GENESIS)


@given(records(), st.data())
def test_a_record_sealed_in_any_pieces_reads_back_equal(entries, data):
    """Each block is sealed to the head that was read before it."""
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


@given(records(least=2), st.data())
def test_what_is_read_behind_a_known_beginning_is_read_as_the_whole(entries, data):
    """Also what it is authenticated by: behind a line that is, each must be."""
    cut = data.draw(st.integers(0, len(entries)))
    content = seal(entries, head=GENESIS, keys=KEYS)
    begun = seal(entries[:cut], head=GENESIS, keys=KEYS)
    beginning = read_chain(begun, keys=KEYS)
    chain = read_chain(content[beginning.size :], keys=KEYS, after=beginning)
    whole = read_chain(content, keys=KEYS)
    assert (chain, chain.heads, chain.authenticated) == (whole, whole.heads, True)
    if 0 < cut < len(entries):
        forged = seal(entries[cut:], head=beginning.head)
        with pytest.raises(Tampered, match=f"line {cut + 1}: it is not authenticated"):
            read_chain(forged, keys=KEYS, after=beginning)
        with pytest.raises(Tampered, match=f"line {cut + 1}: it does not follow"):
            read_chain(seal(entries[cut:], head=GENESIS, keys=KEYS), keys=KEYS, after=beginning)
        with pytest.raises(Tampered, match="it is cut off"):
            read_chain(content[beginning.size : -1], keys=KEYS, after=beginning)


def test_an_empty_record_has_no_entries_and_fails_verification():
    """A record has at least its submission; without it the record is missing."""
    assert read_chain(b"") == Chain(entries=(), head=GENESIS, size=0)
    verdict = verify(b"")
    assert (verdict.state, verdict.line, verdict.finding) == (State.MISSING, 1, "line 1: the record is missing")


def test_a_line_can_be_checked_by_hand():
    """With any JSON library and any SHA-256: the hash covers the line without it."""
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
def test_any_changed_byte_is_found_in_its_line(entries, data):
    """Without any anchor; reading the record fails in the same way."""
    content = bytearray(seal(entries, head=GENESIS))
    position = data.draw(st.integers(0, len(content) - 1))
    line = content[:position].count(b"\n") + 1
    content[position] = data.draw(st.integers(0, 255).filter(lambda byte: byte != content[position]))
    verdict = verify(bytes(content))
    assert (verdict.sound, verdict.line, verdict.entries) == (False, line, line - 1)
    with pytest.raises(Tampered) as raised:
        read_chain(bytes(content))
    assert (raised.value.line, str(raised.value)) == (line, verdict.finding)


def test_any_flipped_bit_is_found():
    """Each bit of a whole record."""
    for position in range(len(CONTENT)):
        for bit in range(8):
            flipped = bytearray(CONTENT)
            flipped[position] ^= 1 << bit
            assert not verify(bytes(flipped)).sound


@given(records(), st.data())
def test_any_cut_tail_is_found(entries, data):
    """Inside a line without an anchor; after a line with one."""
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
def test_moved_lost_or_doubled_lines_are_found(entries, data):
    """Each line is unchanged, but its place is wrong."""
    lines = seal(entries, head=GENESIS).splitlines(keepends=True)
    first = data.draw(st.integers(0, len(lines) - 2))
    second = data.draw(st.integers(first + 1, len(lines) - 1))
    moved = [*lines]
    moved[first], moved[second] = moved[second], moved[first]
    for wrong in (moved, lines[:first] + lines[first + 1 :], lines[: first + 1] + lines[first:]):
        assert not verify(b"".join(wrong)).sound


@given(records(), records())
def test_a_rewritten_record_is_found_with_an_anchor(entries, others):
    """Its chain is valid, but it is another one."""
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
def test_an_invalid_line_is_reported_with_the_reason(line, reason):
    """Whatever it contains."""
    verdict = verify(CONTENT + line)
    assert (verdict.state, verdict.line, verdict.entries) == (State.DAMAGED, 4, 3)
    assert verdict.finding.startswith(f"line 4: {reason}")


def resealed_json(fields):
    """Return a record of one line, sealed by somebody who knows how, whatever the line says."""

    def text(value):
        return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))

    linked = {**fields, "prev": GENESIS}
    return text({**linked, "hash": hashlib.sha256(text(linked).encode()).hexdigest()}).encode() + b"\n"


def resealed(*entries):
    """Return a record that somebody who knows how has sealed anew."""
    return seal(entries, head=GENESIS)


@pytest.mark.parametrize(
    ("content", "finding"),
    [
        (CONTENT.replace(b"word 2", b"word 4"), "line 2: its hash does not match its text: the line was changed"),
        (CONTENT.replace(b'"by":"Ana"', b'"by": "Ana"', 1), "line 1: its hash does not match its text: "),
        (
            b"".join(CONTENT.splitlines(keepends=True)[i] for i in (0, 2)),
            "line 2: it does not follow the line before it: a line was lost, added or moved",
        ),
        (resealed(entry(1), entry(3)), "line 2: it has entry 3 instead of entry 2"),
        (
            resealed(entry(1), entry(2, at=EARLIER)),
            "line 2: it is older than the entry before it",
        ),
        (
            resealed(entry(1), entry(2, at=EARLIER.replace(tzinfo=None))),
            "line 2: it cannot be read: must be a point in time",
        ),
        (
            resealed_json({**to_json(entry(1)), "at": "soon"}),
            "line 1: it cannot be read: Invalid isoformat string: 'soon'",
        ),
        (
            resealed_json({**to_json(entry(1)), "data": {"comment": 7}}),
            "line 1: it cannot be read: comment: must be a text",
        ),
        (resealed(entry(1), end(2), entry(3)), "line 3: an entry was added after the end"),
    ],
)
def test_the_finding_describes_the_damage(content, finding):
    """In a sentence, with the line."""
    assert verify(content).finding.startswith(finding)


@pytest.mark.parametrize(
    ("expected", "finding"),
    [
        (Anchor(entries=5), "line 4: the end is missing: 5 entries were seen before, 3 are here"),
        (
            Anchor(entries=2, head="f" * 64),
            "line 2: it differs from the entry that was here before: the record was rewritten",
        ),
        (
            Anchor(head="f" * 64),
            "line 4: the last entry that was seen before is not here: the end is missing or was replaced",
        ),
    ],
)
def test_the_finding_describes_the_difference_from_the_anchor(expected, finding):
    """The chain itself is valid."""
    assert verify(CONTENT).sound
    assert verify(CONTENT, anchors=[expected]).finding == finding


def test_an_ended_record_is_valid():
    """Its end is its last line."""
    assert verify(resealed(entry(1), end(2))).sound


@pytest.mark.parametrize("comment", ["\ud800", object()])
def test_a_value_that_is_not_json_is_never_sealed(comment):
    """It could not be read again, so nothing is written."""
    with pytest.raises(ValueError, match=r"surrogates|must be a text"):
        seal([entry(1), entry(2, comment)], head=GENESIS)
