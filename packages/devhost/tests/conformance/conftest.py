"""One devhost for all tests of this folder: it hosts the app that the real host was recorded with."""

import os
import time
from base64 import b64encode
from contextlib import suppress
from pathlib import Path

import pytest
from azure.core.exceptions import ResourceExistsError
from azure.storage.queue import QueueClient

from durable_devhost.testing.plugin import AppUnderTest

APP = Path(__file__).parent / "app"
PATIENCE_SECONDS = 30


class Recorded(AppUnderTest):
    """The app under test, with what people did to the recorded one."""

    def http(self, method, path, body=None):
        """A request to the durable HTTP API; `path` follows its root."""
        return self.request(method, f"/runtime/webhooks/durabletask/{path}", body)

    def begin(self, orchestrator, instance_id, argument=None):
        """Start an orchestration through the app's own starter."""
        return self.request("POST", f"/api/orchestrators/{orchestrator}?id={instance_id}", argument)

    def history(self, instance_id):
        """The answer of the status request with the history and its results."""
        return self.http("GET", f"instances/{instance_id}?showHistory=true&showHistoryOutput=true")


def eventually(look, holds):
    """The first of what `look` sees that `holds`, or the last when patience ends: the test then shows what differs."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    while not holds(seen := look()) and time.monotonic() < give_up:
        time.sleep(0.1)
    return seen


def queue_of(connection, name):
    """The client of a queue, which is made where it is missing."""
    client = QueueClient.from_connection_string(connection, name)
    with suppress(ResourceExistsError):
        client.create_queue()
    return client


def send(connection, queue, content):
    """Put a message on a queue, in Base64 as the host's default is."""
    with queue_of(connection, queue) as client:
        client.send_message(b64encode(content.encode()).decode())


@pytest.fixture(scope="package", params=["standard", "journal"])
def storage_mode(request):
    """Both of devhost's: what an app and its callers see does not depend on it."""
    return request.param


@pytest.fixture(scope="package")
def host(tmp_path_factory, storage_mode):
    """The running host. CONFORMANCE_APP names another folder with an app of the same functions."""
    tallies = tmp_path_factory.mktemp("tallies")
    with Recorded(
        Path(os.environ.get("CONFORMANCE_APP", APP)),
        tmp_path_factory.mktemp("conformance"),
        ("--clock", "system", "--storage-mode", storage_mode),
        {"CONFORMANCE_TALLIES": str(tallies)},
    ) as app:
        yield app


@pytest.fixture(scope="package")
def connection(host):
    """The connection string of the host's storage, for the plain Azure SDKs."""
    return host.connection_string
