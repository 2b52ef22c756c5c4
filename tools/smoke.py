"""Tells whether a deployed app works: hands in proposals, approves them through the queue, and waits until they end.

Run it after every deployment, and in CI against the real host:

    python tools/smoke.py --url http://localhost:7071 --storage "UseDevelopmentStorage=true"
    GREENLIGHT_KEY=<function key> python tools/smoke.py --url https://<app>.azurewebsites.net \
        --storage https://<data account>.queue.core.windows.net

It tries a bare workflow and a proposal with a record, and ends with 0 only if both ended as
approved by the person in the message, and the record is whole. What it hands in is called "Smoke test".
"""

import argparse
import json
import os
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import requests
from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.identity import DefaultAzureCredential
from azure.storage.queue import QueueClient

QUEUE = "approval-queue"
AUTHOR = "Whoever deployed"
APPROVER = "Smoke Test"
"""Two people: nobody may decide what they wrote themselves."""
OPEN = ("checking", "inReview")
PAUSE_SECONDS = 0.5
CALL_SECONDS = 30


class SmokeFailed(Exception):
    """Says which step failed, why, and what to look at next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The app under test.

    `storage` is a connection string, or the https address of the data account's queues, which is used with the identity
    that `az login` or `azd auth login` left. `patience` is in seconds, for each of the steps that wait.
    """

    url: str
    storage: str
    key: str
    patience: float


def main(arguments: Sequence[str]) -> int:
    """Run the steps and print one line each; returns the exit status."""
    target = read_target(arguments)
    begun = time.monotonic()
    try:
        wait_until_ready(target)
        _say("ready", target.url)
        try_workflow(target)
        try_proposal(target)
    except SmokeFailed as failed:
        print(f"smoke test failed: {failed}", file=sys.stderr)
        return 1
    _say("works", f"{time.monotonic() - begun:.1f} s in all")
    return 0


def try_workflow(target: Target) -> None:
    """Take the bare workflow from its start to its end: the host, the task hub, the queue, the tables."""
    instance_id, status_url = hand_in(target)
    _say("handed in", instance_id)
    wait_for(target, status_url, "waiting", lambda status: _state(status) == "waiting")
    _say("waiting", "for an answer")
    approve(target, instance_id)
    _say("answered", f"through {QUEUE}")
    ended = wait_for(target, status_url, "Completed", lambda status: status["runtimeStatus"] == "Completed")
    check_outcome(ended)
    _say("Completed", f"approved by {APPROVER}")


def try_proposal(target: Target) -> None:
    """Take a proposal with a record the same way: its containers and its list too. Skipped if people sign in."""
    form: dict[str, Any] = {
        "title": "Smoke test",
        "author": AUTHOR,
        "summary": "Handed in by tools/smoke.py; nobody needs to act.",
        "policy": {"stages": [{"name": "smoke", "approvers": [APPROVER]}]},
    }
    answer = _call(target, "POST", f"proposals?id=smoke-{uuid.uuid4().hex}", form)
    if answer.status_code == 401:
        _say("skipped", "proposals are only for people who sign in here")
        return
    if answer.status_code != 202:
        raise SmokeFailed(f"handing a proposal in answered {answer.status_code}: {answer.text[:500]}")
    proposal_id = str(answer.json()["proposalId"])
    _say("on record", proposal_id)
    wait_for_proposal(target, proposal_id, "inReview")
    approve(target, proposal_id)
    ended = wait_for_proposal(target, proposal_id, "approved")
    if (ended.get("outcome") or {}).get("decidedBy") != APPROVER:
        raise SmokeFailed(f"the proposal was approved, but not by {APPROVER}: {json.dumps(ended.get('outcome'))}")
    verdict = _call(target, "GET", f"proposals/{proposal_id}/audit?verify=true").json().get("verdict") or {}
    if verdict.get("ok") is not True:
        raise SmokeFailed(f"the proposal's record is not whole: {json.dumps(verdict)[:500]}")
    _say("approved", f"by {APPROVER}, and the record is whole")


def read_target(arguments: Sequence[str]) -> Target:
    """Read the command line; the key comes from the environment, where no list of processes shows it."""
    parser = argparse.ArgumentParser(prog="smoke.py", description="Hand in a proposal, approve it, see it end.")
    parser.add_argument("--url", required=True, help="where the app is, such as https://<app>.azurewebsites.net")
    parser.add_argument("--storage", required=True, help="connection string, or https address of the account's queues")
    parser.add_argument("--wait", type=float, default=120, metavar="SECONDS", help="patience of a step; default: 120")
    asked = parser.parse_args(arguments)
    key = os.environ.get("GREENLIGHT_KEY", "")
    return Target(url=asked.url.rstrip("/"), storage=asked.storage, key=key, patience=asked.wait)


def wait_until_ready(target: Target) -> None:
    """Wait until the host has loaded the app; raises SmokeFailed for a wrong key at once."""
    give_up = time.monotonic() + target.patience
    while True:
        seen = _catalogue(target)
        if seen == "200":
            return
        if seen in ("401", "403"):
            raise SmokeFailed(f"{target.url} answers {seen}. Put the app's default host key into GREENLIGHT_KEY.")
        if time.monotonic() > give_up:
            raise SmokeFailed(
                f"{target.url} is not ready after {target.patience:.0f} s: {seen}. "
                "Look at the host's log: the app may not have been loaded, or storage may refuse it."
            )
        time.sleep(PAUSE_SECONDS)


def hand_in(target: Target) -> tuple[str, str]:
    """Start one approval; returns its id and its status address, which holds a key and is never printed."""
    proposal = {
        "title": "Smoke test",
        "submittedBy": AUTHOR,
        "summary": "Handed in by tools/smoke.py; nobody needs to act.",
    }
    response = _call(target, "POST", f"orchestrators/ApprovalWorkflow?id=smoke-{uuid.uuid4().hex}", proposal)
    if response.status_code != 202 or "Location" not in response.headers:
        raise SmokeFailed(f"handing in answered {response.status_code}: {response.text[:500]}")
    return str(response.json()["id"]), response.headers["Location"]


def approve(target: Target, instance_id: str) -> None:
    """Send the decision as another system would, and make the queue if an emulator has none yet."""
    message = json.dumps({"instanceId": instance_id, "approved": True, "approver": APPROVER})
    try:
        with open_queue(target.storage) as queue:
            try:
                queue.send_message(message)
            except ResourceNotFoundError:
                queue.create_queue()
                queue.send_message(message)
    except (AzureError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise SmokeFailed(
            f"{QUEUE} takes no message: {reason} "
            "The sender needs the role Storage Queue Data Message Sender on it, and network access to the account."
        ) from error


def open_queue(storage: str) -> QueueClient:
    """Open the queue by connection string, or by its account's address with the identity that is signed in."""
    if storage.startswith("https://"):
        credential = DefaultAzureCredential(exclude_managed_identity_credential=True)
        return QueueClient(storage, QUEUE, credential=credential)
    return QueueClient.from_connection_string(storage, QUEUE)


def wait_for(target: Target, status_url: str, what: str, reached: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Poll the status until it is reached; raises SmokeFailed when the instance ends otherwise or time is up."""
    give_up = time.monotonic() + target.patience
    while True:
        status = _status(status_url)
        if status and reached(status):
            return status
        runtime = status["runtimeStatus"] if status else "unknown"
        if runtime in ("Failed", "Terminated", "Completed"):
            raise SmokeFailed(f"the proposal is {runtime}, not {what}: {_shown_fields(status)}")
        if time.monotonic() > give_up:
            raise SmokeFailed(
                f"the proposal is not {what} after {target.patience:.0f} s, its status is {runtime}: "
                f"{_shown_fields(status)}. "
                "Look for it in the host's log, and for its message in approval-queue-poison."
            )
        time.sleep(PAUSE_SECONDS)


def wait_for_proposal(target: Target, proposal_id: str, status: str) -> dict[str, Any]:
    """Poll the proposal until it has the status; raises SmokeFailed when it ends otherwise or time is up."""
    give_up = time.monotonic() + target.patience
    while True:
        answer = _call(target, "GET", f"proposals/{proposal_id}")
        if answer.status_code != 200:
            raise SmokeFailed(f"the proposal {proposal_id} answers {answer.status_code}: {answer.text[:500]}")
        shown: dict[str, Any] = answer.json()
        if shown["status"] == status:
            return shown
        if shown["status"] not in OPEN or time.monotonic() > give_up:
            raise SmokeFailed(
                f"the proposal is {shown['status']}, not {status} within {target.patience:.0f} s. "
                "Look for its id in the host's log, and for its message in approval-queue-poison."
            )
        time.sleep(PAUSE_SECONDS)


def check_outcome(ended: dict[str, Any]) -> None:
    """Raise SmokeFailed unless the proposal was approved by the person in the message."""
    output = ended["output"]
    if not isinstance(output, dict) or (output.get("outcome"), output.get("decidedBy")) != ("approved", APPROVER):
        raise SmokeFailed(f"the proposal ended, but not as approved by {APPROVER}: {_shown_fields(ended)}")


def _catalogue(target: Target) -> str:
    """Ask for the list of workflows; returns the status code, or why there was none."""
    try:
        return str(_call(target, "GET", "workflows").status_code)
    except SmokeFailed as failed:
        return str(failed)


def _call(target: Target, method: str, path: str, body: object = None) -> requests.Response:
    """Call a route of the app; raises SmokeFailed if no answer comes."""
    headers = {"x-functions-key": target.key} if target.key else {}
    try:
        return requests.request(
            method,
            f"{target.url}/api/{path}",
            json=body,
            headers=headers,
            timeout=CALL_SECONDS,
            allow_redirects=False,
        )
    except requests.RequestException as error:
        route = path.partition("?")[0]
        raise SmokeFailed(f"{method} /api/{route} got no answer, {type(error).__name__}: see the host's log") from error


def _status(status_url: str) -> dict[str, Any] | None:
    """Read the status; None if the host does not answer now."""
    try:
        response = requests.get(status_url, timeout=CALL_SECONDS, allow_redirects=False)
    except requests.RequestException:
        return None
    if response.status_code not in (200, 202):
        return None
    status: dict[str, Any] = response.json()
    return status


def _state(status: dict[str, Any]) -> str | None:
    custom = status.get("customStatus")
    return custom.get("state") if isinstance(custom, dict) else None


def _shown_fields(status: dict[str, Any] | None) -> str:
    shown = {name: status.get(name) for name in ("customStatus", "output")} if status else {}
    return json.dumps(shown)[:500]


def _say(what: str, about: str) -> None:
    print(f"{what:<11} {about}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
