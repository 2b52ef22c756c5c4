"""Records, checked from a file without a host, and with one."""

import hashlib
import json
from dataclasses import replace

import pytest

from approvals.record.chain import GENESIS, read_chain, seal
from approvals.record.export import pack
from approvals.record.keys import read_keyring
from tests.greenlight.played import ID, PLAN, Played

KEY = f"k1:{'k' * 32}"


@pytest.fixture
def played():
    """A proposal that was decided."""
    return Played("library-roof").checked().do("decisions", approver="Sven Dahl", decision="reject", comment="No.")


@pytest.fixture
def record(played, tmp_path):
    """Its record as a file."""
    path = tmp_path / "record.jsonl"
    path.write_bytes(played.record)
    return path


@pytest.fixture
def keys(tmp_path):
    """The app's keys, as whoever may check records has them."""
    path = tmp_path / "keys.txt"
    path.write_text(KEY)
    return path


@pytest.fixture
def signed(played, tmp_path):
    """Its record as an app with keys has written it."""
    path = tmp_path / "signed.jsonl"
    path.write_bytes(seal(played.entries, head=GENESIS, keys=read_keyring([KEY])))
    return path


def test_an_untouched_record_is_unbroken(run, record, played):
    """Without a host. The output says what could not be checked and which anchors to keep, and the exit status is 3."""
    result = run("audit", "verify", record)
    assert result.exit_code == 3
    count = len(played.entries)
    assert f"unbroken up to entry {count}, end not checked, not authenticated" in result.output
    assert f"entries  {count}" in result.output


def test_with_keys_and_an_anchor_a_record_is_whole(run, keys, signed, played):
    """Only then is the exit status 0."""
    end = ("--entries", len(played.entries))
    assert run("audit", "verify", signed).exit_code == 3
    assert run("audit", "verify", signed, *end).exit_code == 3
    assert run("audit", "verify", signed, "--keys", keys).exit_code == 3
    result = run("audit", "verify", signed, "--keys", keys, *end)
    assert result.exit_code == 0
    assert "The record is what was written." in result.output


def test_an_append_without_the_key_is_found_with_the_key(run, keys, signed, played):
    """Its hashes are right."""
    content = signed.read_bytes()
    chain = read_chain(content)
    last = chain.entries[-1]
    signed.write_bytes(content + seal([replace(last, number=last.number + 1)], head=chain.head))
    result = run("audit", "verify", signed, "--keys", keys, "--json")
    told = json.loads(result.output)
    assert (result.exit_code, told["state"]) == (1, "appended")
    assert told["authenticated"] == len(played.entries)


def test_entries_from_before_the_keys_are_reported_as_not_authenticated(run, keys, record, played):
    """They may be the app's; nobody can tell."""
    result = run("audit", "verify", record, "--keys", keys, "--entries", len(played.entries))
    assert result.exit_code == 3
    assert "not authenticated" in result.output


@pytest.mark.parametrize("content", ["", "k1", "k1:short"])
def test_a_file_without_keys_is_an_error(run, record, tmp_path, content):
    """Nothing was checked then."""
    path = tmp_path / "none.txt"
    path.write_text(content)
    result = run("audit", "verify", record, "--keys", path)
    assert result.exit_code == 2
    assert "has no valid keys" in result.output


def test_every_flipped_byte_is_found_in_its_line(run, record):
    """One bit in each line: the check names the line, with exit status 1."""
    content = record.read_bytes()
    start = 0
    for number, line in enumerate(content.splitlines(keepends=True), start=1):
        place = start + len(line) // 2
        record.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        result = run("audit", "verify", record)
        assert result.exit_code == 1
        assert f"line {number}:" in result.output
        start += len(line)


def test_a_cut_line_is_found(run, record):
    """Half of the last line is missing."""
    record.write_bytes(record.read_bytes()[:-20])
    assert run("audit", "verify", record).exit_code == 1


def test_a_cut_end_is_found_with_an_anchor(run, record, played):
    """The chain is valid even if whole lines are missing at its end."""
    lines = record.read_bytes().splitlines(keepends=True)
    head = json.loads(lines[-1])["hash"]
    record.write_bytes(b"".join(lines[:-1]))
    assert run("audit", "verify", record).exit_code == 3
    by_head = run("audit", "verify", record, "--head", head)
    by_number = run("audit", "verify", record, "--entries", len(played.entries))
    assert [by_head.exit_code, by_number.exit_code] == [1, 1]
    assert "missing" in by_number.output


def test_a_verdict_is_json_on_request(run, record):
    """With the same exit status."""
    record.write_bytes(record.read_bytes().replace(b"reject", b"reJect", 1))
    result = run("audit", "verify", record, "--json")
    assert result.exit_code == 1
    told = json.loads(result.output)
    assert (told["ok"], told["line"] > 0) == (False, True)


def test_a_missing_file_is_an_error(run, tmp_path):
    """Exit status 2: nothing is known about the record."""
    result = run("audit", "verify", tmp_path / "none.jsonl")
    assert result.exit_code == 2
    assert "none.jsonl cannot be read" in result.output


def test_the_record_of_an_id_is_checked_locally(run, server, played):
    """Whatever the app says about it."""
    broken = played.record.replace(b"One stair", b"Two stair").replace(b"reject", b"reJect", 1)
    server.will(200, broken.decode())
    result = run("audit", "verify", "3f2a1b9c", "--url", server.url)
    assert result.exit_code == 1
    assert server.asked[0]["headers"]["Accept"] == "application/x-ndjson"


def test_the_app_reports_its_anchor_of_a_record(run, server, played):
    """It compares the record with the list, which has its end."""
    verdict = {"ok": False, "entries": 3, "head": "a", "finding": "line 4: the end is missing", "line": 4}
    server.will(200, played.record.decode()).will(200, {"verdict": verdict, "entries": [], "head": "a"})
    result = run("audit", "verify", "3f2a1b9c", "--url", server.url)
    assert result.exit_code == 1
    assert "line 4: the end is missing" in result.output


def test_a_deleted_record_is_reported(run, server):
    """The app knows that it existed."""
    verdict = {
        "state": "missing", "ok": False, "entries": 0, "authenticated": 0, "head": "a",
        "finding": "line 1: the record is missing", "line": 1,
    }  # fmt: skip
    problem = {"detail": "The record is missing", "code": "tampered", "whatToDo": "Tell an operator."}
    server.will(500, problem).will(200, {"verdict": verdict, "entries": [], "head": "a"})
    result = run("audit", "verify", "3f2a1b9c", "--url", server.url)
    assert result.exit_code == 1
    assert "it is missing" in result.output


def test_a_record_authenticated_by_the_app_is_whole(run, server, played):
    """It has the keys. An older app has none, so its verdict counts less."""
    verdict = {
        "state": "whole",
        "ok": True,
        "entries": 3,
        "authenticated": 3,
        "head": "a",
        "finding": None,
        "line": None,
    }
    older = {name: value for name, value in verdict.items() if name not in ("state", "authenticated")}
    for told in (verdict, older):
        server.will(200, played.record.decode()).will(200, {"verdict": told, "entries": [], "head": "a"})
    statuses = [run("audit", "verify", ID, "--url", server.url).exit_code for _ in range(2)]
    assert statuses == [0, 3]


@pytest.fixture
def exported(tmp_path, signed):
    """An export of the proposal, without its files."""
    path = tmp_path / "exported.zip"
    path.write_bytes(pack(ID, signed.read_bytes(), {}, seen=[]))
    return path


def test_an_export_is_saved_and_verified_offline(run, server, exported, keys, played, tmp_path):
    """Without the keys as far as possible, and with them completely."""
    server.will(200, exported.read_bytes())
    path = tmp_path / "kept.zip"
    assert run("audit", "export", "3f2a1b9c", "-o", path, "--url", server.url).exit_code == 0
    assert path.read_bytes() == exported.read_bytes()
    result = run("audit", "verify", path)
    assert result.exit_code == 3
    assert "end not checked, not authenticated" in result.output
    assert "files    0 of 0" in result.output
    assert run("audit", "verify", path, "--keys", keys, "--entries", len(played.entries)).exit_code == 0


def test_an_export_with_a_changed_document_is_found(run, tmp_path):
    """Its record is valid."""
    plan = PLAN.model_copy(update={"sha256": hashlib.sha256(b"a plan").hexdigest()})
    played = Played("library-roof", files=(plan,))
    path = tmp_path / "exported.zip"
    path.write_bytes(pack(ID, played.record, {plan.sha256: b"another"}))
    result = run("audit", "verify", path)
    assert result.exit_code == 1
    assert "the file 'site-plan.png' differs from the file on record" in " ".join(result.output.split())
    path.write_bytes(pack(ID, played.record, {}))
    result = run("audit", "verify", path)
    assert (result.exit_code, "files    0 of 1" in result.output) == (3, True)


def test_a_file_that_is_no_export_is_an_error(run, tmp_path):
    """It only begins like one."""
    path = tmp_path / "exported.zip"
    path.write_bytes(b"PK, but nothing more")
    result = run("audit", "verify", path)
    assert result.exit_code == 2
    assert "not an export of a record" in result.output


def test_a_saved_record_has_the_bytes_of_storage(run, server, played, tmp_path):
    """So that it can be verified years later."""
    audit = {"entries": played.raw, "head": "abc", "proposalId": "3f2a1b9c"}
    server.will(200, audit).will(200, played.record.decode())
    path = tmp_path / "kept.jsonl"
    result = run("audit", "show", "3f2a1b9c", "--save", path, "--url", server.url)
    assert result.exit_code == 0
    assert path.read_bytes() == played.record
    assert "the end: rejected" in result.output
