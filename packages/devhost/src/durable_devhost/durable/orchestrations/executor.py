"""The SDK's own orchestration executor, kept alive between episodes.

The real host replays an orchestrator from its first event in every episode. Here the generator stays alive and is fed
the new events only, through the same `TaskOrchestrationExecutor` of azure-functions-durable, so its defects are those
of production; after a restart or a lost commit the whole history is fed once (`advance` does not know the difference).
"""

import json
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from azure.durable_functions.models import DurableOrchestrationContext
from azure.durable_functions.models.actions.CompoundAction import CompoundAction
from azure.durable_functions.models.actions.CreateTimerAction import CreateTimerAction
from azure.durable_functions.models.history import HistoryEvent as SdkEvent
from azure.durable_functions.models.TaskOrchestrationExecutor import TaskOrchestrationExecutor
from azure.durable_functions.models.utils.df_serialization import df_dumps

from durable_devhost.durable.orchestrations.actions import Action, read_action
from durable_devhost.durable.ports import Orchestrator
from durable_devhost.model.history import (
    EventRaised,
    EventSent,
    ExecutionStarted,
    HistoryEvent,
    OrchestratorStarted,
    SubOrchestrationCompleted,
    SubOrchestrationFailed,
    TaskCompleted,
    TaskFailed,
    TimerFired,
)
from durable_devhost.model.wire import to_json

_MARKER = "$OutOfProcData$:"
_READ_BY_SDK = (
    OrchestratorStarted,
    ExecutionStarted,
    EventSent,
    TaskCompleted,
    TaskFailed,
    SubOrchestrationCompleted,
    SubOrchestrationFailed,
    TimerFired,
    EventRaised,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What the user's code asked for since the last step.

    `cancelled` holds the ordinals of timers that were cancelled since they were asked for. `done` says that the
    function returned or continues as new; `output` is compact JSON text. `error` is the failure's text.
    """

    actions: tuple[Action, ...] = ()
    cancelled: tuple[int, ...] = ()
    custom_status: str | None = None
    done: bool = False
    output: str | None = None
    error: str | None = None
    stack: str = ""


class OrchestratorExecutor:
    """One execution of one orchestrator function. Not thread-safe, but may move between threads."""

    def __init__(self, orchestrator: Orchestrator, started: ExecutionStarted) -> None:
        self._orchestrator = orchestrator
        self._started = started
        self._executor = TaskOrchestrationExecutor()
        self._context: Any = None
        self._read_actions = 0
        self._timers: list[tuple[int, Any]] = []
        self._timers_seen = 0
        self._next_ordinal = 0
        self._failure: Script | None = None

    def advance(self, events: Sequence[HistoryEvent]) -> Script:
        """Feed the next events of the history, in order, and return what that made the function ask for.

        The first call needs at least OrchestratorStarted and ExecutionStarted in front. Events after the function has
        ended change nothing.
        """
        if self._failure is not None:
            return self._failure
        try:
            if self._context is None:
                self._begin(events)
            else:
                self._feed(events)
            return self._script()
        except Exception as error:  # noqa: BLE001 - whatever user code raises outside its generator fails the instance
            self._failure = Script(done=True, error=f"{type(error).__name__}: {error}", stack=_stack_of(error))
            return self._failure

    def _begin(self, events: Sequence[HistoryEvent]) -> None:
        self._context = DurableOrchestrationContext(
            history=[to_json(event) for event in events],
            instanceId=self._started.instance.instance_id,
            isReplaying=events[1].is_played,
            parentInstanceId=self._started.parent.instance.instance_id if self._started.parent else None,
            input=_parse_token(self._started.input),
            upperSchemaVersion=1,
            upperSchemaVersionNew=2,
            longRunningTimerIntervalDuration="3.00:00:00",
            maximumShortTimerDuration="6.00:00:00",
            defaultHttpAsyncRequestSleepTimeMillseconds=30000,
        )
        self._context._input_expected_type = self._orchestrator.input_type
        try:
            self._executor.execute(self._context, self._context.histories, self._orchestrator.function)
        except Exception as error:
            if _MARKER not in str(error):
                raise

    def _feed(self, events: Sequence[HistoryEvent]) -> None:
        for event in events:
            if self._executor.has_execution_completed:
                return
            if isinstance(event, _READ_BY_SDK):
                sdk_event = SdkEvent(**to_json(event))
                self._context.histories.append(sdk_event)
                self._executor.process_event(sdk_event)

    def _script(self) -> Script:
        status = self._context.custom_status
        script = Script(
            actions=self._new_actions(),
            cancelled=self._newly_cancelled(),
            custom_status=_compact(df_dumps(status)) if status else None,
        )
        if not self._executor.has_execution_completed:
            return script
        state, stack = self._final_state()
        if state.get("error") is not None:
            return replace(script, done=True, error=state["error"], stack=stack)
        output = json.dumps(state["output"], ensure_ascii=False, separators=(",", ":")) if "output" in state else None
        return replace(script, done=True, output=output)

    def _final_state(self) -> tuple[dict[str, Any], str]:
        try:
            state: dict[str, Any] = json.loads(self._executor.get_orchestrator_state_str())
        except Exception as error:
            text = str(error)
            if _MARKER not in text:
                raise
            state = json.loads(text.split(_MARKER, 1)[1])
            return state, _stack_of(error.__cause__ or error)
        return state, ""

    def _new_actions(self) -> tuple[Action, ...]:
        emitted = self._context._actions[0]
        fresh = emitted[self._read_actions :]
        self._read_actions = len(emitted)
        for action in fresh:
            self._remember_timers(action)
        return tuple(read_action(json.loads(df_dumps(action.to_json())), self._take_ordinal) for action in fresh)

    def _take_ordinal(self) -> int:
        self._next_ordinal += 1
        return self._next_ordinal - 1

    def _remember_timers(self, action: Any) -> None:
        """Keep the SDK's timer objects, in the order of their ordinals: cancelling one later only sets its flag."""
        if isinstance(action, CompoundAction):
            for child in action.compound_tasks:
                self._remember_timers(child)
        elif isinstance(action, CreateTimerAction):
            if not action.is_cancelled:
                self._timers.append((self._timers_seen, action))
            self._timers_seen += 1

    def _newly_cancelled(self) -> tuple[int, ...]:
        cancelled = tuple(ordinal for ordinal, action in self._timers if action.is_cancelled)
        if cancelled:
            self._timers = [(ordinal, action) for ordinal, action in self._timers if not action.is_cancelled]
        return cancelled


def _parse_token(text: str | None) -> Any:
    """The `input` of the payload: the stored text as a JSON token, or the text itself where it is no JSON."""
    if text is None:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text


def _compact(text: str) -> str:
    return json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":"))


def _stack_of(error: BaseException) -> str:
    """The user's own frames of `error`, without those of devhost and the SDK."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if "azure/durable_functions" not in frame.filename and frame.filename != __file__
    ]
    return "".join(traceback.format_list(frames))
