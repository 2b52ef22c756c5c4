"""What happens around the app in a script: people answer, jobs end, time passes."""

import base64
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from azure.data.tables import TableServiceClient
from host_process import Host, HostFailed
from neighbour import Neighbour

EXAMPLE = Path(__file__).resolve().parent / "footbridge"
CONTENT_TYPES = {".md": "text/markdown", ".png": "image/png"}
WAIT_SECONDS = 30
ENDED = ("Completed", "Failed", "Terminated")


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A running host, and the server that plays the suppliers and the other systems."""

    host: Host
    neighbour: Neighbour
    connection: str

    def start(self, workflow: str, form: dict[str, Any]) -> str:
        """Start a workflow through HttpStart and return the instance's id."""
        response = requests.post(f"{self.host.url}/api/orchestrators/{workflow}", json=form, timeout=60)
        if response.status_code != 202:
            raise HostFailed(f"{workflow} answered {response.status_code}: {response.text}")
        return str(response.json()["id"])

    def look(self, instance: str, *, events: bool = False) -> dict[str, Any]:
        """Return an instance's status, with its history if asked for."""
        shown = "?showHistory=true&showHistoryOutput=true" if events else ""
        found: dict[str, Any] = self.host.get(f"/api/orchestrations/{instance}{shown}")
        return found

    def until(self, instance: str, state: str) -> None:
        """Wait until the custom status shows this state; the instance may not be there yet."""
        self._wait(instance, lambda status: (status["customStatus"] or {}).get("state") == state)

    def part(self, instance: str, state: str) -> str:
        """Wait until the custom status shows this state, and return the part that waits for an answer then."""
        self.until(instance, state)
        return str(self.look(instance)["customStatus"]["instance"])

    def wait_for_end(self, instance: str) -> dict[str, Any]:
        """Wait for the end, and return the status with its history."""
        self._wait(instance, lambda status: status["runtimeStatus"] in ENDED)
        return self.look(instance, events=True)

    def answer(self, instance: str, event: str, *, approved: bool) -> None:
        """Decide as a person does, as soon as somebody is asked."""
        self.until(instance, "waiting")
        url = f"{self.host.url}/runtime/webhooks/durabletask/instances/{instance}/raiseEvent/{event}"
        answer = {"approved": approved, "approver": "Mara Lindqvist"}
        requests.post(url, json=answer, timeout=60).raise_for_status()

    def pass_time(self, *, hours: float) -> None:
        """Move the virtual clock; returns when everything that became due is done."""
        self.host.post("/admin/devhost/clock", {"hours": hours})

    def put_job(self, job: str, state: str, detail: str = "") -> None:
        """Write the state of a job, as the system that runs it does."""
        with TableServiceClient.from_connection_string(self.connection) as service:
            row = {"PartitionKey": "jobs", "RowKey": job, "State": state, "Detail": detail}
            service.create_table_if_not_exists("Jobs").upsert_entity(row)

    def _wait(self, instance: str, holds: Callable[[dict[str, Any]], bool]) -> None:
        give_up = time.monotonic() + WAIT_SECONDS
        found = None
        while time.monotonic() < give_up:
            response = requests.get(f"{self.host.url}/api/orchestrations/{instance}", timeout=60)
            found = response.json()
            if response.ok and holds(found):
                return
            time.sleep(0.03)
        raise HostFailed(f"{instance} got stuck: {found}")


def inline(file: str) -> dict[str, str]:
    """Return a file of the footbridge as an attachment inside a form."""
    path = EXAMPLE / file
    content = base64.b64encode(path.read_bytes()).decode()
    return {"name": file, "contentType": CONTENT_TYPES[path.suffix], "content": content}
