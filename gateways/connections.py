"""Connections to storage accounts: the account of a connection name, by connection string or by identity.

The settings are the same as for a trigger's `connection`, so that app and host always use the same account.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from azure.core.credentials import TokenCredential
from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobServiceClient, ExponentialRetry

from gateways.transport import open_transport

APPROVALS = "ApprovalsStorage"
"""The account with the app's own data. The task hub has another account, which message producers cannot write to."""

Service = Literal["blob", "queue", "table"]

_PARTS = (
    "blobServiceUri",
    "queueServiceUri",
    "tableServiceUri",
    "accountName",
    "credential",
    "clientId",
    "managedIdentityResourceId",
)
"""What settings say of an account without a connection string, each as `<name>__<part>`. Each call to storage looks for
them, so they are asked for by name: a process may have a hundred variables."""

_FIRST_PAUSE_S = 1
"""Before the first retry. The SDK's default of 15 seconds is longer than a person waits for a response."""


class ConnectionMissing(Exception):
    """The setting for the storage account is missing or wrong; the text names the setting to fix."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ByString:
    """An account by its connection string, which has a key or a shared access signature."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ByIdentity:
    """A service of an account that an identity may access; there is no key."""

    endpoint: str
    """The service's URL, with https."""
    managed: bool
    """Whether it is a managed identity; otherwise the environment's identity, for example a developer."""
    client_id: str | None
    """The user-assigned identity; None for the app's own identity."""


def find_connection(name: str, service: Service) -> ByString | ByIdentity:
    """Read the settings of connection `name`, first those of `AzureWebJobs<name>`, like the host.

    `<name>` is a connection string. Without it, `<name>__blobServiceUri` and similar settings or `<name>__accountName`
    give the account, and `<name>__credential=managedidentity` with `<name>__clientId` gives the identity. Raises
    `ConnectionMissing`.
    """
    for prefix in (f"AzureWebJobs{name}", name):
        text = os.environ.get(prefix)
        if text:
            return ByString(text=text)
        if any(os.environ.get(f"{prefix}__{part}") for part in _PARTS):
            return _by_identity(prefix, service)
    raise ConnectionMissing(
        f"set {name} to a storage connection string, locally in local.settings.json: UseDevelopmentStorage=true; "
        f"or set {name}__{service}ServiceUri and {name}__credential=managedidentity"
    )


def open_blob_service(name: str = APPROVALS) -> BlobServiceClient:
    """Return the client for the account's blobs, opened once per process; raises `ConnectionMissing`."""
    return _blob_service(find_connection(name, "blob"))


def open_table_service(name: str = APPROVALS) -> TableServiceClient:
    """Return the client for the account's tables, opened once per process; raises `ConnectionMissing`."""
    return _table_service(find_connection(name, "table"))


def _by_identity(prefix: str, service: Service) -> ByIdentity:
    kind = os.environ.get(f"{prefix}__credential", "").lower()
    if kind not in ("", "managedidentity"):
        raise ConnectionMissing(f"{prefix}__credential: use managedidentity, or leave it out")
    if os.environ.get(f"{prefix}__managedIdentityResourceId"):
        raise ConnectionMissing(
            f"{prefix}__managedIdentityResourceId: durable functions do not support it; use {prefix}__clientId"
        )
    endpoint = next(_endpoints(prefix, service), None)
    if endpoint is None:
        raise ConnectionMissing(f"set {prefix}__{service}ServiceUri, or {prefix}__accountName for the public cloud")
    return ByIdentity(
        endpoint=endpoint,
        managed=kind == "managedidentity",
        client_id=os.environ.get(f"{prefix}__clientId") or None,
    )


def _endpoints(prefix: str, service: Service) -> Iterator[str]:
    """Yield the URLs from the settings, the most specific first."""
    setting = f"{prefix}__{service}ServiceUri"
    uri = os.environ.get(setting)
    if uri:
        if not uri.startswith("https://"):
            raise ConnectionMissing(f"{setting} must begin with https://: an identity's token is sent there")
        yield uri.rstrip("/")
    account = os.environ.get(f"{prefix}__accountName")
    if account:
        yield f"https://{account}.{service}.core.windows.net"


@cache
def _blob_service(where: ByString | ByIdentity) -> BlobServiceClient:
    how: dict[str, Any] = {
        "retry_policy": ExponentialRetry(initial_backoff=_FIRST_PAUSE_S),
        "transport": open_transport(),
    }
    match where:
        case ByString(text=text):
            return BlobServiceClient.from_connection_string(text, **how)
        case ByIdentity():
            return BlobServiceClient(where.endpoint, credential=_credential(where), **how)


@cache
def _table_service(where: ByString | ByIdentity) -> TableServiceClient:
    match where:
        case ByString(text=text):
            return TableServiceClient.from_connection_string(text, transport=open_transport())
        case ByIdentity():
            credential = _credential(where)
            return TableServiceClient(endpoint=where.endpoint, credential=credential, transport=open_transport())


def _credential(where: ByIdentity) -> TokenCredential:
    # Imported only if needed: the import takes a third of a second of every cold start.
    from azure.identity import DefaultAzureCredential, ManagedIdentityCredential

    if where.managed:
        return ManagedIdentityCredential(client_id=where.client_id)
    return DefaultAzureCredential(managed_identity_client_id=where.client_id)
