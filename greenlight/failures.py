"""What an answer that is no good one means, and one that never came: in words, with what to do at a command line."""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote

import requests
from urllib3.exceptions import NewConnectionError

from approvals.words.wording import span
from greenlight.access import Access
from greenlight.errors import GreenlightError, Lost, Refused, Unknown, Unreachable
from greenlight.texts import short_id

_KINDS: Mapping[int, type[GreenlightError]] = MappingProxyType(
    {403: Refused, 404: Unknown, 409: Refused, 410: Refused, 429: Refused}
)

_ADVICE: Mapping[str, str] = MappingProxyType(
    {
        "invalid": "Mend it and try again; nothing was done.",
        "notAsked": "What is waiting for you: greenlight list",
        "notAuthor": "Anybody with a part in it may comment: greenlight comment ID TEXT",
        "notNow": "What it waits for: greenlight show ID",
        "documentChanged": "Read it: greenlight show ID. Then answer with --document, or --round, as it shows them.",
        "over": "How it came about: greenlight show ID",
        "alreadyDecided": "The first answer stands. If there is more to say: greenlight comment ID TEXT",
        "notYou": "Run it with --as and your own name, or let that person do it.",
        "notLocal": "Use http://localhost, or ask those who run it to set AUTH_MODE.",
        "openProposal": "Its author can end it: greenlight withdraw ID. To do it all the same, add --yes.",
        "tampered": "Tell those who run it. Where the damage is: greenlight audit verify ID",
    }
)
"""By the code of a problem: what the API advises a program to do, said for somebody at a command line."""


def unanswered(error: requests.RequestException, access: Access) -> GreenlightError:
    """Return what it means that no answer came."""
    if isinstance(error, requests.exceptions.InvalidJSONError):
        return GreenlightError("One of the numbers is none that JSON has.", "Use digits; nothing was sent.")
    reason = getattr(error.args[0], "reason", None) if error.args else None
    if not isinstance(error, requests.ConnectTimeout) and not isinstance(reason, NewConnectionError):
        return Lost(f"The answer of {access.url} was lost on its way.", "Look whether it was done, then try again.")
    what_to_do = "Check GREENLIGHT_URL (or --url) and the network."
    if access.local:
        what_to_do = "Start it with `make run` in its repository, or say where it runs: --url, or GREENLIGHT_URL."
    return Unreachable(f"Greenlight does not answer at {access.url}.", what_to_do)


def stranger(access: Access) -> GreenlightError:
    """Return what it means that somebody answers, but not as the API does."""
    return GreenlightError(
        f"What answers at {access.url} is not Greenlight, or an older one.", "Check GREENLIGHT_URL, or --url."
    )


def complaint(response: requests.Response, access: Access) -> GreenlightError:
    """Return what an error status means: problem details have words, the platform's own answers have none."""
    status = response.status_code
    try:
        problem = response.json()
    except ValueError:
        problem = None
    if isinstance(problem, dict) and isinstance(problem.get("detail"), str):
        return _told(response, problem)
    if status in (401, 403) or 300 <= status < 400:
        return GreenlightError(
            f"{access.url} does not know who asks ({status}).",
            "Put a function key into GREENLIGHT_KEY; those who run it have one.",
        )
    if status == 404:
        return stranger(access)
    return GreenlightError(
        f"Greenlight could not do it ({status} {response.reason}).", "Try again in a moment; its log says why."
    )


def _told(response: requests.Response, problem: Mapping[str, Any]) -> GreenlightError:
    kind = _KINDS.get(response.status_code, GreenlightError)
    errors = tuple(str(each) for each in problem.get("errors") or ())
    advice = _ADVICE.get(str(problem.get("code")), "").replace("ID", _proposal(response))
    advice = advice or str(problem.get("whatToDo") or "")
    wait = response.headers.get("Retry-After", "")
    if response.status_code == 429 and wait.isdecimal():
        advice = f"Try again in {span(timedelta(seconds=int(wait)))}."
    # Where each fault has a line of its own, the sum of them would say it twice.
    if len(errors) > 1:
        return kind("The request is not right:", advice, errors)
    return kind(problem["detail"].rstrip(".") + ".", advice)


def _proposal(response: requests.Response) -> str:
    """Return the proposal that was asked about, as a person types it."""
    parts = (response.request.path_url or "").split("?")[0].split("/")
    place = 4 if parts[2:3] == ["ops"] else 3
    return short_id(unquote(parts[place])) if len(parts) > place else "ID"
