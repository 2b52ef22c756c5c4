"""Which storage account a connection name means: the same settings that a trigger's `connection` uses."""

import os


class ConnectionMissing(Exception):
    """No setting says where the storage account is; the text names the setting to add."""


def connection_string(name: str) -> str:
    """Return the connection string of setting `name` or `AzureWebJobs<name>`, in the order in which the host looks.

    Raises `ConnectionMissing`. Identity-based settings (`<name>__blobServiceUri`) will be read here.
    """
    value = os.environ.get(name) or os.environ.get(f"AzureWebJobs{name}")
    if not value:
        raise ConnectionMissing(
            f"set {name} to a storage connection string, locally in local.settings.json: UseDevelopmentStorage=true"
        )
    return value
