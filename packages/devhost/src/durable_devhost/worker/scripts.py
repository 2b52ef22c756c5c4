"""What a step of an orchestrator comes to, in the fields that the host reads."""

from __future__ import annotations

from typing import Any


def script(**fields: Any) -> dict[str, Any]:
    """What the user's code asked for since the last step, as the host reads it.

    `actions` is the SDK's JSON of the new actions. `cancelled` holds the ordinals of timers that were cancelled since
    they were asked for. `done` says that the function returned or continues as new; `output` is compact JSON text.
    `error` is the failure's text. `asked` says that user code has read `is_replaying`. `generation` is the JSON of all
    actions, as they are in the end, of an execution that continues as new and has cancelled a timer: what the real host
    replays then. It is None in every other step.
    """
    nothing: dict[str, Any] = {
        "actions": [], "cancelled": [], "custom_status": None, "done": False, "output": None, "error": None,
        "stack": "", "asked": False, "generation": None,
    }  # fmt: skip
    return {**nothing, **fields}
