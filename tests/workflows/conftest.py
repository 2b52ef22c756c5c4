"""Each workflow as its users meet it: through HttpStart, on devhost and Azurite, in virtual time."""

import json
import re
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobServiceClient, ContainerClient
from azure.storage.queue import QueueClient

from durable_devhost.testing.plugin import Answer, AppUnderTest, Storage

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = {"ALLOWED_HOSTS": "127.0.0.1", "RETENTION_DAYS": "30"}
"""Any port of this machine may be called: the servers that play suppliers and other systems take free ones."""


class Greenlight(AppUnderTest):
    """The app in a host of its own, and the ways in which tests look at what it did."""

    def post(self, workflow: str, form: object, *, instance_id: str | None = None, query: str = "") -> Answer:
        """POST to HttpStart, whatever it answers."""
        name = instance_id or uuid.uuid4().hex
        return self.request("POST", f"/api/orchestrators/{workflow}?id={name}{query}", form)

    def begin(self, workflow: str, form: object, *, instance_id: str | None = None) -> str:
        """Start a workflow through HttpStart and return the instance's id."""
        answer = self.post(workflow, form, instance_id=instance_id)
        assert answer.status == 202, answer
        started: str = answer.body["id"]
        return started

    def part(self, instance_id: str, word: str) -> str | None:
        """Return the id of a workflow's part, None where it has none of that word."""
        prefix = f"{instance_id}:{word}-"
        found = self.request("GET", f"/runtime/webhooks/durabletask/instances?instanceIdPrefix={prefix}").body
        parts = (str(each["instanceId"]) for each in found)
        return next((part for part in parts if re.fullmatch("[0-9a-f]{10}", part.removeprefix(prefix))), None)

    def part_status(self, instance_id: str, word: str) -> dict[str, Any] | None:
        """Return the status of a workflow's part, None where it has none of that word."""
        part = self.part(instance_id, word)
        return self.status(part) if part else None

    def until_shown(self, instance_id: str, **shown: Any) -> dict[str, Any]:
        """Wait until the custom status shows these values, and return the whole status."""
        return self.wait(
            instance_id,
            until=lambda status: (
                isinstance(status["customStatus"], dict)
                and all(status["customStatus"].get(key) == value for key, value in shown.items())
            ),
        )

    def result(self, instance_id: str, timeout: float = 40.0) -> Any:
        """Wait until the instance has completed, and return its output; fails where it did not end well."""
        status = self.wait(instance_id, timeout)
        assert status["runtimeStatus"] == "Completed", status
        return status["output"]

    def rows(self, table: str) -> list[dict[str, Any]]:
        """All rows of a table of the app's; none where nothing has been written to it yet."""
        with TableServiceClient.from_connection_string(self.connection_string) as service:
            try:
                return [dict(row) for row in service.get_table_client(table).list_entities()]
            except ResourceNotFoundError:
                return []

    def put_row(self, table: str, row: dict[str, Any]) -> None:
        """Insert or replace a row, as another system would."""
        with TableServiceClient.from_connection_string(self.connection_string) as service:
            service.create_table_if_not_exists(table).upsert_entity(row)

    def send(self, queue: str, message: object) -> None:
        """Put a message on a queue, as other systems do."""
        with QueueClient.from_connection_string(self.connection_string, queue) as client:
            with suppress(ResourceExistsError):
                client.create_queue()
            client.send_message(json.dumps(message))

    def container(self, name: str) -> ContainerClient:
        """A blob container of the app's, created where it is missing."""
        client = BlobServiceClient.from_connection_string(self.connection_string).get_container_client(name)
        with suppress(ResourceExistsError):
            client.create_container()
        return client


@pytest.fixture(scope="package")
def app(tmp_path_factory: pytest.TempPathFactory, app_storage: Storage) -> Iterator[Greenlight]:
    """The app on a virtual clock, one host for many modules: each looks at its own instances alone.

    A test may `kill()` and `restart()` it.
    """
    yield from _running(tmp_path_factory, app_storage)


@pytest.fixture(scope="module")
def app_alone(tmp_path_factory: pytest.TempPathFactory, app_storage: Storage) -> Iterator[Greenlight]:
    """The same for one module, which looks at all that a host has done."""
    yield from _running(tmp_path_factory, app_storage)


def _running(tmp_path_factory: pytest.TempPathFactory, app_storage: Storage) -> Iterator[Greenlight]:
    with Greenlight(
        ROOT, tmp_path_factory.mktemp("greenlight"), ("--clock", "virtual"), SETTINGS, app_storage
    ) as running:
        yield running
