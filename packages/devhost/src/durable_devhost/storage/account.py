"""One storage account: where its three services are, how to prove that we may use them, and the ways it says no."""

import base64
import binascii
from dataclasses import dataclass, field
from typing import Literal

from durable_devhost.errors import SettingsError

Service = Literal["blob", "queue", "table"]

_DEVELOPMENT_NAME = "devstoreaccount1"
_DEVELOPMENT_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
_DEVELOPMENT_PORTS: dict[Service, int] = {"blob": 10000, "queue": 10001, "table": 10002}
SERVICES: tuple[Service, ...] = ("blob", "queue", "table")


class StorageFailure(Exception):
    """The service answered with an error: HTTP `status`, its error `code`, its own sentence.

    `retry_after_s` is how long the service asks its callers to wait, None where it does not say.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.retry_after_s: float | None = None


class NotFound(StorageFailure):
    """404: there is no such table, row, queue, message, container or blob. A void pop receipt counts as no message."""


class Conflict(StorageFailure):
    """409: it exists already, or a lease is in the way."""


class PreconditionFailed(StorageFailure):
    """412: the etag given is not the current one, or the lease is another's."""


_KINDS = {404: NotFound, 409: Conflict, 412: PreconditionFailed}


def failure(status: int, code: str, message: str) -> StorageFailure:
    """The failure of the class that callers tell apart."""
    if code == "PopReceiptMismatch":
        return NotFound(status, code, message)
    return _KINDS.get(status, StorageFailure)(status, code, message)


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageAccount:
    """What a connection string says. Endpoints have no trailing slash; either `key` or `sas` is set."""

    name: str
    blob_endpoint: str
    queue_endpoint: str
    table_endpoint: str
    key: bytes | None = field(default=None, repr=False)
    sas: str | None = field(default=None, repr=False)

    def endpoint(self, service: Service) -> str:
        """The base URL of one service."""
        match service:
            case "blob":
                return self.blob_endpoint
            case "queue":
                return self.queue_endpoint
            case "table":
                return self.table_endpoint

    @classmethod
    def parse(cls, connection_string: str) -> "StorageAccount":
        """Read an Azure Storage connection string; raises SettingsError, which never repeats the key.

        Understands account keys, shared access signatures, explicit endpoints and `UseDevelopmentStorage=true`.
        """
        parts = _split(connection_string)
        if parts.get("usedevelopmentstorage", "").lower() == "true":
            return _development(parts.get("developmentstorageproxyuri", "http://127.0.0.1"))
        name = parts.get("accountname", "")
        endpoints = {service: _endpoint(parts, name, service) for service in SERVICES}
        key, sas = parts.get("accountkey"), parts.get("sharedaccesssignature")
        if sas is None and (not name or not key):
            raise SettingsError(
                "The storage connection string has no AccountName and AccountKey (or SharedAccessSignature). "
                "Copy it again, or use UseDevelopmentStorage=true for Azurite."
            )
        return cls(
            name=name,
            blob_endpoint=endpoints["blob"],
            queue_endpoint=endpoints["queue"],
            table_endpoint=endpoints["table"],
            key=None if sas is not None else _decode_key(key or ""),
            sas=sas.lstrip("?") if sas is not None else None,
        )


def _split(connection_string: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in connection_string.strip().split(";") if part.strip())
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _development(host: str) -> StorageAccount:
    base = host.rstrip("/")
    return StorageAccount(
        name=_DEVELOPMENT_NAME,
        blob_endpoint=f"{base}:{_DEVELOPMENT_PORTS['blob']}/{_DEVELOPMENT_NAME}",
        queue_endpoint=f"{base}:{_DEVELOPMENT_PORTS['queue']}/{_DEVELOPMENT_NAME}",
        table_endpoint=f"{base}:{_DEVELOPMENT_PORTS['table']}/{_DEVELOPMENT_NAME}",
        key=base64.b64decode(_DEVELOPMENT_KEY),
    )


def _endpoint(parts: dict[str, str], name: str, service: Service) -> str:
    given = parts.get(f"{service}endpoint")
    if given:
        return given.rstrip("/")
    protocol = parts.get("defaultendpointsprotocol", "https")
    return f"{protocol}://{name}.{service}.{parts.get('endpointsuffix', 'core.windows.net')}"


def _decode_key(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise SettingsError(
            "The AccountKey in the storage connection string is no Base64. Copy the connection string again."
        ) from error
