"""An export: one archive that can be checked by itself, and that says what was done to it."""

import hashlib
import io
import json
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.record import export as module
from approvals.record.chain import GENESIS, read_chain, seal
from approvals.record.documents import Attachment
from approvals.record.export import named_files, pack, unpack, verify_export
from approvals.record.keys import Key, Keyring
from approvals.record.verdict import Anchor, State, Tampered
from approvals.validation import Invalid
from tests.approvals.record.test_chain import attached, begun, entry

RING = Keyring(keys=(Key(id="k1", secret=b"k1" * 16),))
PLAN, NOTE = b"a plan", b"a note"


def file(name, content):
    """How a record knows a file."""
    digest = hashlib.sha256(content).hexdigest()
    return Attachment(name=name, blob=f"b/{name}", content_type="text/plain", size=len(content), sha256=digest)


ENTRIES = (
    begun("p-1", file("plan.txt", PLAN)),
    attached(2, file("note.txt", NOTE)),
    attached(3, file("plan.txt", PLAN)),
    entry(4, "see the note"),
)
RECORD = seal(ENTRIES, head=GENESIS, keys=RING)
SEEN = Anchor(entries=4, head=read_chain(RECORD).head)
DOCUMENTS = {hashlib.sha256(each).hexdigest(): each for each in (PLAN, NOTE)}
ARCHIVE = pack("p-1", RECORD, DOCUMENTS, seen=[SEEN])


def edited(change, content=ARCHIVE):
    """The archive with its files changed by whoever has a zip program."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = {info.filename: archive.read(info) for info in archive.infolist()}
    change(files)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return target.getvalue()


def test_an_export_holds_every_file_of_the_record_once():
    """Also one that was replaced later."""
    assert [each.name for each in named_files(ENTRIES)] == ["plan.txt", "note.txt"]
    opened = unpack(ARCHIVE)
    assert (opened.record, opened.documents) == (RECORD, DOCUMENTS)
    manifest = opened.manifest
    assert (manifest.proposal_id, manifest.entries, manifest.keys) == ("p-1", 4, ("k1",))
    assert [(each.name, each.present) for each in manifest.files] == [("plan.txt", True), ("note.txt", True)]
    assert pack("p-1", RECORD, DOCUMENTS, seen=[SEEN]) == ARCHIVE


def test_an_export_is_verified_on_its_own():
    """Without keys its author is unknown, and without an own anchor its end is."""
    opened = unpack(ARCHIVE)
    for keys, anchors, state in (
        (None, [], State.NOT_ANCHORED),
        (RING, [], State.NOT_ANCHORED),
        (None, [SEEN], State.NOT_AUTHENTICATED),
        (RING, [SEEN], State.WHOLE),
    ):
        verdict = verify_export(opened, keys=keys, anchors=anchors)
        assert (verdict.record.state, verdict.files, verdict.checked, verdict.finding) == (state, 2, 2, None)


def test_an_export_without_documents_holds_their_hashes():
    """They may be stored elsewhere, or their retention is over."""
    opened = unpack(pack("p-1", RECORD, {}))
    assert [each.present for each in opened.manifest.files] == [False, False]
    verdict = verify_export(opened, keys=RING, anchors=[SEEN])
    assert (verdict.record.state, verdict.files, verdict.checked) == (State.WHOLE, 2, 0)


def shorter(files):
    """Whole lines are gone."""
    files["record.jsonl"] = b"".join(RECORD.splitlines(keepends=True)[:2])


def another(files):
    """It claims to be of another proposal."""
    files["manifest.json"] = files["manifest.json"].replace(b"p-1", b"p-2")


def flipped(files):
    """A byte of the record is another."""
    files["record.jsonl"] = RECORD.replace(b"plan.txt", b"plum.txt")


@pytest.mark.parametrize(
    ("change", "state"), [(shorter, State.CUT), (another, State.REPLACED), (flipped, State.DAMAGED)]
)
def test_a_record_that_differs_from_its_manifest_is_found(change, state):
    """Without any key."""
    assert verify_export(unpack(edited(change))).record.state is state


def test_a_changed_or_added_document_is_found():
    """By its hash in the record."""
    digest = hashlib.sha256(PLAN).hexdigest()
    changed = verify_export(unpack(edited(lambda files: files.update({f"documents/{digest}": b"another"}))))
    assert changed.finding == "the file 'plan.txt' differs from the file on record"
    strange = verify_export(unpack(edited(lambda files: files.update({"documents/ab": b"x"}))))
    assert strange.finding == "it contains a document that the record does not name"


def test_a_damaged_record_is_not_exported():
    """An operator has to look at it in its place."""
    with pytest.raises(Tampered):
        pack("p-1", RECORD[:-3], {})


def form(files):
    """A later version wrote it."""
    files["manifest.json"] = json.dumps({**json.loads(files["manifest.json"]), "format": 2}).encode()


def packed():
    """An archive that is larger than it looks."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", b" " * 1_000_000)
    return target.getvalue()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"no zip at all", "not an export"),
        (ARCHIVE[: len(ARCHIVE) // 2], "not an export"),
        (ARCHIVE[:-10] + b"\xff\xff\xff\x00" + ARCHIVE[-6:], "not an export"),  # its table would begin before the file
        (edited(lambda files: files.pop("manifest.json")), "it needs"),
        (edited(lambda files: files.pop("record.jsonl")), "it needs"),
        (edited(lambda files: files.update({"manifest.json": b" " * 1_100_000})), "it needs"),
        (edited(lambda files: files.update({"manifest.json": b"{}"})), "Field required"),
        (edited(form), "format 2"),
        (packed(), "exports are not compressed"),
        (edited(lambda files: files.update({f"x{number}": b"" for number in range(2_001)})), "too many files"),
    ],
)
def test_a_file_that_is_no_export_is_refused(content, told):
    """Before much of it is read."""
    with pytest.raises(Invalid, match=told):
        unpack(content)


@given(st.lists(st.tuples(st.integers(1, len(ARCHIVE)), st.integers(0, 255)), min_size=1, max_size=3))
def test_a_damaged_export_is_refused_or_its_record_is_unchanged(changes):
    """Whatever happened to the zip archive around it; most of its structure is at the end."""
    content = bytearray(ARCHIVE)
    for place, byte in changes:
        content[-place] = byte
    try:
        opened = unpack(bytes(content))
    except Invalid:
        return
    verdict = verify_export(opened, keys=RING, anchors=[SEEN])
    assert opened.record == RECORD or not verdict.record.sound


def test_an_export_that_is_too_large_is_not_read(monkeypatch):
    """Its table of contents has the size."""
    monkeypatch.setattr(module, "LARGEST_EXPORT", 100)
    with pytest.raises(Invalid, match="more than 100 bytes"):
        unpack(ARCHIVE)
