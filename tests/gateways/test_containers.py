"""Who may not make a container may still write into one."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.data.tables import AccountSasPermissions as TableRights
from azure.data.tables import ResourceTypes as TableResources
from azure.data.tables import TableServiceClient
from azure.data.tables import generate_account_sas as table_sas
from azure.storage.blob import AccountSasPermissions, ResourceTypes, generate_account_sas

from gateways import connections, tables
from gateways.containers import open_container
from gateways.tables import open_table


@pytest.fixture
def service_without_create(azurite, monkeypatch):
    """Settings under which blobs and rows may be written, and neither containers nor tables made."""
    service = connections.open_blob_service()
    expiry = datetime.now(UTC) + timedelta(hours=1)
    parts = dict(part.split("=", 1) for part in azurite.connection_string.split(";") if part)
    sas = generate_account_sas(
        service.account_name, parts["AccountKey"], ResourceTypes(object=True), AccountSasPermissions(write=True), expiry
    )
    endpoints = ";".join(f"{name}={value}" for name, value in parts.items() if name.endswith("Endpoint"))
    monkeypatch.setenv("ApprovalsStorage", f"{endpoints};SharedAccessSignature={sas}")
    return service


def test_a_deployed_container_is_used(service_without_create):
    """The attempt to create it is refused, which is ignored."""
    name = f"deployed-{uuid.uuid4().hex[:8]}"
    service_without_create.create_container(name)
    open_container(name).upload_blob("x", b"y", overwrite=True)
    assert service_without_create.get_blob_client(name, "x").download_blob().readall() == b"y"


@pytest.mark.usefixtures("service_without_create")
def test_a_container_that_was_not_deployed_fails_at_its_first_use():
    """The error names it."""
    with pytest.raises((ResourceNotFoundError, HttpResponseError)):
        open_container(f"missing-{uuid.uuid4().hex[:8]}").upload_blob("x", b"y", overwrite=True)


def test_a_deployed_table_is_used(azurite, monkeypatch):
    """Like a container."""
    parts = dict(part.split("=", 1) for part in azurite.connection_string.split(";") if part)
    name = f"Deployed{uuid.uuid4().hex[:8]}"
    connections.open_table_service().create_table(name)
    key = connections.open_table_service().credential
    sas = table_sas(
        key, TableResources(object=True), TableRights(read=True, add=True), datetime.now(UTC) + timedelta(hours=1)
    )
    monkeypatch.setattr(tables, "open_table_service", lambda: TableServiceClient(f"{parts['TableEndpoint']}?{sas}"))
    open_table(name).create_entity({"PartitionKey": "a", "RowKey": "b"})
    assert open_table(name).get_entity("a", "b")["RowKey"] == "b"
