"""Heads in the second place: written once, read in one list, and believed by their mac alone."""

import uuid

import pytest

from approvals.record.keys import Key, Keyring
from approvals.record.verdict import Anchor
from gateways import kept_heads as module
from gateways.connections import APPROVALS, open_blob_service
from gateways.kept_heads import BlobHeads, open_kept_heads


@pytest.fixture(autouse=True)
def _place(monkeypatch):
    """A container of each test's own."""
    monkeypatch.setenv("HEADS_CONTAINER", f"heads-{uuid.uuid4().hex}")


def test_the_latest_head_of_each_record_is_found():
    """However often it was stored."""
    heads = open_kept_heads()
    for entries in (1, 12, 3, 12):
        heads.keep("p-1", entries=entries, head=f"{entries:064x}")
    heads.keep("p-10", entries=2, head="b" * 64)
    assert heads.find("p-1") == Anchor(entries=12, head=f"{12:064x}")
    assert heads.every() == {"p-1": heads.find("p-1"), "p-10": Anchor(entries=2, head="b" * 64)}
    assert (heads.find("p"), heads.find("../x")) == (None, None)


def test_an_invalid_id_has_no_head():
    """A path could lead out of the container."""
    with pytest.raises(ValueError, match="not the id"):
        open_kept_heads().keep("../x", entries=1, head="a" * 64)


def test_heads_stored_without_the_key_are_ignored():
    """Of another proposal, with another number, with another key, or with an invalid name."""
    heads = open_kept_heads()
    heads.keep("p-1", entries=1, head="a" * 64)
    (name,) = heads._container.list_blob_names()
    _, _, *rest = name.split("/")
    stranger = BlobHeads(heads._container, Keyring(keys=(Key(id="this-machine", secret=b"x" * 32),)))
    stranger.keep("p-2", entries=9, head="f" * 64)
    for forged in ("/".join(["p-3", "000001", *rest]), "/".join(["p-1", "000002", *rest]), "p-4/1", "p-5/x/y/z/w"):
        heads._container.upload_blob(forged, b"")
    assert heads.every() == {"p-1": Anchor(entries=1, head="a" * 64)}


def test_heads_are_stored_in_the_hosts_account(monkeypatch, azurite):
    """Which differs from that of the records, if there are two."""
    assert module._connection() == APPROVALS
    monkeypatch.setenv("AzureWebJobsStorage", azurite.connection_string)
    assert module._connection() == "AzureWebJobsStorage"
    assert open_kept_heads()._container.account_name == open_blob_service("AzureWebJobsStorage").account_name
    monkeypatch.delenv("HEADS_CONTAINER")
    monkeypatch.setenv("RECORDS_CONTAINER", "some-records")
    assert open_kept_heads()._container.container_name == "some-records-heads"
