"""A blob's properties for a function: `BlobProperties` of Azure.Storage.Blobs as Newtonsoft prints it. Pure.

Names and their number are recorded (Functions host 4.1037, Storage bindings 5.3). A value missing in storage has the
default of its .NET type: the first day of the calendar for a time, 0 for an enumeration.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from durable_devhost.storage.blobs import BlobProperties

_NO_TIME = "0001-01-01T00:00:00+00:00"
_BLOB_TYPES = ("BlockBlob", "PageBlob", "AppendBlob")
_LEASE_STATES = ("available", "leased", "expired", "breaking", "broken")
_LEASE_STATUSES = ("locked", "unlocked")
_LEASE_DURATIONS = ("infinite", "fixed")


def net_properties(blob: BlobProperties) -> dict[str, Any]:
    """The properties of a blob as plain values, under the names of .NET."""
    headers = blob.headers
    return {
        "LastModified": _time(blob.last_modified),
        "CreatedOn": _header_time(headers, "x-ms-creation-time"),
        "Metadata": dict(blob.metadata),
        "ObjectReplicationDestinationPolicyId": None,
        "ObjectReplicationSourceProperties": None,
        "BlobType": _place(headers, "x-ms-blob-type", _BLOB_TYPES),
        "CopyCompletedOn": _header_time(headers, "x-ms-copy-completion-time"),
        "CopyStatusDescription": headers.get("x-ms-copy-status-description"),
        "CopyId": headers.get("x-ms-copy-id"),
        "CopyProgress": headers.get("x-ms-copy-progress"),
        "CopySource": headers.get("x-ms-copy-source"),
        "BlobCopyStatus": None,
        "CopyStatus": 0,
        "IsIncrementalCopy": _is_true(headers, "x-ms-incremental-copy"),
        "DestinationSnapshot": headers.get("x-ms-copy-destination-snapshot"),
        "LeaseDuration": _place(headers, "x-ms-lease-duration", _LEASE_DURATIONS),
        "LeaseState": _place(headers, "x-ms-lease-state", _LEASE_STATES),
        "LeaseStatus": _place(headers, "x-ms-lease-status", _LEASE_STATUSES),
        "ContentLength": blob.length,
        "ContentType": blob.content_type,
        "ETag": {},  # Newtonsoft sees nothing in Azure.ETag
        "ContentHash": headers.get("content-md5"),
        "ContentEncoding": headers.get("content-encoding"),
        "ContentDisposition": headers.get("content-disposition"),
        "ContentLanguage": headers.get("content-language"),
        "CacheControl": headers.get("cache-control"),
        "BlobSequenceNumber": _number(headers, "x-ms-blob-sequence-number"),
        "AcceptRanges": headers.get("accept-ranges"),
        "BlobCommittedBlockCount": _number(headers, "x-ms-blob-committed-block-count"),
        "IsServerEncrypted": _is_true(headers, "x-ms-server-encrypted"),
        "EncryptionKeySha256": headers.get("x-ms-encryption-key-sha256"),
        "EncryptionScope": headers.get("x-ms-encryption-scope"),
        "AccessTier": headers.get("x-ms-access-tier"),
        "AccessTierInferred": _is_true(headers, "x-ms-access-tier-inferred"),
        "ArchiveStatus": headers.get("x-ms-archive-status"),
        "AccessTierChangedOn": _header_time(headers, "x-ms-access-tier-change-time"),
        "VersionId": headers.get("x-ms-version-id"),
        "IsLatestVersion": _is_true(headers, "x-ms-is-current-version"),
        "TagCount": _number(headers, "x-ms-tag-count"),
        "ExpiresOn": _header_time(headers, "x-ms-expiry-time"),
        "IsSealed": _is_true(headers, "x-ms-blob-sealed"),
        "RehydratePriority": headers.get("x-ms-rehydrate-priority"),
        "LastAccessed": _header_time(headers, "x-ms-last-access-time"),
        "ImmutabilityPolicy": {"ExpiresOn": None, "PolicyMode": None},
        "HasLegalHold": _is_true(headers, "x-ms-legal-hold"),
    }


def _time(when: datetime) -> str:
    return when.astimezone(UTC).isoformat()


def _header_time(headers: Mapping[str, str], name: str) -> str:
    try:
        return _time(parsedate_to_datetime(headers[name]))
    except (KeyError, ValueError):
        return _NO_TIME


def _place(headers: Mapping[str, str], name: str, values: tuple[str, ...]) -> int:
    """The number of an enumeration's member; 0 if storage gives none, or an unknown one."""
    value = headers.get(name, values[0])
    return values.index(value) if value in values else 0


def _number(headers: Mapping[str, str], name: str) -> int:
    text = headers.get(name, "0")
    return int(text) if text.isdecimal() else 0


def _is_true(headers: Mapping[str, str], name: str) -> bool:
    return headers.get(name) == "true"
