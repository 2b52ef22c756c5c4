"""Flags of a query string: `true` or `false`, and nothing that somebody could mean otherwise."""

import azure.functions as func

from clients.web.responses import problem

_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


def read_flag(req: func.HttpRequest, name: str, *, default: bool = False) -> bool | func.HttpResponse:
    """Return a flag, the default where it is left out, or the refusal of anything else: 400."""
    flag = _BOOLEANS.get(req.params.get(name, str(default)).lower())
    if flag is None:
        return problem(
            400, f"{name} is neither true nor false.", f"Send {name}={str(not default).lower()} or leave it out."
        )
    return flag
