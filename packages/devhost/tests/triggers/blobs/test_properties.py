"""The properties of a blob have the names and the values that a function sees on the real host."""

from datetime import UTC, datetime
from typing import Any

import pytest

from durable_devhost.storage.blobs import BlobProperties
from durable_devhost.triggers.blobs.properties import net_properties

RECORDED = [
    "AcceptRanges", "AccessTier", "AccessTierChangedOn", "AccessTierInferred", "ArchiveStatus",
    "BlobCommittedBlockCount", "BlobCopyStatus", "BlobSequenceNumber", "BlobType", "CacheControl",
    "ContentDisposition", "ContentEncoding", "ContentHash", "ContentLanguage", "ContentLength", "ContentType",
    "CopyCompletedOn", "CopyId", "CopyProgress", "CopySource", "CopyStatus", "CopyStatusDescription", "CreatedOn",
    "DestinationSnapshot", "ETag", "EncryptionKeySha256", "EncryptionScope", "ExpiresOn", "HasLegalHold",
    "ImmutabilityPolicy", "IsIncrementalCopy", "IsLatestVersion", "IsSealed", "IsServerEncrypted", "LastAccessed",
    "LastModified", "LeaseDuration", "LeaseState", "LeaseStatus", "Metadata", "ObjectReplicationDestinationPolicyId",
    "ObjectReplicationSourceProperties", "RehydratePriority", "TagCount", "VersionId",
]  # fmt: skip
"""Functions host 4.1037, Storage bindings 5.3."""


def properties(**headers: str) -> dict[str, Any]:
    """The properties of an empty blob with these headers."""
    return net_properties(
        BlobProperties(
            length=0,
            content_type="text/plain",
            etag='"0x1"',
            last_modified=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
            metadata={"who": "me"},
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )
    )


def test_all_property_names_exist_and_no_others() -> None:
    """Also for a blob of which storage says very little."""
    assert sorted(properties()) == RECORDED


def test_a_missing_property_has_the_default_of_its_type() -> None:
    """Times are the first day of the calendar."""
    found = properties()
    assert (found["LastModified"], found["CreatedOn"]) == ("2026-01-02T03:04:05+00:00", "0001-01-01T00:00:00+00:00")
    assert (found["BlobType"], found["LeaseState"], found["TagCount"], found["IsSealed"]) == (0, 0, 0, False)
    assert (found["Metadata"], found["ContentLength"], found["ETag"]) == ({"who": "me"}, 0, {})


@pytest.mark.parametrize(
    ("header", "value", "name", "shown"),
    [
        ("x-ms-blob-type", "AppendBlob", "BlobType", 2),
        ("x-ms-blob-type", "NewBlob", "BlobType", 0),
        ("x-ms-lease-status", "unlocked", "LeaseStatus", 1),
        ("x-ms-creation-time", "Fri, 02 Jan 2026 03:04:05 GMT", "CreatedOn", "2026-01-02T03:04:05+00:00"),
        ("x-ms-creation-time", "never", "CreatedOn", "0001-01-01T00:00:00+00:00"),
        ("x-ms-server-encrypted", "true", "IsServerEncrypted", True),
        ("x-ms-tag-count", "3", "TagCount", 3),
        ("x-ms-tag-count", "many", "TagCount", 0),
        ("content-md5", "abc=", "ContentHash", "abc="),
        ("x-ms-access-tier", "Hot", "AccessTier", "Hot"),
    ],
)
def test_properties_are_printed_as_dotnet_prints_them(header: str, value: str, name: str, shown: Any) -> None:
    """Members of enumerations are numbers."""
    assert properties(**{header.replace("-", "_"): value})[name] == shown
