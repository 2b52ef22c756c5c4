"""Records that are kept: what storage has counts, whoever wrote it, and little is downloaded for that."""

import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from azure.core.pipeline.transport import RequestsTransport
from azure.storage.blob import BlobServiceClient

from approvals.record.chain import EMPTY
from approvals.record.keys import read_keyring
from approvals.record.verdict import Tampered
from gateways.record_cache import CachedRecord, RecordCache
from gateways.record_keys import record_keys
from gateways.review_records import BlobRecords
from tests.gateways.test_review_records import PROPOSAL, entry
from tests.records import rewrite

ROOT = Path(__file__).resolve().parents[2]
ANOTHER_PROCESS = """
from gateways.review_records import open_review_records
from tests.gateways.test_review_records import PROPOSAL, entry

records = open_review_records()
chain = records.read(PROPOSAL)
assert records.append(PROPOSAL, [entry(len(chain.entries) + 1, by="Another process")], after=chain)
"""


class RecordingTransport(RequestsTransport):
    """Notes the status of each answer, and how many bytes of a record came with it."""

    def __init__(self):
        super().__init__()
        self.answers = []

    def send(self, request, **options):
        response = super().send(request, **options)
        length = int(response.headers.get("Content-Length") or 0) if request.method == "GET" else 0
        self.answers.append((response.status_code, length))
        return response


@pytest.fixture
def container(monkeypatch):
    """The name of a container of this test's own."""
    name = f"records-{uuid.uuid4().hex[:8]}"
    monkeypatch.setenv("RECORDS_CONTAINER", name)
    return name


@pytest.fixture
def watched_records(azurite, container):
    """What is asked of storage, and the records of a process that has kept none yet."""
    watched = RecordingTransport()
    with BlobServiceClient.from_connection_string(azurite.connection_string, transport=watched) as service:
        service.create_container(container)
        watched.answers.clear()
        yield watched, BlobRecords(service.get_container_client(container), cache=RecordCache())


@pytest.fixture
def records(watched_records):
    """Those records, one of which has begun."""
    watched, records = watched_records
    records.create(PROPOSAL, [entry(1), entry(2)])
    watched.answers.clear()
    return records


def append_elsewhere():
    """Let another process append an entry."""
    subprocess.run([sys.executable, "-c", ANOTHER_PROCESS], cwd=ROOT, env=os.environ, check=True)


def test_what_nobody_has_changed_is_not_downloaded_again(watched_records, records):
    """Storage says that it is the same, after the process's own writes too."""
    chain = records.read(PROPOSAL)
    grown = records.append(PROPOSAL, [entry(3)], after=chain)
    assert records.read(PROPOSAL) == records.cached(PROPOSAL) == grown
    assert watched_records[0].answers == [(304, 0), (201, 0), (304, 0)]


def test_what_another_process_has_appended_is_read(records):
    """The kept state is what this process knows, and no answer."""
    before = records.read(PROPOSAL)
    append_elsewhere()
    assert records.cached(PROPOSAL) == before
    assert [each.by for each in records.read(PROPOSAL).entries] == ["Ines Carvalho"] * 2 + ["Another process"]
    assert len(records.cached(PROPOSAL).entries) == 3


def test_what_is_judged_by_an_older_state_is_not_appended(watched_records, records):
    """Storage refuses it; what was read to find that out is the newest state, which needs no further call."""
    known = records.cached(PROPOSAL)
    append_elsewhere()
    assert records.append(PROPOSAL, [entry(3)], after=known) is None
    assert [status for status, _ in watched_records[0].answers] == [412, 206]
    newest = records.cached(PROPOSAL)
    assert [each.by for each in newest.entries][2:] == ["Another process"]
    assert records.append(PROPOSAL, [entry(4)], after=newest)


def test_a_record_that_was_written_anew_takes_nothing(azurite, container, records):
    """Though it is as long as the kept one: the append names the version that it was judged by, not a place alone."""
    known = records.cached(PROPOSAL)
    rewrite(azurite.connection_string, PROPOSAL, lambda content: content.replace(b"Ines", b"Evil"), container=container)
    with pytest.raises(Tampered):
        records.append(PROPOSAL, [entry(3)], after=known)
    with pytest.raises(Tampered):
        records.read(PROPOSAL)
    assert records.cached(PROPOSAL) is None


def test_the_beginning_of_a_record_that_has_grown_is_still_looked_at(azurite, container, records):
    """A line before those that are new was changed by somebody else."""
    append_elsewhere()
    rewrite(
        azurite.connection_string, PROPOSAL, lambda content: content.replace(b"Ines", b"Evil", 1), container=container
    )
    with pytest.raises(Tampered, match="line 1"):
        records.read(PROPOSAL)


def test_a_record_that_was_deleted_is_not_known_any_more(azurite, container, records):
    """Storage has none."""
    rewrite(azurite.connection_string, PROPOSAL, None, container=container)
    assert (records.read(PROPOSAL), records.cached(PROPOSAL)) == (None, None)


def test_what_was_checked_with_other_keys_is_checked_again(records, monkeypatch):
    """A key that is withdrawn takes the records with it that it signed."""
    monkeypatch.setenv("RECORD_KEYS", f"other:{'k' * 40}")
    assert records.cached(PROPOSAL) is None
    with pytest.raises(Tampered, match="not among the given keys"):
        records.read(PROPOSAL)


def test_the_cache_holds_so_many_bytes_and_drops_what_was_not_used():
    """The longest unused record goes first; one that is longer than all of the room is not kept."""
    cache, keys = RecordCache(most_bytes=10), record_keys()
    for url in ("a", "b"):
        cache.keep((url, keys), CachedRecord(content=b"12345", chain=EMPTY))
    assert cache.find(("a", keys))
    cache.keep(("c", keys), CachedRecord(content=b"1", chain=EMPTY))
    assert [bool(cache.find((url, keys))) for url in "abc"] == [True, False, True]
    cache.keep(("d", keys), CachedRecord(content=b"1" * 11, chain=EMPTY))
    assert [bool(cache.find((url, keys))) for url in "acd"] == [False, False, False]
    cache.keep(("e", keys), CachedRecord(content=b"1", chain=EMPTY))
    assert cache.find(("e", read_keyring([f"other:{'k' * 40}"]))) is None
