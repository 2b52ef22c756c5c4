"""The classes of the storage SDKs, imported when the first of them is used: `sdk.TableClient`, `sdk.ContentSettings`.

Both SDKs, with `requests` which they bring along, are a sixth of what a start would import. A process that replays
workflows and entities does not need them; in any other the first call to storage imports them. Modules that name these
classes in annotations begin with `from __future__ import annotations`, or the annotation would import them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from azure.data.tables import EdmType as EdmType
    from azure.data.tables import EntityProperty as EntityProperty
    from azure.data.tables import TableClient as TableClient
    from azure.data.tables import TableServiceClient as TableServiceClient
    from azure.data.tables import TableTransactionError as TableTransactionError
    from azure.data.tables import UpdateMode as UpdateMode
    from azure.storage.blob import BlobClient as BlobClient
    from azure.storage.blob import BlobProperties as BlobProperties
    from azure.storage.blob import BlobServiceClient as BlobServiceClient
    from azure.storage.blob import ContainerClient as ContainerClient
    from azure.storage.blob import ContentSettings as ContentSettings
    from azure.storage.blob import ExponentialRetry as ExponentialRetry
else:
    _TABLES = frozenset(
        {"EdmType", "EntityProperty", "TableClient", "TableServiceClient", "TableTransactionError", "UpdateMode"}
    )
    """What the SDK for tables has; everything else is the blobs'."""

    def __getattr__(name: str) -> Any:
        """Import a class, and keep it, so that the next use of it is a plain look-up. Raises AttributeError."""
        found = getattr(import_module("azure.data.tables" if name in _TABLES else "azure.storage.blob"), name)
        globals()[name] = found
        return found
