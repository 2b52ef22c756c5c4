"""Explains error answers and missing answers in words, with what to do at the command line."""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote

import requests
from urllib3.exceptions import NewConnectionError

from approvals.words.wording import span
from greenlight.access import Access
from greenlight.errors import AnswerLost, GreenlightError, NotFound, RequestRefused, Unreachable
from greenlight.texts import short_id

_KINDS: Mapping[int, type[GreenlightError]] = MappingProxyType(
    {403: RequestRefused, 404: NotFound, 409: RequestRefused, 410: RequestRefused, 429: RequestRefused}
)

_ADVICE: Mapping[str, str] = MappingProxyType(
    {
        "invalid": "Fix it and try again; nothing was done.",
        "notAsked": "To see what waits for you: greenlight list",
        "notAuthor": "Anybody involved may comment: greenlight comment ID TEXT",
        "notNow": "To see what it waits for: greenlight show ID",
        "documentChanged": "Read it: greenlight show ID. Then answer with --document, or --round, as it shows them.",
        "over": "To see why: greenlight show ID",
        "alreadyDecided": "The first answer stands. If there is more to say: greenlight comment ID TEXT",
        "notYou": "Run it with --as and your own name, or let that person do it.",
        "notLocal": "Use http://localhost, or ask the operators to set AUTH_MODE.",
        "openProposal": "Its author can end it: greenlight withdraw ID. To do it anyway, add --yes.",
        "tampered": "Tell the operators. To see the damage: greenlight audit verify ID",
    }
)
"""By problem code: the API's advice, worded for the command line."""


def error_without_answer(error: requests.RequestException, access: Access) -> GreenlightError:
    """Return the error for a request without an answer."""
    if isinstance(error, requests.exceptions.InvalidJSONError):
        return GreenlightError("One of the numbers is not valid in JSON.", "Use digits; nothing was sent.")
    reason = getattr(error.args[0], "reason", None) if error.args else None
    if not isinstance(error, requests.ConnectTimeout) and not isinstance(reason, NewConnectionError):
        return AnswerLost(f"The answer from {access.url} was lost.", "Check whether it was done, then try again.")
    what_to_do = "Check GREENLIGHT_URL (or --url) and the network."
    if access.local:
        what_to_do = "Start it with `make run` in its repository, or say where it runs: --url, or GREENLIGHT_URL."
    return Unreachable(f"Greenlight does not answer at {access.url}.", what_to_do)


def stranger(access: Access) -> GreenlightError:
    """Return the error for an answer that is not from the API."""
    return GreenlightError(
        f"The server at {access.url} is not Greenlight, or is an older version.", "Check GREENLIGHT_URL, or --url."
    )


def complaint(response: requests.Response, access: Access) -> GreenlightError:
    """Return the error for an error status; problem details explain it, the platform's own answers do not."""
    status = response.status_code
    try:
        problem = response.json()
    except ValueError:
        problem = None
    if isinstance(problem, dict) and isinstance(problem.get("detail"), str):
        return _error_of(response, problem)
    if status in (401, 403) or 300 <= status < 400:
        return GreenlightError(
            f"{access.url} does not know who you are ({status}).",
            "Put a function key into GREENLIGHT_KEY; the operators have one.",
        )
    if status == 404:
        return stranger(access)
    return GreenlightError(
        f"Greenlight could not do it ({status} {response.reason}).", "Try again in a moment; its log says why."
    )


def _error_of(response: requests.Response, problem: Mapping[str, Any]) -> GreenlightError:
    kind = _KINDS.get(response.status_code, GreenlightError)
    errors = tuple(str(each) for each in problem.get("errors") or ())
    advice = _ADVICE.get(str(problem.get("code")), "").replace("ID", _proposal(response))
    advice = advice or str(problem.get("whatToDo") or "")
    wait = response.headers.get("Retry-After", "")
    if response.status_code == 429 and wait.isdecimal():
        advice = f"Try again in {span(timedelta(seconds=int(wait)))}."
    # Each fault has its own line, so the summary would repeat them.
    if len(errors) > 1:
        return kind("The request is not valid:", advice, errors)
    return kind(problem["detail"].rstrip(".") + ".", advice)


def _proposal(response: requests.Response) -> str:
    """Return the proposal that was asked about, as a person types it."""
    parts = (response.request.path_url or "").split("?")[0].split("/")
    place = 4 if parts[2:3] == ["ops"] else 3
    return short_id(unquote(parts[place])) if len(parts) > place else "ID"
