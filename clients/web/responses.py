"""HTTP responses: JSON, bytes, and for errors problem details (RFC 9457) that also say what to do."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import azure.functions as func

from approvals.validation import MOST_FAULTS
from clients.web.headers import json_headers


def answer(
    body: Any, *, status: int = 200, headers: Mapping[str, str] | None = None, mimetype: str = "application/json"
) -> func.HttpResponse:
    """Return a JSON response; bytes are sent unchanged."""
    content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False)
    return send(content, status=status, headers={**json_headers(), **(headers or {})}, mimetype=mimetype)


def send(
    content: bytes | str, *, status: int = 200, headers: Mapping[str, str], mimetype: str | None = None
) -> func.HttpResponse:
    """Return a response of any type; the type may be in `headers` or in `mimetype`.

    All responses except those of the SDK are made here.
    """
    return func.HttpResponse(content, status_code=status, headers=dict(headers), mimetype=mimetype)


def problem(
    status: int,
    detail: str,
    what_to_do: str,
    errors: tuple[str, ...] = (),
    headers: Mapping[str, str] | None = None,
    *,
    code: str | None = None,
    send_again: bool | None = None,
    changes: tuple[str, ...] = (),
) -> func.HttpResponse:
    """Return an error that the caller can act on.

    `errors` lists all errors if there may be several, up to `MOST_FAULTS`. `code` is for programs, if one status has
    several reasons. `changes` says what was changed in a document since the caller saw it. `send_again` says whether
    the same request may be repeated if it is unknown whether it was carried out.
    """
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "whatToDo": what_to_do,
    }
    if code:
        body["code"] = code
    if errors:
        body["errors"] = list(errors[:MOST_FAULTS])
    if changes:
        body["changes"] = list(changes)
    if send_again is not None:
        body["sendAgain"] = send_again
    return answer(body, status=status, headers=headers, mimetype="application/problem+json")
