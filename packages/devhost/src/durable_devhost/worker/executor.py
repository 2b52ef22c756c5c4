"""The SDK's own orchestration executor, kept alive between episodes.

The real host replays an orchestrator from its first event in every episode. Here the generator stays alive and is fed
the new events only, through the same `TaskOrchestrationExecutor` of azure-functions-durable, so its defects are those
of production; after a restart or a lost commit the whole history is fed once (`advance` does not know the difference).
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import azure.durable_functions as df
from azure.durable_functions.models.actions.CompoundAction import CompoundAction
from azure.durable_functions.models.actions.ContinueAsNewAction import ContinueAsNewAction
from azure.durable_functions.models.actions.CreateTimerAction import CreateTimerAction
from azure.durable_functions.models.history import HistoryEvent
from azure.durable_functions.models.OrchestratorState import OrchestratorState
from azure.durable_functions.models.TaskOrchestrationExecutor import TaskOrchestrationExecutor

from durable_devhost.wire.events import READ_BY_SDK
from durable_devhost.worker import sdk
from durable_devhost.worker.functions import Function
from durable_devhost.worker.leaving import exit_code, exit_text
from durable_devhost.worker.scripts import script
from durable_devhost.worker.tracebacks import failure_text, user_frames

_MARKER = "$OutOfProcData$:"
_SDK = str(Path("azure", "durable_functions"))


sdk.read_times_quickly()
sdk.make_payload_types_once()


class DurableOrchestrationContext(df.DurableOrchestrationContext):  # type: ignore[misc]
    """The SDK's context, which also notes whether user code ever asked if it is being replayed.

    The SDK itself reads and writes the attribute behind the property (1.2 to 1.7), so a read of it is the user's.
    """

    _devhost_asked = False

    @property
    def is_replaying(self) -> bool:
        """Whether the step that runs is a replay, as the SDK has it."""
        self._devhost_asked = True
        return bool(self._is_replaying)


class OrchestratorExecutor:
    """One execution of one orchestrator function. Not thread-safe, but may move between threads.

    `begin` holds the instance's id, its parent's id or None, and its input as JSON text or None.
    """

    def __init__(self, function: Function, begin: Mapping[str, Any]) -> None:
        self._function = function
        self._begun_with = begin
        self._executor = TaskOrchestrationExecutor()
        self._context: Any = None
        self._read_actions = 0
        self._timers: list[tuple[int, Any]] = []
        self._timers_seen = 0
        self._has_cancelled = False
        self._failure: dict[str, Any] | None = None
        self.exit_code: int | None = None
        """Set where user code has called `sys.exit`, which ends the process on Azure."""

    def advance(self, events: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Feed the next events of the history, in order, and return the script of what that made the function ask for.

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
        except BaseException as error:  # noqa: BLE001 - whatever user code raises outside its generator fails the instance
            stack = _stack_of(error)
            told = f"Result: Failure\nException: {failure_text(error)}\nStack: {stack}"
            if isinstance(error, SystemExit):
                self.exit_code = exit_code(error)
                told = exit_text(self.exit_code)
            text = f"One or more errors occurred. ({told})"
            self._failure = script(done=True, error=text, stack=stack, asked=self._has_asked)
            return self._failure

    @property
    def is_over(self) -> bool:
        """Whether user code has run to its end, so that `close` would have nothing to do."""
        generator = getattr(self._executor, "generator", None)
        return generator is not None and generator.gi_frame is None

    def close(self) -> None:
        """End the generator, which runs the user's `finally` blocks; what they raise concerns nobody any more."""
        generator = getattr(self._executor, "generator", None)
        try:
            if generator is not None:
                generator.close()
        except BaseException:  # noqa: BLE001 - the edge of user code: the instance is forgotten already
            return

    @property
    def _has_asked(self) -> bool:
        return self._context is not None and bool(self._context._devhost_asked)

    def _begin(self, events: Sequence[Mapping[str, Any]]) -> None:
        orchestrator = self._function.orchestrator
        self._context = DurableOrchestrationContext(
            history=[dict(event) for event in events],
            instanceId=self._begun_with["instance_id"],
            isReplaying=bool(events[1]["IsPlayed"]),
            parentInstanceId=self._begun_with["parent_instance_id"],
            input=_parse_token(self._begun_with["input"]),
            upperSchemaVersion=1,
            upperSchemaVersionNew=2,
            longRunningTimerIntervalDuration="3.00:00:00",
            maximumShortTimerDuration="6.00:00:00",
            defaultHttpAsyncRequestSleepTimeMillseconds=30000,
        )
        self._context._input_expected_type = self._function.input_type
        try:
            self._executor.execute(self._context, self._context.histories, orchestrator)
        except Exception as error:
            if _MARKER not in str(error):
                raise

    def _feed(self, events: Sequence[Mapping[str, Any]]) -> None:
        for event in events:
            if self._executor.has_execution_completed:
                return
            if event["EventType"] in READ_BY_SDK:
                sdk_event = HistoryEvent(**event)
                self._context.histories.append(sdk_event)
                self._executor.process_event(sdk_event)

    def _script(self) -> dict[str, Any]:
        fields = self._new_fields()
        if not self._executor.has_execution_completed:
            return script(**fields)
        state, stack = self._final_state()
        if state.get("error") is not None:
            return script(**fields, done=True, error=state["error"], stack=stack)
        return script(**fields, done=True, output=_compact(state["output"]) if "output" in state else None)

    def _new_fields(self) -> dict[str, Any]:
        """What is new, in JSON by the SDK's own state object: each version has its own idea of custom objects."""
        emitted = self._context._actions[0]
        fresh = emitted[self._read_actions :]
        self._read_actions = len(emitted)
        for action in fresh:
            self._remember_timers(action)
        cancelled = self._newly_cancelled()
        shown = self._state_of(fresh)
        status = shown.get("customStatus")
        ends_anew = self._has_cancelled and any(isinstance(action, ContinueAsNewAction) for action in fresh)
        return {
            "actions": shown["actions"][0],
            "cancelled": cancelled,
            "custom_status": None if status is None else _compact(status),
            "asked": self._has_asked,
            "generation": self._state_of(emitted)["actions"][0] if ends_anew else None,
        }

    def _state_of(self, actions: list[Any]) -> dict[str, Any]:
        state = OrchestratorState(
            is_done=False,
            actions=[actions],
            output=None,
            replay_schema=self._context._replay_schema,
            custom_status=self._context.custom_status,
        )
        shown: dict[str, Any] = json.loads(state.to_json_string())
        return shown

    def _final_state(self) -> tuple[dict[str, Any], str]:
        try:
            state: dict[str, Any] = json.loads(self._executor.get_orchestrator_state_str())
        except Exception as error:
            text = str(error)
            if _MARKER not in text:
                raise
            cause = error.__cause__ or error
            state = json.loads(text.split(_MARKER, 1)[1])
            # Before 1.3 the state of an exception without a text has no error; later versions name its class.
            return {**state, "error": state.get("error") or str(type(cause))}, _stack_of(cause)
        return state, ""

    def _remember_timers(self, action: Any) -> None:
        """Keep the SDK's timer objects, in the order of their ordinals: cancelling one later only sets its flag."""
        if isinstance(action, CompoundAction):
            for child in action.compound_tasks:
                self._remember_timers(child)
        elif isinstance(action, CreateTimerAction):
            if action.is_cancelled:
                self._has_cancelled = True
            else:
                self._timers.append((self._timers_seen, action))
            self._timers_seen += 1

    def _newly_cancelled(self) -> list[int]:
        cancelled = [ordinal for ordinal, action in self._timers if action.is_cancelled]
        if cancelled:
            self._has_cancelled = True
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


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _stack_of(error: BaseException) -> str:
    """The user's own frames of `error`, without those of devhost and the SDK."""
    return "".join(traceback.format_list([frame for frame in user_frames(error) if _SDK not in frame.filename]))
