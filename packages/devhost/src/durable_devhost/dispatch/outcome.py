"""How an invocation ended: a closed union that callers match."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """The function returned and its outputs are stored.

    `value` is what a caller has to carry on: for an HTTP function the `func.HttpResponse` or `str` (None where the
    function declares no HTTP output: an empty 200), for an activity and an entity the result as JSON text, None for
    the others. `outputs` holds what was set on output parameters, by parameter name.
    """

    value: Any = None
    outputs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """The function, or the conversion of its input or output, failed.

    `message` is `ValueError: boom`, the text that the real worker reports; `stack` is the traceback in Python's own
    form, without heading and without frames of devhost.
    """

    type_name: str
    message: str
    stack: str
    exception: BaseException


Outcome = Returned | Raised
