"""The main job in four steps, on a real task hub: hand in, approve through the queue, let one escalate, look back.

Run it with `make demo`, or `python examples/demo.py` in the virtual environment. It starts a devhost and an Azurite of
its own and ends with 0 only if one proposal was approved and the other escalated.
"""

import base64
import json
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from azure.core.exceptions import ResourceExistsError
from azure.storage.queue import QueueClient
from host_process import Host, HostFailed, running_host
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from timeline import timeline

EXAMPLE = Path(__file__).resolve().parent / "footbridge"
ATTACHMENTS = {
    "design-proposal.md": "text/markdown",
    "elevation.png": "image/png",
    "site-plan.png": "image/png",
}
WAIT_SECONDS = 60
COUNT_SECONDS = 10
COUNTED = {"submitted": 2, "approved": 1, "rejected": 0, "escalated": 1}


@dataclass(slots=True)
class Meter:
    """What the host spent on one proposal."""

    calls: int = 0
    ms: float = 0.0

    @contextmanager
    def measuring(self, host: Host) -> Iterator[None]:
        """Add the calls and the time inside the block; they include the host's idle polling."""
        calls, begun = _storage_calls(host), time.perf_counter()
        yield
        self.ms += (time.perf_counter() - begun) * 1000
        self.calls += _storage_calls(host) - calls


@dataclass(slots=True)
class Submission:
    """One proposal that was handed in."""

    id: str
    title: str
    status_url: str
    meter: Meter


def main() -> int:
    """Play the demo; returns the exit status."""
    console = Console()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with ExitStack() as running:
            with console.status("Starting Azurite and the host on free ports ..."):
                host = running.enter_context(running_host())
            return _play(host, console)
    except HostFailed as error:
        console.print(Panel(str(error), title="The demo failed", border_style="red"), markup=False)
        return 1
    except KeyboardInterrupt:
        console.print("Stopped; nothing is left running.")
        return 130


def _play(host: Host, console: Console) -> int:
    info = host.get("/admin/devhost/info")
    console.print(f"[bold]Greenlight[/] on {host.url}, task hub {info['hub']}, {info['clock']['kind']} clock\n")

    console.rule("1  Hand in a design proposal", align="left")
    bridge = _hand_in(host, console, "proposal.json", ATTACHMENTS)

    console.rule("2  Approve it through approval-queue", align="left")
    _approve(host, console, bridge, info["storage"]["connectionString"])

    console.rule("3  Hand in another, and let 72 hours pass", align="left")
    playground = _hand_in(host, console, "playground.json", {})
    _let_time_pass(host, console, playground, hours=72)

    console.rule("4  Look back", align="left")
    outcomes = [_look_back(host, console, proposal) for proposal in (bridge, playground)]
    counters = _count(host)
    _account(console, (bridge, playground), outcomes, counters)
    if outcomes == ["approved", "escalated"] and counters == COUNTED:
        console.print("\n[bold green]Both proposals ended as expected.[/]")
        console.print("Try this next: make run")
        return 0
    console.print(f"\n[bold red]Not as expected:[/] outcomes {outcomes}, counters {counters}")
    return 1


def _hand_in(host: Host, console: Console, name: str, attachments: dict[str, str]) -> Submission:
    """Post a proposal with its attachments and wait until it waits for an answer."""
    proposal = json.loads((EXAMPLE / name).read_text("utf-8"))
    proposal["attachments"] = [_inline(file, kind) for file, kind in attachments.items()]
    meter = Meter()
    with meter.measuring(host):
        response = requests.post(f"{host.url}/api/orchestrators/ApprovalWorkflow", json=proposal, timeout=60)
        if response.status_code != 202:
            raise HostFailed(f"handing in answered {response.status_code}: {response.text}")
        handed = Submission(response.json()["id"], proposal["title"], response.headers["Location"], meter)
        waiting = _until(handed, 202, "waiting")
    console.print(f"   {proposal['title']}, {proposal['estimatedCost']:,} {proposal['currency']}", highlight=False)
    for file in attachments:
        console.print(f"   with {file} ({(EXAMPLE / file).stat().st_size:,} bytes)", highlight=False)
    console.print("   POST /api/orchestrators/ApprovalWorkflow  [bold yellow]202 Accepted[/]", highlight=False)
    console.print(f"   Location: {_without_key(handed.status_url)}", markup=False, highlight=False, soft_wrap=True)
    custom = waiting["customStatus"]
    console.print(
        f"   GET Location  [bold yellow]202[/]  waits for {custom['approver']} until {custom['deadline'][:16]}\n"
    )
    return handed


def _approve(host: Host, console: Console, proposal: Submission, connection: str) -> None:
    """Send the decision with the Azure Queue SDK, as any other system would."""
    message = {"instanceId": proposal.id, "approved": True, "approver": "Mara Lindqvist", "comment": "Order the steel."}
    with proposal.meter.measuring(host):
        with QueueClient.from_connection_string(connection, "approval-queue") as queue:
            with suppress(ResourceExistsError):
                queue.create_queue()
            queue.send_message(json.dumps(message))
        ended = _until(proposal, 200)
    console.print(f"   approval-queue: {json.dumps(message)}", markup=False, highlight=False, soft_wrap=True)
    console.print(f"   GET Location  [bold green]200[/]  {ended['runtimeStatus']}: {ended['output']['outcome']}\n")


def _let_time_pass(host: Host, console: Console, proposal: Submission, hours: int) -> None:
    """Move the virtual clock and show the result."""
    with proposal.meter.measuring(host):
        moved = host.post("/admin/devhost/clock", {"hours": hours})
        ended = _until(proposal, 200)
    output = ended["output"]
    console.print(f"   POST /admin/devhost/clock  it is now {moved['now'][:16]}", highlight=False)
    console.print(
        f"   GET Location  [bold green]200[/]  {output['outcome']} to {output['decidedBy']}\n", highlight=False
    )


def _look_back(host: Host, console: Console, proposal: Submission) -> str:
    """Print a proposal's history and return its outcome."""
    found = host.get(f"/api/orchestrations/{proposal.id}?showHistory=true&showHistoryOutput=true")
    console.print(timeline(proposal.title, found["historyEvents"]), "")
    output = found["output"]
    return output["outcome"] if isinstance(output, dict) else str(output)


def _count(host: Host) -> dict[str, int]:
    """Read the counters; signals update them, and may arrive a moment later."""
    give_up = time.monotonic() + COUNT_SECONDS
    while True:
        counters = {name: host.get(f"/api/counters/{name}")["value"] for name in COUNTED}
        if counters == COUNTED or time.monotonic() > give_up:
            return counters
        time.sleep(0.05)


def _account(
    console: Console, proposals: tuple[Submission, ...], outcomes: list[str], counters: dict[str, int]
) -> None:
    table = Table("proposal", "outcome", "storage calls", "ms", title="What it took", title_justify="left")
    for proposal, outcome in zip(proposals, outcomes, strict=True):
        table.add_row(proposal.title, outcome, str(proposal.meter.calls), f"{proposal.meter.ms:,.0f}")
    console.print(table)
    console.print("   counters: " + ", ".join(f"{name} {value}" for name, value in counters.items()))


def _until(proposal: Submission, code: int, state: str | None = None) -> dict[str, Any]:
    """Poll the status URL until it answers `code`, and shows `state` if one is given.

    Raises HostFailed if the proposal fails or it takes too long.
    """
    give_up = time.monotonic() + WAIT_SECONDS
    while True:
        response = requests.get(proposal.status_url, timeout=60)
        status: dict[str, Any] = response.json()
        if status["runtimeStatus"] == "Failed" or response.status_code >= 400 or time.monotonic() > give_up:
            raise HostFailed(f"{proposal.title!r} got stuck: {response.status_code} {json.dumps(status)}")
        if response.status_code == code and state in (None, (status["customStatus"] or {}).get("state")):
            return status
        time.sleep(0.05)


def _inline(file: str, content_type: str) -> dict[str, str]:
    content = base64.b64encode((EXAMPLE / file).read_bytes()).decode()
    return {"name": file, "contentType": content_type, "content": content}


def _storage_calls(host: Host) -> int:
    calls: int = host.get("/admin/devhost/info")["storageCalls"]["total"]
    return calls


def _without_key(url: str) -> str:
    return url.split("code=")[0].rstrip("?&")


if __name__ == "__main__":
    sys.exit(main())
