"""Which storage account a connection name means, and the clients to it: by connection string or by identity.

The settings are those that a trigger's `connection` has, so that app and host always mean the same account.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from azure.core.credentials import TokenCredential
from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobServiceClient, ExponentialRetry

APPROVALS = "ApprovalsStorage"
"""The account of everything that is the app's own; the task hub has another, into which producers never write."""

Service = Literal["blob", "queue", "table"]

_FIRST_PAUSE_S = 1
"""Before a call is tried again. The SDK's own 15 seconds are longer than a person waits for an answer."""


class ConnectionMissing(Exception):
    """No setting says where the storage account is, or one says it wrongly; the text names the setting to mend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ByString:
    """An account that a connection string names, with a key or a shared access signature in it."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ByIdentity:
    """A service of an account that lets an identity in; there is no key."""

    endpoint: str
    """The service's address, https."""
    managed: bool
    """Whether it is a managed identity; otherwise it is whoever the environment says, such as a developer."""
    client_id: str | None
    """Which user-assigned identity; None for the one of the app itself."""


def find_connection(name: str, service: Service) -> ByString | ByIdentity:
    """Read the settings of connection `name`, first those of `AzureWebJobs<name>`, as the host does.

    `<name>` is a connection string. Without it `<name>__blobServiceUri` and its like, or `<name>__accountName`, say
    where, and `<name>__credential=managedidentity` with `<name>__clientId` says who. Raises `ConnectionMissing`.
    """
    for prefix in (f"AzureWebJobs{name}", name):
        text = os.environ.get(prefix)
        if text:
            return ByString(text=text)
        if any(key.startswith(f"{prefix}__") and value for key, value in os.environ.items()):
            return _by_identity(prefix, service)
    raise ConnectionMissing(
        f"set {name} to a storage connection string, locally in local.settings.json: UseDevelopmentStorage=true; "
        f"or set {name}__{service}ServiceUri and {name}__credential=managedidentity"
    )


def open_blob_service(name: str = APPROVALS) -> BlobServiceClient:
    """Return the client of the account's blobs, opened once a process; raises `ConnectionMissing`."""
    return _blob_service(find_connection(name, "blob"))


def open_table_service(name: str = APPROVALS) -> TableServiceClient:
    """Return the client of the account's tables, opened once a process; raises `ConnectionMissing`."""
    return _table_service(find_connection(name, "table"))


def _by_identity(prefix: str, service: Service) -> ByIdentity:
    kind = os.environ.get(f"{prefix}__credential", "").lower()
    if kind not in ("", "managedidentity"):
        raise ConnectionMissing(f"{prefix}__credential: only managedidentity is understood; or leave it out")
    if os.environ.get(f"{prefix}__managedIdentityResourceId"):
        raise ConnectionMissing(
            f"{prefix}__managedIdentityResourceId: durable functions do not; use {prefix}__clientId"
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
    """Yield the addresses that settings give, the most exact first."""
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
    retry: dict[str, Any] = {"retry_policy": ExponentialRetry(initial_backoff=_FIRST_PAUSE_S)}
    match where:
        case ByString(text=text):
            return BlobServiceClient.from_connection_string(text, **retry)
        case ByIdentity():
            return BlobServiceClient(where.endpoint, credential=_credential(where), **retry)


@cache
def _table_service(where: ByString | ByIdentity) -> TableServiceClient:
    match where:
        case ByString(text=text):
            return TableServiceClient.from_connection_string(text)
        case ByIdentity():
            return TableServiceClient(endpoint=where.endpoint, credential=_credential(where))


def _credential(where: ByIdentity) -> TokenCredential:
    # Only where it is used: it takes a third of a second to import, which every cold start would pay.
    from azure.identity import DefaultAzureCredential, ManagedIdentityCredential

    if where.managed:
        return ManagedIdentityCredential(client_id=where.client_id)
    return DefaultAzureCredential(managed_identity_client_id=where.client_id)
