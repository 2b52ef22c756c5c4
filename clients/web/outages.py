"""Responses of HTTP functions while storage or the host's durable API fails: 503, and whether to send it again.

After such a failure it is unknown whether the request was carried out: a call may have succeeded although its response
was lost. So each function says whether the same request may be repeated without being done twice.
"""

import inspect
import json
import logging
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import aiohttp
import azure.functions as func
from azure.core.exceptions import AzureError

from clients.web.responses import problem
from gateways.instances import ListFailed
from gateways.keys import KeysWrong
from services.instances import HubFailed
from services.review_changes import Contention

log = logging.getLogger("greenlight.outages")

P = ParamSpec("P")
R = TypeVar("R")

_OUTAGES = (
    AzureError,
    HubFailed,
    ListFailed,
    aiohttp.ClientError,
    ConnectionError,
    TimeoutError,
    json.JSONDecodeError,
    Contention,
    KeysWrong,
)
"""Errors of storage, also refused access; errors of the durable API, from the SDK's HTTP client and its JSON parser;
lost races against other requests; and keys that are not configured."""

RETRY_AFTER_S = 5
"""Seconds. The SDK has already tried for longer than that."""

Respond = Callable[[func.HttpRequest, Exception], func.HttpResponse]
"""Makes the response to a request during an outage."""


def answers_outages(respond: Respond) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Wrap an HTTP function with the parameter `req`, so that `respond` answers during an outage.

    It must be directly above the function, below the decorators of its triggers. Other errors are raised: they are
    defects, and the host answers 500.
    """

    def wrap(function: Callable[P, R]) -> Callable[P, R]:
        if inspect.iscoroutinefunction(function):

            @wraps(function)
            async def awaited(*args: P.args, **kwargs: P.kwargs) -> Any:
                try:
                    return await function(*args, **kwargs)
                except Exception as error:
                    if not is_outage(error):
                        raise
                    return _respond(respond, kwargs["req"], error)

            return awaited  # type: ignore[return-value]  # it is awaited like `function`

        @wraps(function)
        def called(*args: P.args, **kwargs: P.kwargs) -> Any:
            try:
                return function(*args, **kwargs)
            except Exception as error:
                if not is_outage(error):
                    raise
                return _respond(respond, kwargs["req"], error)

        return called

    return wrap


def is_outage(error: Exception) -> bool:
    """Say whether storage or the durable API failed. Only the SDK raises a bare `Exception`."""
    return isinstance(error, _OUTAGES) or type(error) is Exception


def _respond(respond: Respond, req: Any, error: Exception) -> func.HttpResponse:
    log.error("%s could not be served: %s", req.method, type(error).__name__, exc_info=error)
    return respond(req, error)


def while_reading(req: func.HttpRequest, error: Exception) -> func.HttpResponse:  # noqa: ARG001  see `Respond`
    """Answer a request that changes nothing."""
    return unavailable(error, "Send the request again.", send_again=True)


def while_recording(req: func.HttpRequest, error: Exception) -> func.HttpResponse:  # noqa: ARG001  see `Respond`
    """Answer a request that counts only once, even if it is repeated."""
    return unavailable(error, "Send the same request again: if it was recorded, it is recognised.", send_again=True)


def while_starting(req: func.HttpRequest, error: Exception) -> func.HttpResponse:
    """Answer a request that starts something. A repeated one is recognised by the id that its sender chose."""
    if req.params.get("id"):
        what_to_do = "Send the same request again with the same id: if it was accepted, it is found, not started again."
        return unavailable(error, what_to_do, send_again=True)
    what_to_do = (
        "It may have been accepted, with an id that you do not know. Check this before you send it again. "
        "If you choose an id with ?id=, you may send the same request again until a response comes."
    )
    return unavailable(error, what_to_do, send_again=False)


def retry_after(error: Exception) -> str:
    """Return the value of Retry-After in seconds."""
    return "1" if isinstance(error, Contention) else str(RETRY_AFTER_S)


def unavailable(error: Exception, what_to_do: str, *, send_again: bool) -> func.HttpResponse:
    """Return the 503; `send_again` says whether the same request may be repeated without being done twice."""
    if isinstance(error, KeysWrong):
        return problem(503, f"{error}.", "Tell an operator.", code="notConfigured", send_again=send_again)
    crowded = isinstance(error, Contention)
    return problem(
        503,
        f"{error}." if crowded else "The storage of the app did not respond correctly.",
        what_to_do,
        headers={"Retry-After": retry_after(error)},
        code="crowded" if crowded else "unavailable",
        send_again=send_again,
    )
