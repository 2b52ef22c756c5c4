"""Real proposals, each under a policy of its own: who does what, how much time passes, and how each must end."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from host_process import REPOSITORY, HostFailed
from world import World, inline

Json = dict[str, Any]

REVIEWS = Path(__file__).resolve().parent / "reviews"
WAIT_SECONDS = 30
FINAL = frozenset({"approved", "rejected", "withdrawn", "expired", "failed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A proposal that has been handed in to a running host, and the people around it."""

    world: World
    id: str

    def does(self, person: str, verb: str, **body: Any) -> None:
        """Let a person do something; `verb` is the last part of the URL."""
        _ask(self.world, "POST", f"/api/proposals/{self.id}/{verb}", person, body)

    def decides(self, person: str, decision: str = "approve", comment: str = "") -> None:
        """Let a person answer, as soon as they are asked, about the document that they see then."""
        seen = self.until(f"{person} was never asked", lambda view: person in view["waitingFor"])
        about = {"document": seen["document"]}
        self.does(person, "decisions", approver=person, decision=decision, comment=comment, **about)

    def waits(self, hours: float) -> None:
        """Let time pass while the proposal waits for somebody."""
        self.until("nobody was ever asked", lambda view: view["waitingFor"])
        self.world.pass_time(hours=hours)

    def until(self, complaint: str, holds: Callable[[Json], Any]) -> Json:
        """Return the proposal as soon as the condition holds."""
        give_up = time.monotonic() + WAIT_SECONDS
        while not holds(view := _ask(self.world, "GET", f"/api/proposals/{self.id}")):
            if time.monotonic() > give_up:
                raise HostFailed(f"{complaint}: {json.dumps(view, indent=2)}")
            time.sleep(0.03)
        return view

    def wait_for_end(self) -> Json:
        """Return the proposal at its end."""
        return self.until(f"{self.id} never ended", lambda view: view["status"] in FINAL)

    def tell(self) -> bool:
        """Print its record in words; returns whether that worked."""
        return _type("audit", "show", self.id, environ={"GREENLIGHT_URL": self.world.host.url})


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewScene:
    """A proposal of `reviews/`, what people do to it, and its end."""

    file: str
    title: str
    end: str
    play: Callable[[Proposal], None]
    documents: tuple[str, ...] = ()

    def tell_policy(self) -> bool:
        """Print its policy in words; returns whether that worked."""
        return _type("policies", str((REVIEWS / self.file).relative_to(REPOSITORY)))

    def hand_in(self, world: World) -> Proposal:
        """Submit it as a system does for its author: people may not bring their own policies."""
        form = json.loads((REVIEWS / self.file).read_text("utf-8"))
        form["attachments"] = [inline(name) for name in self.documents]
        submitted = _ask(world, "POST", "/api/proposals", body=form)
        return Proposal(world=world, id=submitted["proposalId"])


def _type(*words: str, environ: Mapping[str, str] | None = None) -> bool:
    """Print a command as people type it, and its output."""
    print(f"\n$ greenlight {' '.join(words)}", flush=True)
    command = [sys.executable, "-m", "greenlight", *words]
    return subprocess.run(command, cwd=REPOSITORY, env={**os.environ, **(environ or {})}, check=False).returncode == 0


def _ask(world: World, method: str, path: str, person: str | None = None, body: Json | None = None) -> Json:
    """Make a request as a person, or as a system if nobody is named."""
    headers = {"X-Greenlight-User": person} if person else {}
    response = requests.request(method, world.host.url + path, json=body, headers=headers, timeout=60)
    if not response.ok:
        raise HostFailed(f"{method} {path} answered {response.status_code}: {response.text}")
    answered: Json = response.json()
    return answered


def _footbridge(proposal: Proposal) -> None:
    proposal.does("Piotr Nowak", "decisions", approver="Piotr Nowak", decision="approve", comment="Ready when you are.")
    proposal.decides("Jonas Weber")
    proposal.waits(49)
    proposal.does("Amara Okafor", "comments", by="Amara Okafor", comment="I am checking the abutments.")
    proposal.decides("Amara Okafor", comment="The abutments hold.")
    proposal.decides("Helen Okoro", comment="From the crossings budget.")


def _playground(proposal: Proposal) -> None:
    for hours in (25, 24, 24, 72):
        proposal.waits(hours)
    proposal.decides("Sami Virtanen", comment="Before the planting season, then.")


def _library_roof(proposal: Proposal) -> None:
    proposal.decides("Mara Lindqvist")
    proposal.decides("Sven Dahl", "reject", "One stair is not enough for 60 people.")


def _cycle_lane(proposal: Proposal) -> None:
    proposal.decides("Jonas Weber")
    proposal.does("Leila Haddad", "changes", approver="Leila Haddad", comment="Keep two spaces for disabled people.")
    proposal.world.pass_time(hours=30)
    summary = "A lane of 1.5 m on both sides, from the station to the school. Ten parking spaces go."
    proposal.does("Ines Carvalho", "resubmit", by="Ines Carvalho", summary=summary, comment="Two spaces stay.")
    proposal.until("Leila was never asked again", lambda view: "Leila Haddad" in view["waitingFor"])
    proposal.does("Leila Haddad", "delegate", **{"from": "Leila Haddad", "to": "Amara Okafor"})
    proposal.decides("Amara Okafor", "approve with conditions", "Paint it after the frost.")
    proposal.decides("Jonas Weber")


def _market_lights(proposal: Proposal) -> None:
    proposal.waits(48)
    proposal.waits(24)


def _kerb_repairs(proposal: Proposal) -> None:
    proposal.waits(24)


def _tree_avenue(proposal: Proposal) -> None:
    proposal.decides("Kofi Mensah")
    proposal.waits(2)
    proposal.does("Tomasz Zielinski", "withdraw", by="Tomasz Zielinski", reason="A water main lies under the towpath.")


REVIEW_SCENES = (
    ReviewScene(
        file="footbridge.json",
        title="Two of three, the works, then the money",
        documents=("design-proposal.md", "elevation.png", "site-plan.png"),
        play=_footbridge,
        end="approved",
    ),
    ReviewScene(file="playground.json", title="Nobody answers, and it is escalated", play=_playground, end="approved"),
    ReviewScene(file="library-roof.json", title="A veto ends it", play=_library_roof, end="rejected"),
    ReviewScene(
        file="cycle-lane.json", title="Sent back, changed, delegated, approved", play=_cycle_lane, end="approved"
    ),
    ReviewScene(file="market-lights.json", title="Nobody answers at all", play=_market_lights, end="expired"),
    ReviewScene(file="kerb-repairs.json", title="No answer means yes", play=_kerb_repairs, end="approved"),
    ReviewScene(file="tree-avenue.json", title="The author withdraws it", play=_tree_avenue, end="withdrawn"),
)
