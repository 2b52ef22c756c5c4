"""Records, checked from a file without a host, and with one."""

import json

import pytest

from tests.greenlight.played import Played


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


def test_a_record_that_was_left_alone_is_well(run, record, played):
    """It needs no host, and prints the anchors to keep."""
    result = run("audit", "verify", record)
    assert result.exit_code == 0
    assert "The record is what was written." in result.output
    assert f"entries  {len(played.entries)}" in result.output


def test_every_flipped_byte_is_found_in_its_line(run, record):
    """One bit of one byte in each line: the check names the line, with exit status 1."""
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
    """Half of the last line is gone."""
    record.write_bytes(record.read_bytes()[:-20])
    assert run("audit", "verify", record).exit_code == 1


def test_a_cut_end_is_found_by_what_was_seen_before(run, record, played):
    """Whole lines that are missing at the end leave a chain that is well in itself."""
    lines = record.read_bytes().splitlines(keepends=True)
    head = json.loads(lines[-1])["hash"]
    record.write_bytes(b"".join(lines[:-1]))
    assert run("audit", "verify", record).exit_code == 0
    by_head = run("audit", "verify", record, "--head", head)
    by_number = run("audit", "verify", record, "--entries", len(played.entries))
    assert [by_head.exit_code, by_number.exit_code] == [1, 1]
    assert "missing" in by_number.output


def test_a_verdict_is_json_for_programs(run, record):
    """With the same exit status."""
    record.write_bytes(record.read_bytes().replace(b"reject", b"reJect", 1))
    result = run("audit", "verify", record, "--json")
    assert result.exit_code == 1
    told = json.loads(result.output)
    assert (told["ok"], told["line"] > 0) == (False, True)


def test_a_file_that_is_not_there_is_told(run, tmp_path):
    """Exit status 2: nothing is known about the record."""
    result = run("audit", "verify", tmp_path / "none.jsonl")
    assert result.exit_code == 2
    assert "none.jsonl cannot be read" in result.output


def test_the_record_of_an_id_is_checked_here(run, server, played):
    """Whatever the app would say of it."""
    broken = played.record.replace(b"One stair", b"Two stair").replace(b"reject", b"reJect", 1)
    server.will(200, broken.decode())
    result = run("audit", "verify", "3f2a1b9c", "--url", server.url)
    assert result.exit_code == 1
    assert server.asked[0]["headers"]["Accept"] == "application/x-ndjson"


def test_the_app_tells_what_it_saw_of_a_record_before(run, server, played):
    """It holds the record against the list, which remembers its end."""
    verdict = {"ok": False, "entries": 3, "head": "a", "finding": "line 4: the end is missing", "line": 4}
    server.will(200, played.record.decode()).will(200, {"verdict": verdict, "entries": [], "head": "a"})
    result = run("audit", "verify", "3f2a1b9c", "--url", server.url)
    assert result.exit_code == 1
    assert "line 4: the end is missing" in result.output


def test_a_saved_record_is_the_bytes_in_storage(run, server, played, tmp_path):
    """So that it can be checked, also years later."""
    audit = {"entries": played.raw, "head": "abc", "proposalId": "3f2a1b9c"}
    server.will(200, audit).will(200, played.record.decode())
    path = tmp_path / "kept.jsonl"
    result = run("audit", "show", "3f2a1b9c", "--save", path, "--url", server.url)
    assert result.exit_code == 0
    assert path.read_bytes() == played.record
    assert "the end: rejected" in result.output
