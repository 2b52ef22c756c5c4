"""The app's own blob containers: named by settings, private, created if they are missing."""

from __future__ import annotations

from azure.core.exceptions import HttpResponseError, ResourceExistsError

from gateways import sdk
from gateways.connections import APPROVALS, open_blob_service

_FORBIDDEN = 403

_ready: set[tuple[sdk.BlobServiceClient, str]] = set()
"""Containers that this process has checked; adding the same one from two threads is harmless."""


def open_container(name: str, *, connection: str = APPROVALS) -> sdk.ContainerClient:
    """Return a container of a connection's account. It is checked once per process, and created if missing."""
    service = open_blob_service(connection)
    container = service.get_container_client(name)
    if (service, name) not in _ready:
        _make(container)
        _ready.add((service, name))
    return container


def _make(container: sdk.ContainerClient) -> None:
    """Create the container. An identity without this right may still write to a container that was deployed."""
    try:
        container.create_container()
    except ResourceExistsError:
        return
    except HttpResponseError as error:
        if error.status_code != _FORBIDDEN:
            raise
