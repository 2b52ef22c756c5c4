"""Orchestrations end as they did in the real host, event by event (recorded from extension 3.15).

Failures of activities have the one blank behind `failed:` that 3.19 has there.
"""

import json
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from packages.devhost.tests.conformance.conftest import eventually, send
from packages.devhost.tests.conformance.recordings import as_lines, comparable, recording

SCENARIOS = recording("scenarios")
CLIENTS = 8
ENDED = 200

pytestmark = pytest.mark.timeout(120)


class Play:
    """One scenario on the host: what was answered to each step, and what the instance was at the end."""

    def __init__(self, host, connection, name):
        self.host = host
        self.connection = connection
        self.expected = SCENARIOS[name]
        self.instance_id = f"{name}-{uuid.uuid4().hex[:8]}"
        self.start = None
        self.steps = []

    def perform(self):
        """Start the orchestration, do to it what was done, and wait for its end where it has one."""
        argument = self.expected["input"]
        if isinstance(argument, str):
            argument = argument.replace("<host>", self.host.url)
        self.start = self.host.begin(self.expected["orchestrator"], self.instance_id, argument)
        for step in self.expected["steps"]:
            if not self.expected.get("early"):
                eventually(self.look, lambda seen: seen["body"] and seen["body"]["runtimeStatus"] != "Pending")
            self.steps.append(self._step(step))
        eventually(self.look, lambda seen: seen["status"] == self.expected["status"])

    def look(self):
        """Status code and body of the instance as it is now, comparable."""
        answer = self.host.history(self.instance_id)
        return {"status": answer.status, "body": comparable(answer.body, self.instance_id)}

    def client(self):
        """What the SDK's own client sees of the instance."""
        return comparable(self.host.request("GET", f"/api/status/{self.instance_id}").body, self.instance_id)

    def _step(self, step):
        match step["do"]:
            case ["snapshot", _]:
                wanted = {"status": step["status"], "body": step["body"]}
                return {"do": step["do"]} | eventually(self.look, lambda seen: as_lines(seen) == as_lines(wanted))
            case ["queue", message]:
                send(self.connection, "truth-approvals", json.dumps(message | {"id": self.instance_id}))
                return {"do": step["do"]}
            case ["raise", event, payload]:
                answer = self._post(f"/raiseEvent/{event}", payload)
            case ["client_raise", event, payload]:
                answer = self.host.request("POST", f"/api/raise/{self.instance_id}/{event}", payload)
            case [verb, reason]:
                answer = self._post(f"/{verb}?reason={reason}")
        return {"do": step["do"], "status": answer.status}

    def _post(self, path, payload=None):
        return self.host.http("POST", f"instances/{self.instance_id}{path}", payload)


@pytest.fixture(scope="module")
def plays(host, connection):
    """All scenarios, played at the same time."""
    found = {name: Play(host, connection, name) for name in SCENARIOS}
    with ThreadPoolExecutor(CLIENTS) as clients:
        for done in [clients.submit(play.perform) for play in found.values()]:
            done.result()
    return found


@pytest.fixture(params=SCENARIOS)
def play(request, plays):
    """One played scenario."""
    return plays[request.param]


def test_start_is_accepted(play):
    """The starter's response names the instance."""
    assert (202, play.instance_id) == (play.start.status, play.start.body["id"])


def test_steps_are_answered_as_recorded(play):
    """Events, suspensions and terminations get the recorded status codes, and snapshots the recorded content."""
    assert as_lines(play.expected["steps"]) == as_lines(play.steps)


def test_instance_ends_as_recorded(play):
    """Status code, status, input, output, custom status and history are those of the recording."""
    seen, expected = play.look(), {"status": play.expected["status"], "body": play.expected["body"]}
    if play.expected.get("anyOrder"):
        seen, expected = in_any_order(seen), in_any_order(expected)
    assert as_lines(expected) == as_lines(seen)


def test_sdk_client_sees_what_was_recorded(play):
    """The Python SDK's client reads the same status."""
    assert as_lines(play.expected["client"]) == as_lines(play.client())


def in_any_order(answer):
    """The answer with its history sorted, where the recorded order was the luck of a race."""
    history = sorted(answer["body"]["historyEvents"], key=as_lines)
    return answer | {"body": answer["body"] | {"historyEvents": history}}
