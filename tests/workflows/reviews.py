"""Reviews as their users meet them: through the app's own routes, on devhost and Azurite."""

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any

from durable_devhost.testing.plugin import Answer, AppFailed
from tests.workflows.conftest import Greenlight

FINAL = ("approved", "rejected", "withdrawn", "expired", "failed")
COUNTERS = ("submitted", "escalated", *FINAL)
_NO_HOST = (OSError, HTTPException, AppFailed, ValueError)
"""What comes of asking one that was killed, or has no address yet."""
A_MOMENT_S = 0.05
"""Between two sweeps of `sweeping`, so that the host also finds nothing to do."""


def stage(*approvers: str, **fields: Any) -> dict[str, Any]:
    """A stage of a policy."""
    return {"name": fields.pop("name", "board"), "approvers": list(approvers), **fields}


@dataclass(frozen=True, slots=True)
class Reviews:
    """What people and systems do to proposals, and what they see of them."""

    app: Greenlight

    def submit(
        self, *stages: dict[str, Any], policy: dict[str, Any] | None = None, name: str | None = None, **fields: Any
    ) -> str:
        """Hand in a proposal of Ines's with these stages, and return its id."""
        form = {"title": "Mill Stream footbridge", "author": "Ines", **fields}
        if stages:
            form["policy"] = {"stages": list(stages), **(policy or {})}
        answer = self.app.request("POST", f"/api/proposals?id={name or f'p-{uuid.uuid4().hex}'}", form)
        assert answer.status == 202, answer
        proposal: str = answer.body["proposalId"]
        return proposal

    def do(self, proposal: str, verb: str, **body: Any) -> Answer:
        """POST a verb, whatever it answers; `from_` stands for `from`."""
        sent = {name.rstrip("_"): value for name, value in body.items()}
        return self.app.request("POST", f"/api/proposals/{proposal}/{verb}", sent)

    def decide(self, proposal: str, person: str, word: str = "approve", **more: Any) -> Answer:
        """Give a person's answer."""
        return self.do(proposal, "decisions", approver=person, decision=word, **more)

    def show(self, proposal: str) -> dict[str, Any]:
        """The proposal, as the API shows it."""
        found: dict[str, Any] = self.app.request("GET", f"/api/proposals/{proposal}").body
        return found

    def waits(self, proposal: str, *people: str, **shown: Any) -> dict[str, Any]:
        """Wait until these people, and nobody else, are waited for and have been told, and return the proposal."""
        self.app.until(lambda: self.show(proposal).get("waitingFor") == list(people))
        self.settled(proposal)
        found = self.show(proposal)
        assert shown == {name: found[name] for name in shown}
        return found

    def ended(self, proposal: str) -> str:
        """Wait until the workflow has ended well, and return the status that it ended with."""
        output = self.app.result(proposal)
        assert output["status"] == self.show(proposal)["status"]
        status: str = output["status"]
        return status

    def settled(self, proposal: str) -> dict[str, Any]:
        """Wait until the workflow has seen all that is in the record and told people, and return its custom status."""
        entries = self.show(proposal)["entries"]
        self.app.until(lambda: (self._status(proposal) or {}).get("entries", 0) >= entries)
        status = self._status(proposal)
        assert status
        return status

    def kinds(self, proposal: str) -> list[str]:
        """What is in the record, in its order; fails where the record is not what was written."""
        audit = self.app.request("GET", f"/api/proposals/{proposal}/audit?verify=true")
        assert audit.body["verdict"]["ok"], audit
        return [entry["kind"] for entry in audit.body["entries"]]

    def letters(self, proposal: str) -> list[str]:
        """The letters that were sent: `<entry>-<kind>` of each, in the order of the entries."""
        names = [blob.name for blob in self.app.container("outbox").list_blobs(name_starts_with=f"{proposal}/")]
        return sorted(
            ("-".join(name.partition("/")[2].split("-")[:2]) for name in names), key=lambda n: int(n.split("-")[0])
        )

    def counters(self) -> dict[str, int]:
        """All counters of reviews."""
        return {name: self.app.request("GET", f"/api/counters/{name}").body["value"] for name in COUNTERS}

    def raise_decision(self, proposal: str, event: str = "ApprovalEvent", **decision: Any) -> None:
        """Raise a decision as a durable event, as operators do."""
        self.app.raise_event(proposal, event, decision)

    def _status(self, proposal: str) -> dict[str, Any] | None:
        status = self.app.status(proposal)
        return status["customStatus"] if status else None


@contextmanager
def sweeping(app: Greenlight, *, pause_s: float = A_MOMENT_S) -> Iterator[None]:
    """Run one sweep after the other meanwhile, also beside the app's own; a host that is killed has none."""
    done = threading.Event()

    def sweep() -> None:
        while not done.wait(pause_s):
            with suppress(*_NO_HOST):
                app.trigger("SweepReviews")

    sweeper = threading.Thread(target=sweep)
    sweeper.start()
    try:
        yield
    finally:
        done.set()
        sweeper.join()


def counted(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    """What was counted in between."""
    return {name: after[name] - before[name] for name in after if after[name] != before[name]}
