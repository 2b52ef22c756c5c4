"""What HTTP functions answer while storage, or the durable API of the host, fails: 503, and what may be sent again.

Such a failure says nothing about whether the request was carried out: a call may have had its effect before its answer
was lost. So each function says whether the same may be sent again without being done twice.
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
"""Storage, also where it refuses us; the durable API as the SDK's HTTP client and its reader of JSON tell of it; others
who were faster, time after time; and keys that an operator has yet to set."""

RETRY_AFTER_S = 5
"""The SDK has tried for longer than that already."""

Tell = Callable[[func.HttpRequest, Exception], func.HttpResponse]
"""Makes the answer to a request that met an outage."""


def answers_outages(tell: Tell) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Wrap an HTTP function, which has the request as `req`, so that an outage is answered by `tell`.

    Stands right above the function, below the decorators of its triggers. Errors that are no outage go on: they are
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
                    return _told(tell, kwargs["req"], error)

            return awaited  # type: ignore[return-value]  # it is awaited as `function` is

        @wraps(function)
        def called(*args: P.args, **kwargs: P.kwargs) -> Any:
            try:
                return function(*args, **kwargs)
            except Exception as error:
                if not is_outage(error):
                    raise
                return _told(tell, kwargs["req"], error)

        return called

    return wrap


def is_outage(error: Exception) -> bool:
    """Say whether storage or the durable API failed. A bare `Exception` is the SDK's; nobody else here raises it."""
    return isinstance(error, _OUTAGES) or type(error) is Exception


def _told(tell: Tell, req: Any, error: Exception) -> func.HttpResponse:
    log.error("%s could not be served: %s", req.method, type(error).__name__, exc_info=error)
    return tell(req, error)


def unread(req: func.HttpRequest, error: Exception) -> func.HttpResponse:  # noqa: ARG001  see `Tell`
    """Answer a request that changes nothing."""
    return unavailable(error, "Ask again.", send_again=True)


def untaken(req: func.HttpRequest, error: Exception) -> func.HttpResponse:  # noqa: ARG001  see `Tell`
    """Answer a request that counts once, however often it comes."""
    return unavailable(error, "Send the same again: if it was taken down, it is known again.", send_again=True)


def unstarted(req: func.HttpRequest, error: Exception) -> func.HttpResponse:
    """Answer a request that begins something: it is known again by the id that its sender chose."""
    if req.params.get("id"):
        what_to_do = "Send the same again under the same id: if it was taken in, that finds it, and begins no second."
        return unavailable(error, what_to_do, send_again=True)
    what_to_do = (
        "It may have been taken in, under an id that you do not know, so look before you send it again. "
        "Choose an id yourself, with ?id=, and the same may be sent again until an answer comes."
    )
    return unavailable(error, what_to_do, send_again=False)


def retry_after(error: Exception) -> str:
    """Return after how many seconds to come again, as the header has it."""
    return "1" if isinstance(error, Contention) else str(RETRY_AFTER_S)


def unavailable(error: Exception, what_to_do: str, *, send_again: bool) -> func.HttpResponse:
    """Return the 503; `send_again` says whether the same request may be sent again without being done twice."""
    if isinstance(error, KeysWrong):
        return problem(503, f"{error}.", "Tell an operator.", code="notConfigured", send_again=send_again)
    crowded = isinstance(error, Contention)
    return problem(
        503,
        f"{error}." if crowded else "The storage behind this did not answer as it should.",
        what_to_do,
        headers={"Retry-After": retry_after(error)},
        code="crowded" if crowded else "unavailable",
        send_again=send_again,
    )
