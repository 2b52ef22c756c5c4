"""Connection strings: what is understood, and what a person is told about the rest."""

import base64

import pytest

from durable_devhost.errors import SettingsError
from durable_devhost.storage.account import (
    Conflict,
    NotFound,
    PreconditionFailed,
    StorageAccount,
    StorageFailure,
    failure,
)

KEY = base64.b64encode(b"secret-key").decode()


def test_development_storage_means_the_emulator_on_its_standard_ports() -> None:
    """UseDevelopmentStorage=true needs nothing else."""
    account = StorageAccount.parse("UseDevelopmentStorage=true")

    assert account.name == "devstoreaccount1"
    assert account.endpoint("blob") == "http://127.0.0.1:10000/devstoreaccount1"
    assert account.endpoint("queue") == "http://127.0.0.1:10001/devstoreaccount1"
    assert account.endpoint("table") == "http://127.0.0.1:10002/devstoreaccount1"


def test_an_account_in_azure_has_the_usual_endpoints() -> None:
    """Protocol, name and suffix give the endpoints; the key may end with equals signs."""
    text = f"DefaultEndpointsProtocol=https;AccountName=abc;AccountKey={KEY};EndpointSuffix=core.chinacloudapi.cn"

    account = StorageAccount.parse(text)

    assert account.queue_endpoint == "https://abc.queue.core.chinacloudapi.cn"
    assert account.key == b"secret-key"


def test_explicit_endpoints_win_and_lose_their_trailing_slash() -> None:
    """They are otherwise unchanged."""
    account = StorageAccount.parse(f"AccountName=abc;AccountKey={KEY};BlobEndpoint=http://localhost:5/abc/")

    assert account.blob_endpoint == "http://localhost:5/abc"


def test_a_shared_access_signature_replaces_the_key() -> None:
    """It contains equals signs and an optional question mark."""
    account = StorageAccount.parse("TableEndpoint=https://a.b;SharedAccessSignature=?sv=1&sig=x%3D")

    assert account.sas == "sv=1&sig=x%3D"
    assert account.key is None


@pytest.mark.parametrize("text", ["", "nonsense", "AccountName=abc", f"AccountKey={KEY}"])
def test_an_incomplete_connection_string_is_an_error_that_says_what_is_missing(text: str) -> None:
    """So that the user knows what to do."""
    with pytest.raises(SettingsError, match="has no AccountName and AccountKey"):
        StorageAccount.parse(text)


def test_a_broken_key_is_not_repeated_in_the_error() -> None:
    """Errors are logged, keys must not be."""
    with pytest.raises(SettingsError, match="no Base64") as caught:
        StorageAccount.parse("AccountName=abc;AccountKey=hunter2!")

    assert "hunter2" not in str(caught.value)


def test_the_repr_of_an_account_does_not_show_its_key() -> None:
    """So that no log has it."""
    assert "secret" not in repr(StorageAccount.parse(f"AccountName=abc;AccountKey={KEY}"))


@pytest.mark.parametrize(
    ("status", "kind"), [(404, NotFound), (409, Conflict), (412, PreconditionFailed), (400, StorageFailure)]
)
def test_the_status_decides_the_class_of_a_failure(status: int, kind: type[StorageFailure]) -> None:
    """Callers catch those that they can handle."""
    assert type(failure(status, "Code", "text")) is kind
