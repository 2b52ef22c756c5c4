"""The actions of an orchestrator function in one step, as the worker reports them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from durable_devhost.dotnet.json_reader import JsonReaderError
from durable_devhost.dotnet.payloads import as_newtonsoft, check_depth
from durable_devhost.durable.actions import Action, read_action


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """The actions of the user's code since the last step.

    `cancelled` holds the ordinals of timers that were cancelled after they were set. `is_done` says that the
    function returned or continues as new; `output` is compact JSON text. `error` is the failure's text, `stack` the
    user's own frames. `has_read_is_replaying` says that the function has read `context.is_replaying` in this execution.
    `generation` has all actions, as they are in the end, of an execution that continues as new and has cancelled a
    timer.
    """

    actions: tuple[Action, ...] = ()
    cancelled: tuple[int, ...] = ()
    custom_status: str | None = None
    is_done: bool = False
    output: str | None = None
    error: str | None = None
    stack: str = ""
    has_read_is_replaying: bool = False
    generation: tuple[Action, ...] = ()


def read_script(message: Mapping[str, Any], next_ordinal: Callable[[], int]) -> Script:
    """The script in a worker's answer; `next_ordinal` numbers the timers of the execution. Raises UnknownAction.

    The host converts output and custom status: more than 64 levels, the object around them included, fail
    the instance.
    """
    try:
        for name in ("output", "custom_status"):
            if message[name] is not None:
                check_depth(f'{{"{name}":{message[name]}}}')
    except JsonReaderError as error:
        return Script(
            is_done=True, error=f"One or more errors occurred. ({error})", has_read_is_replaying=message["asked"]
        )
    return Script(
        actions=tuple(read_action(action, next_ordinal) for action in message["actions"]),
        cancelled=tuple(message["cancelled"]),
        custom_status=_mended(message["custom_status"]),
        is_done=message["done"],
        output=_mended(message["output"]),
        error=message["error"],
        stack=message["stack"],
        has_read_is_replaying=message["asked"],
        generation=_read_generation(message["generation"]),
    )


def _read_generation(actions: Sequence[Mapping[str, Any]] | None) -> tuple[Action, ...]:
    ordinals = count()
    return tuple(read_action(action, ordinals.__next__) for action in actions or ())


def _mended(text: str | None) -> str | None:
    return None if text is None else as_newtonsoft(text)
