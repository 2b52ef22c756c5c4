"""Calls to other systems: the request, and what a response means for the next step."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, JsonValue, model_validator

from approvals.destinations import LONGEST_URL, Url, target
from approvals.forms import Form
from approvals.validation import Boundary

LARGEST_BODY = 32_000
"""Characters of JSON. A durable message above 45 KB would be stored in a blob."""

LONGEST_ANSWER = 2_000
"""Characters of a response's body that the workflow keeps."""

_FIRST_WAIT_SECONDS = 2
_LONGEST_WAIT_SECONDS = 300
_WORTH_ANOTHER_TRY = frozenset({408, 425, 429, 500, 502, 503, 504})

Method = Literal["POST", "PUT", "GET", "DELETE"]


class WebhookForm(Form):
    """A call to another system."""

    example: ClassVar = {"url": "http://localhost:7099/hook", "body": {"proposal": "bridge-1", "outcome": "approved"}}

    url: Url
    method: Method = "POST"
    body: JsonValue = None
    way: Annotated[
        Literal["activity", "durable"],
        Field(description="activity: an activity makes the call; durable: the Functions host makes it, call_http"),
    ] = "activity"
    timeout_seconds: Annotated[float, Field(gt=0, le=100, description="time limit of one call by the activity")] = 30.0
    attempts: Annotated[
        int, Field(ge=1, le=10, description="how often a failed call is tried in all, if the error may pass")
    ] = 5
    expires_after_minutes: Annotated[float, Field(gt=0, le=1440, description="how long to poll after a 202")] = 60.0

    @model_validator(mode="after")
    def _is_small(self) -> Self:
        if len(json.dumps(self.body)) > LARGEST_BODY:
            raise ValueError(f"body: at most {LARGEST_BODY:,} characters of JSON")
        return self


class Call(Boundary):
    """One HTTP request: the input of SendWebhook."""

    key: str
    """Sent as Idempotency-Key, the same at each attempt."""
    url: str
    method: Method
    body: JsonValue = None
    timeout_seconds: float


class Answer(Boundary):
    """The result of one call; the status is None if there was no response."""

    status: int | None
    body: str = ""
    location: str | None = None
    retry_after: float | None = None
    refused: str | None = None
    """Why the call was not made."""
    trouble: str | None = None
    """Why there was no response."""

    @classmethod
    def of(cls, status: int, headers: Mapping[str, str | list[str]], body: str) -> Self:
        """Take the relevant parts of a response; header names may be in any case.

        The host passes a header that occurred more than once as a list: the first value counts.
        """
        known = {name.lower(): value if isinstance(value, str) else value[0] for name, value in headers.items()}
        wait, location = known.get("retry-after", ""), known.get("location")
        return cls(
            status=status,
            body=body[:LONGEST_ANSWER],
            location=location
            and location[: LONGEST_URL + 1],  # one character too long to be called, so that it is refused later
            retry_after=min(float(wait), _LONGEST_WAIT_SECONDS) if wait.isascii() and wait.isdecimal() else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """The call succeeded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """The other system is still working; poll this URL later."""

    url: str
    after_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TryAgain:
    """The call may succeed later."""

    after_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CallGivenUp:
    """The call cannot succeed, or was tried often enough."""

    outcome: Literal["failed", "refused"]
    reason: str


Verdict = Delivered | FollowUp | TryAgain | CallGivenUp


def judge(answer: Answer, url: str, *, failures: int, polls: int, most: int) -> Verdict:
    """Return the next step after a response; `failures` in a row so far, `polls` so far, `most` attempts in a row.

    The number of polls is not limited here, but the waits grow. The workflow has a time limit for them.
    """
    if answer.refused:
        return CallGivenUp(outcome="refused", reason=answer.refused)
    if answer.status is None or answer.status in _WORTH_ANOTHER_TRY:
        if failures + 1 < most:
            return TryAgain(after_seconds=_wait(answer, failures))
        return CallGivenUp(outcome="failed", reason=answer.trouble or f"the last response had status {answer.status}")
    if answer.status == 202 and answer.location:
        place = target(url, answer.location)
        if place is None:
            return CallGivenUp(outcome="refused", reason="the response's Location is not a valid URL")
        return FollowUp(url=place, after_seconds=_wait(answer, polls))
    if 200 <= answer.status < 300:
        return Delivered()
    if 300 <= answer.status < 400:
        return CallGivenUp(outcome="refused", reason=f"redirects are not followed ({answer.status})")
    return CallGivenUp(outcome="failed", reason=f"the response had status {answer.status}")


def _wait(answer: Answer, times: int) -> float:
    """Return seconds: doubled each time, at least what the other system asks for, at most five minutes."""
    grown = _FIRST_WAIT_SECONDS * 2.0 ** min(times, 10)
    return min(max(answer.retry_after or 0, grown), _LONGEST_WAIT_SECONDS)


def as_text(body: Any) -> str:
    """Return a body as text; anything but a string is written as JSON."""
    return body if isinstance(body, str) else "" if body is None else json.dumps(body, ensure_ascii=False)
