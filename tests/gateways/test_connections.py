"""Where storage is comes from the settings, by connection string or by identity; nothing here asks Azure."""

import os
import uuid
from contextlib import suppress
from types import SimpleNamespace

import pytest
from azure.core.exceptions import ResourceExistsError
from azure.identity import DefaultAzureCredential, ManagedIdentityCredential

from gateways import connections
from gateways.attachments import open_attachments
from gateways.connections import (
    ByIdentity,
    ByString,
    ConnectionMissing,
    find_connection,
    open_blob_service,
    open_table_service,
)
from gateways.containers import open_container
from gateways.tables import open_table

CLIENT_ID = "11111111-2222-3333-4444-555555555555"


@pytest.fixture
def settings(monkeypatch):
    """Return a function that makes these the only settings of connection `Papers`."""

    def settings(**values):
        for name in [name for name in os.environ if "Papers" in name]:
            monkeypatch.delenv(name)
        for name, value in values.items():
            monkeypatch.setenv(name, value)

    settings()
    return settings


def test_the_prefixed_setting_comes_first(settings):
    """As with triggers, so that host and app use the same account."""
    settings(Papers="second")
    assert find_connection("Papers", "blob") == ByString(text="second")
    settings(Papers="second", AzureWebJobsPapers="first")
    assert find_connection("Papers", "blob") == ByString(text="first")


def test_a_missing_setting_is_named(settings):
    """With the value to write, for both ways to connect."""
    with pytest.raises(ConnectionMissing, match=r"set NoSuchPapers to .* NoSuchPapers__tableServiceUri"):
        find_connection("NoSuchPapers", "table")
    settings(Papers="", Papers__accountName="")
    with pytest.raises(ConnectionMissing, match="set Papers"):
        find_connection("Papers", "blob")


@pytest.mark.parametrize("service", ["blob", "queue", "table"])
def test_each_service_has_an_address(settings, service):
    """Its own, or the public cloud's for the account's name."""
    where = f"https://papers.{service}.core.example.cn"
    settings(**{f"Papers__{service}ServiceUri": f"{where}/", "Papers__accountName": "other"})
    assert find_connection("Papers", service) == ByIdentity(endpoint=where, managed=False, client_id=None)
    settings(Papers__accountName="papers")
    assert find_connection("Papers", service).endpoint == f"https://papers.{service}.core.windows.net"


def test_the_named_identity_is_used(settings):
    """User-assigned by its client id, or the app's own."""
    settings(Papers__accountName="papers", Papers__credential="ManagedIdentity", Papers__clientId=CLIENT_ID)
    found = find_connection("Papers", "blob")
    assert (found.managed, found.client_id) == (True, CLIENT_ID)
    settings(Papers__accountName="papers", Papers__credential="managedidentity")
    assert find_connection("Papers", "blob").client_id is None


def test_a_connection_string_wins_over_an_identity(settings):
    """The host has the same order."""
    settings(Papers="UseDevelopmentStorage=true", Papers__accountName="papers")
    assert find_connection("Papers", "blob") == ByString(text="UseDevelopmentStorage=true")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"Papers__blobServiceUri": "http://papers.blob.core.windows.net"}, "Papers__blobServiceUri must .* https"),
        ({"Papers__tableServiceUri": "https://x"}, "set Papers__blobServiceUri, or Papers__accountName"),
        ({"Papers__credential": "managedidentity"}, "set Papers__blobServiceUri"),
        ({"Papers__accountName": "p", "Papers__credential": "secret"}, "Papers__credential: use managedidentity"),
        ({"Papers__accountName": "p", "Papers__managedIdentityResourceId": "/x"}, "use Papers__clientId"),
        ({"AzureWebJobsPapers__queueServiceUri": "https://x"}, "set AzureWebJobsPapers__blobServiceUri"),
    ],
)
def test_an_invalid_setting_is_named(settings, values, message):
    """Before any call, since Azure's own error would not help."""
    settings(**values)
    with pytest.raises(ConnectionMissing, match=message):
        find_connection("Papers", "blob")


def test_clients_use_the_address_and_the_identity(settings):
    """Without a key. Credentials are created, but no token is requested."""
    settings(Papers__accountName="papers", Papers__credential="managedidentity", Papers__clientId=CLIENT_ID)
    blobs, tables = open_blob_service("Papers"), open_table_service("Papers")
    assert blobs.url == "https://papers.blob.core.windows.net/"
    assert tables.url == "https://papers.table.core.windows.net"
    assert isinstance(blobs.credential, ManagedIdentityCredential)
    assert isinstance(tables.credential, ManagedIdentityCredential)
    assert not hasattr(blobs.credential, "account_key")


def test_without_a_managed_identity_the_machines_credentials_are_used(settings):
    """Those of a signed-in developer, for example."""
    settings(Papers__blobServiceUri="https://papers.blob.core.windows.net")
    assert isinstance(open_blob_service("Papers").credential, DefaultAzureCredential)


def test_a_service_is_opened_once():
    """One client for all invocations of a process."""
    assert open_blob_service() is open_blob_service()
    assert open_table_service() is open_table_service()


def test_every_gateway_uses_the_same_setting(monkeypatch):
    """The name of the account's setting is in one place."""
    monkeypatch.delenv("ApprovalsStorage")
    for opened in (open_attachments, lambda: open_container("x"), lambda: open_table("X")):
        with pytest.raises(ConnectionMissing, match="ApprovalsStorage"):
            opened()


def test_a_missing_container_is_created():
    """An existing one is used."""
    name = f"made-{uuid.uuid4().hex[:8]}"
    with suppress(ResourceExistsError):
        open_blob_service().create_container(name)
    assert open_container(name).exists()
    missing = f"made-{uuid.uuid4().hex[:8]}"
    assert open_container(missing).exists()
    assert open_container(missing).exists()


def test_settings_are_asked_for_by_name(monkeypatch):
    """Each call to storage looks for them, and a process may have a hundred variables."""

    class Unlisted(dict):
        def items(self):
            raise AssertionError("all variables were looked through")

        __iter__ = keys = values = items

    monkeypatch.setattr(connections, "os", SimpleNamespace(environ=Unlisted(Papers__accountName="papers")))
    found = find_connection("Papers", "blob")
    assert (found.endpoint, found.managed) == ("https://papers.blob.core.windows.net", False)
