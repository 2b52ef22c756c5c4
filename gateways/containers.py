"""Blob containers of the app's own: named by settings, private, made where they are missing."""

from azure.core.exceptions import HttpResponseError, ResourceExistsError
from azure.storage.blob import BlobServiceClient, ContainerClient

from gateways.connections import APPROVALS, open_blob_service

_FORBIDDEN = 403

_ready: set[tuple[BlobServiceClient, str]] = set()
"""Containers that this process has seen; adding the same one from two threads is harmless."""


def open_container(name: str, *, connection: str = APPROVALS) -> ContainerClient:
    """Return a container of the account that a connection names; it is made once a process, if need be."""
    service = open_blob_service(connection)
    container = service.get_container_client(name)
    if (service, name) not in _ready:
        _make(container)
        _ready.add((service, name))
    return container


def _make(container: ContainerClient) -> None:
    """Make the container. An identity that may not, may still write into one that was deployed with the app."""
    try:
        container.create_container()
    except ResourceExistsError:
        return
    except HttpResponseError as error:
        if error.status_code != _FORBIDDEN:
            raise
