"""The app's own blob containers: named by settings, private, created if they are missing."""

from functools import cache

from azure.core.exceptions import HttpResponseError, ResourceExistsError
from azure.storage.blob import BlobServiceClient, ContainerClient

from gateways.connections import APPROVALS, open_blob_service

_FORBIDDEN = 403


def open_container(name: str, *, connection: str = APPROVALS) -> ContainerClient:
    """Return a container of a connection's account, created if missing; opened once per process."""
    return _create_container(open_blob_service(connection), name)


@cache
def _create_container(service: BlobServiceClient, name: str) -> ContainerClient:
    """Create the container. An identity without this right may still write to a container that was deployed."""
    container = service.get_container_client(name)
    try:
        container.create_container()
    except ResourceExistsError:
        return container
    except HttpResponseError as error:
        if error.status_code != _FORBIDDEN:
            raise
    return container
