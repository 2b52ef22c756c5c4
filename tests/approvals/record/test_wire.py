"""The JSON of entries: what was written is read, and written again as the same bytes; nothing else is read."""

from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given

from approvals.record.chain import GENESIS, Tampered, read_chain, seal
from approvals.record.entries import Attached, Entry, Kind, Submitted, Withdrawn
from approvals.record.wire import FIELDS, from_json, to_json
from approvals.rules.replay import replay
from approvals.validation import Invalid
from tests.approvals.record.drawn import entries_of_any_kind
from tests.approvals.story import Story, policy

SAMPLES = Path(__file__).parent / "samples"
"""Records that the app wrote: `first` by its first release, `hashed` since submissions have the policy's hash.

`named` are those since answers name their document, `wished` since changes that were asked for keep their id.
"""

ENDS = {
    "approved": ("approved", "Helen Okoro", "approve"),
    "expired": ("expired", "nobody", "expired"),
    "failed": ("failed", "nobody", "failed"),
    "rejected": ("rejected", "Mara Lindqvist", "reject"),
    "withdrawn": ("withdrawn", "Ines Carvalho", "withdrawn"),
}
SAMPLE_FILES = sorted(SAMPLES.glob("*/*.jsonl"))


def written() -> dict[Kind, dict[str, object]]:
    """Return the JSON of one entry of each kind, as the app wrote it."""
    entries = [entry for path in SAMPLE_FILES for entry in read_chain(path.read_bytes()).entries]
    return {entry.kind: to_json(entry) for entry in entries}


WRITTEN = written()


@pytest.mark.parametrize("path", SAMPLE_FILES, ids=lambda path: f"{path.parent.name} {path.stem}")
def test_old_records_are_read_and_written_back_as_the_same_bytes(path: Path) -> None:
    """Each line is sealed by a hash, so one changed byte would look like damage."""
    content = path.read_bytes()
    chain = read_chain(content)
    assert content == seal(chain.entries, head=GENESIS)
    end = replay(chain.entries).end
    assert end
    words = {("named", "approved"): ("approved", "Helen Okoro", "with a railing")}
    assert words.get((path.parent.name, path.stem), ENDS[path.stem]) == (end.outcome, end.by, end.word)


@pytest.mark.parametrize(
    ("release", "later"), [("first", {Kind.COMMENTS_SENT}), ("hashed", {Kind.COMMENTS_SENT}), ("named", set())]
)
def test_the_samples_hold_every_kind_of_entry(release: str, later: set[Kind]) -> None:
    """A kind without a sample could change unnoticed."""
    chains = [read_chain(path.read_bytes()) for path in SAMPLE_FILES if path.parent.name == release]
    assert set(Kind) - later == {entry.kind for chain in chains for entry in chain.entries}


def test_the_samples_hold_every_optional_field() -> None:
    """Each is left out if it is empty."""
    found = {
        (type(entry), field.attribute)
        for path in SAMPLE_FILES
        for entry in read_chain(path.read_bytes()).entries
        for field in FIELDS[type(entry)]
        if field.optional and getattr(entry, field.attribute) is not None
    }
    assert found == {(kind, field.attribute) for kind, fields in FIELDS.items() for field in fields if field.optional}


def test_a_submission_without_the_hash_of_its_policy_is_still_read() -> None:
    """The first release did not write it; the review still has the hash."""
    [first, *_] = read_chain((SAMPLES / "first" / "failed.jsonl").read_bytes()).entries
    assert isinstance(first, Submitted)
    assert first.policy_hash is None
    assert "policyHash" not in WRITTEN[Kind.SUBMITTED] or replay((first,)).policy_hash


def test_the_table_has_every_kind_with_all_its_fields() -> None:
    """A field that is missing in the table would be lost."""
    assert set(FIELDS) == set(get_args(Entry))
    assert {kind.kind for kind in FIELDS} == set(Kind)
    for kind, fields in FIELDS.items():
        shared = Withdrawn.__dataclass_fields__.keys() - {"reason"}
        assert kind.__dataclass_fields__.keys() - shared == {field.attribute for field in fields}


@given(entries_of_any_kind())
def test_an_entry_reads_back_equal(entry: Entry) -> None:
    """Any kind with any values; written again it is the same JSON."""
    data = to_json(entry)
    assert entry == from_json(data)
    assert data == to_json(from_json(data))


@pytest.mark.parametrize("kind", Kind)
def test_an_unknown_or_missing_key_is_refused(kind: Kind) -> None:
    """A record holds only what the app wrote."""
    whole = WRITTEN[kind]
    data = whole["data"]
    assert isinstance(data, dict)
    with pytest.raises(Invalid, match="'more' is not a known key"):
        from_json({**whole, "data": {**data, "more": 1}})
    rows = next(fields for entry, fields in FIELDS.items() if entry.kind is kind)
    for key in data.keys() - {field.key for field in rows if field.optional}:
        with pytest.raises(Invalid, match=f"{key}: is missing"):
            from_json({**whole, "data": {name: value for name, value in data.items() if name != key}})


def test_unknown_keys_of_a_newer_app_are_ignored_for_display() -> None:
    """A missing key is still refused, as no app can have written that."""
    whole = WRITTEN[Kind.COMMENTED]
    data = whole["data"]
    assert isinstance(data, dict)
    assert from_json(whole) == from_json({**whole, "data": {**data, "more": 1}}, newer=True)
    with pytest.raises(Invalid, match="comment: is missing"):
        from_json({**whole, "data": {"more": 1}}, newer=True)


@pytest.mark.parametrize(
    ("kind", "key", "value", "reason"),
    [
        (Kind.COMMENTED, "comment", None, "must be a text"),
        (Kind.SUBMITTED, "cost", True, "must be a number"),
        (Kind.SUBMITTED, "cost", "7", "must be a number"),
        (Kind.SUBMITTED, "department", 7, "must be a text"),
        (Kind.SUBMITTED, "policy", [], "must be an object"),
        (Kind.SUBMITTED, "attachments", [{"name": "a"}], "blob: Field required"),
        (Kind.CHECKED, "stages", {}, "must be a list"),
        (Kind.CHECKED, "findings", [1], "must be a text"),
        (Kind.STAGE_OPENED, "index", -1, "must not be below 0"),
        (Kind.STAGE_OPENED, "index", 1.0, "must be an integer"),
        (Kind.STAGE_OPENED, "round", True, "must be an integer"),
        (Kind.STAGE_OPENED, "deadline", "2026-03-02T09:00:00", "must be a point in time in UTC"),
        (
            Kind.STAGE_OPENED,
            "deadline",
            "2026-03-02T09:00Z",
            "must be a point in time in the form of datetime.isoformat",
        ),
        (Kind.STAGE_OPENED, "deadline", 7, "must be a text"),
        (Kind.STAGE_OPENED, "asked", [{"seat": "a", "person": "b"}], "onBehalfOf: is missing"),
        (Kind.STAGE_OPENED, "early", {"02": "Ana"}, "must have numbers of entries as keys"),
        (Kind.STAGE_OPENED, "early", {"two": "Ana"}, "invalid literal"),
        (Kind.STAGE_OPENED, "early", {"2": None}, "must be a text"),
        (Kind.DECIDED, "effect", "changes", "must be one of approve, reject"),
        (Kind.DECIDED, "effect", ["approve"], "must be one of approve, reject"),
        (Kind.STAGE_CLOSED, "outcome", "failed", "must be one of approved, rejected, expired"),
        (Kind.RESUBMITTED, "changed", {"author": "Eve"}, "'author' is not a field of a proposal"),
        (Kind.RESUBMITTED, "changed", {"title": 7}, "must be a text"),
        (Kind.RESUBMITTED, "documentChanged", 0, "must be true or false"),
        (Kind.ENDED, "outcome", "checking", "must be one of approved, rejected, withdrawn, expired, failed"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused(kind: Kind, key: str, value: object, reason: str) -> None:
    """With its key and the right type."""
    whole = WRITTEN[kind]
    data = whole["data"]
    assert isinstance(data, dict)
    with pytest.raises(Invalid) as raised:
        from_json({**whole, "data": {**data, key: value}})
    assert str(raised.value).startswith(f"{key}: ")
    assert reason in str(raised.value)


def test_an_unreadable_entry_counts_as_damage() -> None:
    """Readers need not tell one from the other."""
    attached = from_json(WRITTEN[Kind.ATTACHED])
    assert isinstance(attached, Attached)
    flag = b'"replaced":true' if attached.replaced else b'"replaced":false'
    content = seal([attached], head=GENESIS).replace(flag, b'"replaced":"yes"')
    with pytest.raises(Tampered, match="line 1: it cannot be read: replaced: must be true or false"):
        read_chain(content)


def test_an_entry_is_plain_json() -> None:
    """Its kinds and ways are words in JSON and enum members in Python."""
    [entry] = Story(policy({"approvers": ["Mara"]})).entries
    data = to_json(entry)
    assert ("submitted", "person") == (data["kind"], data["via"])
    assert entry == from_json(data)


@pytest.mark.parametrize("wrong", [{"kind": "approved"}, {"via": 1}, {"number": 0}, {"more": 1}, {"by": " "}])
def test_an_invalid_entry_is_refused(wrong: dict[str, object]) -> None:
    """It must not pass for another kind."""
    [entry] = Story(policy({"approvers": ["Mara"]})).entries
    with pytest.raises(Invalid):
        from_json({**to_json(entry), **wrong})


@pytest.mark.parametrize("wrong", [{"by": " "}, {"by": "a\nb"}, {"comment": None}])
def test_an_entry_that_could_not_be_read_again_is_never_written(wrong: dict[str, object]) -> None:
    """One such line would make the whole record look damaged."""
    comment = from_json(WRITTEN[Kind.COMMENTED])
    with pytest.raises(ValueError, match=r"at least 1|one line|must be a text"):
        to_json(replace(comment, **wrong))
