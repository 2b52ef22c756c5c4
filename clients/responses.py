"""How HTTP functions answer: JSON, and for errors a sentence on what happened with one on what to do."""

import json
from typing import Any

import azure.functions as func


def answer(body: Any, *, status: int = 200) -> func.HttpResponse:
    """Return a JSON response."""
    text = json.dumps(body, ensure_ascii=False)
    return func.HttpResponse(
        text, status_code=status, mimetype="application/json", headers={"Cache-Control": "no-store"}
    )


def problem(status: int, error: str, what_to_do: str, errors: tuple[str, ...] = ()) -> func.HttpResponse:
    """Return an error that the caller can act on; `errors` names every fault where there may be several."""
    body: dict[str, Any] = {"error": error, "whatToDo": what_to_do}
    if errors:
        body["errors"] = list(errors)
    return answer(body, status=status)
