"""One scene a workflow: what is handed in, what happens around it, and how it must end."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from world import EXAMPLE, World, inline

NEIGHBOUR = "http://localhost:7099"
"""A placeholder in the forms for the server that plays the other systems; its port is chosen when it starts."""

Play = Callable[[World, str], None]


def _nothing_happens(*_: object) -> None:
    """The workflow ends by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A workflow on real input."""

    workflow: str
    title: str
    form: Callable[[], dict[str, Any]]
    end: Mapping[str, Any] | bool
    """The output, or the fields of it that must match."""
    play: Play = _nothing_happens

    def form_for(self, world: World) -> dict[str, Any]:
        """Return the form to post, with the current address of the other systems."""
        form: dict[str, Any] = json.loads(json.dumps(self.form()).replace(NEIGHBOUR, world.neighbour.url))
        return form

    def ended_as_it_should(self, output: Any) -> bool:
        """Compare the output with the expected end."""
        if isinstance(self.end, bool):
            return output is self.end
        return isinstance(output, dict) and all(output.get(key) == value for key, value in self.end.items())


def _proposal(name: str = "proposal.json", **more: Any) -> dict[str, Any]:
    form: dict[str, Any] = json.loads((EXAMPLE / name).read_text("utf-8"))
    return {**form, **more}


FILES = ("design-proposal.md", "elevation.png", "site-plan.png")


def _approves(world: World, instance: str) -> None:
    world.answer(instance, "ApprovalEvent", approved=True)


def _lets_time_pass(hours: float) -> Play:
    def play(world: World, instance: str) -> None:
        world.until(instance, "waiting")
        world.pass_time(hours=hours)

    return play


def _finishes_the_job(world: World, _instance: str) -> None:
    world.put_job("footbridge-works", "running", "piles driven")
    world.pass_time(hours=0.05)
    world.put_job("footbridge-works", "completed", "opened to the public")
    world.pass_time(hours=0.05)


def _sees_ten_days_pass(world: World, _instance: str) -> None:
    for _ in range(10):
        world.pass_time(hours=24)


def _goes_the_whole_way(world: World, instance: str) -> None:
    world.answer(world.part(instance, "in approval"), "ApprovalEvent", approved=True)
    world.answer(world.part(instance, "in budget approval"), "Approval", approved=True)
    world.until(instance, "carrying out")
    _sees_ten_days_pass(world, instance)


SCENES = (
    Scene(
        workflow="Chaining",
        title="Intake of the footbridge",
        form=lambda: _proposal(attachments=[inline("design-proposal.md")]),
        end={"outcome": "published"},
    ),
    Scene(
        workflow="Chaining",
        title="The same title again: what was done is undone",
        form=lambda: _proposal(attachments=[inline("design-proposal.md")]),
        end={"outcome": "undone"},
    ),
    Scene(
        workflow="FanOutFanIn",
        title="Checks of a document and two pictures",
        form=lambda: {"attachments": [inline(file) for file in FILES]},
        end={"attachments": 3},
    ),
    Scene(
        workflow="ScaleImages",
        title="Scaled copies of the elevation",
        form=lambda: {"image": inline("elevation.png")},
        end={"outcome": "scaled"},
    ),
    Scene(
        workflow="TryGetQuote",
        title="A quote for the railing, in time",
        form=lambda: {"item": "railing", "quantity": 37, "supplierUrl": f"{NEIGHBOUR}/quote"},
        end=True,
    ),
    Scene(
        workflow="ReserveBudget",
        title="Money for the footbridge",
        form=lambda: {"budget": "crossings-2026", "amount": 148500, "limit": 250000},
        end={"outcome": "booked"},
    ),
    Scene(
        workflow="ReserveBudget",
        title="More than is left",
        form=lambda: {"budget": "crossings-2026", "amount": 148500},
        end={"outcome": "refused"},
    ),
    Scene(
        workflow="ApprovalWorkflow",
        title="The footbridge is approved",
        form=lambda: _proposal(),
        play=_approves,
        end={"outcome": "approved"},
    ),
    Scene(
        workflow="ApprovalWorkflow",
        title="Nobody answers for the playground",
        form=lambda: _proposal("playground.json"),
        play=_lets_time_pass(72),
        end={"outcome": "escalated"},
    ),
    Scene(
        workflow="BudgetApproval",
        title="The budget owner does not answer",
        form=lambda: {"title": "Steel", "requestedBy": "Ines Carvalho", "amount": 61800, "windowHours": 24},
        play=_lets_time_pass(24),
        end={"outcome": "expired"},
    ),
    Scene(
        workflow="MonitorJobStatus",
        title="The works are watched",
        form=lambda: {"jobId": "footbridge-works"},
        play=_finishes_the_job,
        end={"outcome": "completed"},
    ),
    Scene(
        workflow="BillingIssuer",
        title="Ten bills in ten days",
        form=lambda: {"account": "Town works", "amount": 1485},
        play=_sees_ten_days_pass,
        end={"outcome": "billed", "bills": 10},
    ),
    Scene(
        workflow="CallWebhook",
        title="Another system answers at the third attempt",
        form=lambda: {"url": f"{NEIGHBOUR}/flaky?failures=2", "body": {"outcome": "approved"}},
        play=lambda world, _: world.pass_time(hours=1),
        end={"outcome": "delivered"},
    ),
    Scene(
        workflow="ProposalLifecycle",
        title="A bench by the water, from start to end",
        form=lambda: _proposal(
            title="Bench by the water",
            attachments=[inline(file) for file in FILES],
            supplierUrl=f"{NEIGHBOUR}/quote",
            jobId="footbridge-works",
            billTo="Town works",
            webhookUrl=f"{NEIGHBOUR}/hook",
        ),
        play=_goes_the_whole_way,
        end={"outcome": "approved", "quoted": True, "job": "completed", "billing": "billed", "webhook": "delivered"},
    ),
)
