"""Calls to storage take proxies and certificates from the environment, and look there once for each server."""

import pytest

from gateways import transport
from gateways.connections import open_blob_service, open_table_service
from gateways.transport import StorageSession

TABLES, BLOBS = "https://a.table.example.org/T()", "https://a.blob.example.org/c/b"


@pytest.fixture(autouse=True)
def _environment(monkeypatch):
    """No proxies and no certificates but those of the test."""
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


def settings(session, url=TABLES, *, proxies=None, verify=True):
    """What a request is sent with."""
    found = session.merge_environment_settings(url, proxies, False, verify, None)
    return dict(found["proxies"]), found["verify"]


def test_a_proxy_of_the_environment_is_used_but_for_servers_that_it_leaves_out(monkeypatch):
    """As by every client that keeps to these variables."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.org:3128")
    monkeypatch.setenv("NO_PROXY", "a.blob.example.org")
    session = StorageSession()
    assert settings(session, TABLES)[0]["https"] == "http://proxy.example.org:3128"
    assert "https" not in settings(session, BLOBS)[0]
    assert settings(session, TABLES, proxies={"https": "http://mine:1"})[0]["https"] == "http://mine:1"


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_certificates_of_the_environment_are_used(monkeypatch, name):
    """Unless the caller names others; they are always checked."""
    assert settings(StorageSession())[1] is True
    monkeypatch.setenv(name, "/etc/own.pem")
    assert settings(StorageSession())[1] == "/etc/own.pem"
    assert settings(StorageSession(), verify="/etc/other.pem")[1] == "/etc/other.pem"


def test_the_environment_is_asked_once_for_each_server(monkeypatch):
    """However many calls there are."""
    urls, ask = [], transport.environment_settings
    monkeypatch.setattr(transport, "environment_settings", lambda url: urls.append(url) or ask(url))
    session = StorageSession()
    for url in (TABLES, BLOBS, f"{TABLES}?$top=1", BLOBS):
        settings(session, url)
    assert urls == [TABLES, BLOBS]


def test_no_file_of_passwords_is_read():
    """A `.netrc` would replace the signature of a call."""
    assert not StorageSession().trust_env


def test_the_clients_of_storage_use_it():
    """Each service with connections of its own, enough for the threads of a worker."""
    sessions = {
        each._client._client._pipeline._transport.session for each in (open_blob_service(), open_table_service())
    }
    assert {type(each) for each in sessions} == {StorageSession}
    assert len(sessions) == 2
    assert {each.get_adapter(TABLES)._pool_maxsize for each in sessions} == {transport.MOST_CONNECTIONS}
