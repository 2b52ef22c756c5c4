"""What a generation of an orchestration that continues as new passes to the next one. Pure.

The executor of DurableTask carries over the external events that come after `continue_as_new` in the host's eyes
(DurableTask.Core `TaskOrchestrationContext.HandleEventRaisedEvent`). The host replays the generation when it ends, and
a timer that the function has cancelled is cancelled as soon as the replay creates it: a `task_any` with it is done at
once, and what follows is called there (extension `OutOfProcOrchestrationShim.InvokeAPIFromAction`). So every event
since then is carried over, also one that the function has heard; it hears that again. If nothing else is waited for
in between, it never stops.
"""

from collections.abc import Sequence

from durable_devhost.durable.actions import Action
from durable_devhost.durable.decisions import ContinuedAsNew
from durable_devhost.durable.orchestrations.decider import OrchestrationDecider
from durable_devhost.durable.orchestrations.pending import Scheduler
from durable_devhost.durable.script import Script
from durable_devhost.model.history import EventRaised, ExecutionStarted, HistoryEvent

MAX_GENERATIONS = 1_000
"""This many generations in one episode, each with events of the one before it, count as an endless loop."""


class EndlessLoop(Exception):
    """An orchestrator continues as new repeatedly, because it hears one event again and again."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"Orchestrator '{name}' has continued as new {MAX_GENERATIONS:,} times in one step. After a timer was "
            "cancelled, continue_as_new hands the event that ended the wait on to the next generation, which hears it "
            "again: on Azure this never ends. Await an activity before the wait, and pass over what was heard already."
        )


def carried_over(
    end: ContinuedAsNew,
    started: ExecutionStarted,
    scheduler: Scheduler,
    actions: Sequence[Action],
    history: Sequence[HistoryEvent],
) -> tuple[EventRaised, ...]:
    """The events of the generation with which the next one begins, in their order.

    `end` is how the generation ended while it was live, `actions` are all of its actions and `history` all of its
    events. If a replay does not end so, because a cancelled timer has cut retries, `end` counts.
    """
    replay = OrchestrationDecider(started, scheduler)
    replay.extend(Script(actions=tuple(actions), is_done=True))
    for event in history:
        replay.apply(event)
    replayed = replay.decide(history[-1].timestamp, lambda: "").end
    return replayed.carried if isinstance(replayed, ContinuedAsNew) else end.carried
