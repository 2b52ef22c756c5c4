"""Flags in a query string: only `true` or `false` (or 1 or 0)."""

import azure.functions as func

from clients.web.responses import problem

_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


def read_flag(req: func.HttpRequest, name: str, *, default: bool = False) -> bool | func.HttpResponse:
    """Return a flag, the default if it is left out, or the refusal of any other value: 400."""
    flag = _BOOLEANS.get(req.params.get(name, str(default)).lower())
    if flag is None:
        return problem(
            400, f"{name} must be true or false.", f"Send {name}={str(not default).lower()} or leave it out."
        )
    return flag
