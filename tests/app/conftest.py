"""The whole app on devhost: one host for all end-to-end tests of this folder."""

import json
import time
import uuid
from contextlib import suppress

import pytest
import requests
from azure.core.exceptions import ResourceExistsError
from azure.storage.queue import QueueClient

from examples.host_process import running_host

PATIENCE_SECONDS = 30


class App:
    """What people and other systems do with the app, over HTTP and the queue."""

    def __init__(self, host):
        self.host = host
        self._connection = host.get("/admin/devhost/info")["storage"]["connectionString"]

    def start(self, workflow="ApprovalWorkflow", **form):
        """Start a workflow and return its instance id."""
        instance_id = uuid.uuid4().hex
        form = {"title": "Footbridge", "submittedBy": "Ines"} | form if workflow == "ApprovalWorkflow" else form
        response = requests.post(
            f"{self.host.url}/api/orchestrators/{workflow}?id={instance_id}", json=form, timeout=60
        )
        assert response.status_code == 202, response.text
        return instance_id

    def send(self, text):
        """Put a message on approval-queue."""
        with QueueClient.from_connection_string(self._connection, "approval-queue") as queue:
            with suppress(ResourceExistsError):
                queue.create_queue()
            queue.send_message(text)

    def raise_event(self, instance_id, payload, event="ApprovalEvent", *, may_be_over=False):
        """Raise an event through the durable HTTP API; with `may_be_over` the instance may have ended meanwhile."""
        url = f"{self.host.url}/runtime/webhooks/durabletask/instances/{instance_id}/raiseEvent/{event}"
        headers = {"Content-Type": "application/json"}
        response = requests.post(url, data=json.dumps(payload), headers=headers, timeout=60)
        assert response.status_code in ((202, 410) if may_be_over else (202,)), response.text

    def status(self, instance_id):
        """Return an instance's status."""
        return self.host.get(f"/api/orchestrations/{instance_id}")

    def until(self, instance_id, **shown):
        """Wait until the status or the custom status shows these values, and return it."""
        return self.eventually(lambda: self._showing(instance_id, shown), f"{instance_id} never showed {shown}")

    def eventually(self, look, complaint):
        """Ask until the answer is something, and return it."""
        give_up = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < give_up:
            if found := look():
                return found
            time.sleep(0.05)
        raise AssertionError(complaint)

    def logged(self, word):
        """Return the newest log line that holds a word."""
        return next((line for line in reversed(list(self.host.log)) if word in line), None)

    def _showing(self, instance_id, shown):
        status = self.status(instance_id)
        values = {**(status["customStatus"] or {}), **status}
        return status if all(values.get(key) == value for key, value in shown.items()) else None


@pytest.fixture(scope="package")
def app():
    """The app, running: one host for all modules."""
    with running_host() as host:
        yield App(host)


@pytest.fixture
def decision():
    """Return the text of a decision as other systems send it."""

    def text(instance_id, approved=True, approver="Mara"):
        return json.dumps({"instanceId": instance_id, "approved": approved, "approver": approver, "comment": ""})

    return text
