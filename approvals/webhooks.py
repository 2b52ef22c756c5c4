"""Calls to other systems: what is sent, and what an answer means for the next step."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, JsonValue, model_validator

from approvals.destinations import LONGEST_URL, Url, target
from approvals.forms import Form
from approvals.validation import Boundary

LARGEST_BODY = 32_000
"""Characters of JSON; a durable message above 45 KB would go to a blob."""

LONGEST_ANSWER = 2_000
"""Characters of an answer's body that the workflow keeps."""

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
    timeout_seconds: Annotated[float, Field(gt=0, le=100, description="for one call made by the activity")] = 30.0
    attempts: Annotated[int, Field(ge=1, le=10, description="how often a call is made that may work next time")] = 5
    expires_after_minutes: Annotated[float, Field(gt=0, le=1440, description="how long a 202 is followed up")] = 60.0

    @model_validator(mode="after")
    def _is_small(self) -> Self:
        if len(json.dumps(self.body)) > LARGEST_BODY:
            raise ValueError(f"body: at most {LARGEST_BODY:,} characters of JSON")
        return self


class Call(Boundary):
    """One HTTP request: the input of SendWebhook."""

    key: str
    """Sent as Idempotency-Key, the same at each try."""
    url: str
    method: Method
    body: JsonValue = None
    timeout_seconds: float


class Answer(Boundary):
    """What one call came to; the status is None where nobody answered."""

    status: int | None
    body: str = ""
    location: str | None = None
    retry_after: float | None = None
    refused: str | None = None
    """Why the call was not made at all."""
    trouble: str | None = None
    """Why nobody answered."""

    @classmethod
    def of(cls, status: int, headers: Mapping[str, str | list[str]], body: str) -> Self:
        """Take from a response what matters; header names may be in any case.

        The host gives a header that came more than once as a list: the first one counts.
        """
        known = {name.lower(): value if isinstance(value, str) else value[0] for name, value in headers.items()}
        wait, location = known.get("retry-after", ""), known.get("location")
        return cls(
            status=status,
            body=body[:LONGEST_ANSWER],
            location=location and location[: LONGEST_URL + 1],  # too long to be called, and no longer than that
            retry_after=min(float(wait), _LONGEST_WAIT_SECONDS) if wait.isascii() and wait.isdecimal() else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """It is done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """The other system works on it; ask there after a while."""

    url: str
    after_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TryAgain:
    """It may work after a while."""

    after_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenUp:
    """It will not work, or was tried often enough."""

    outcome: Literal["failed", "refused"]
    reason: str


Verdict = Delivered | FollowUp | TryAgain | GivenUp


def judge(answer: Answer, url: str, *, failures: int, polls: int, most: int) -> Verdict:
    """Say what an answer means after so many failures in a row and so many follow-ups; `most` is the tries in a row.

    A follow-up may be asked for any number of times, after growing waits; its time limit is the workflow's business.
    """
    if answer.refused:
        return GivenUp(outcome="refused", reason=answer.refused)
    if answer.status is None or answer.status in _WORTH_ANOTHER_TRY:
        if failures + 1 < most:
            return TryAgain(after_seconds=_wait(answer, failures))
        return GivenUp(outcome="failed", reason=answer.trouble or f"the last answer was {answer.status}")
    if answer.status == 202 and answer.location:
        place = target(url, answer.location)
        if place is None:
            return GivenUp(outcome="refused", reason="the Location of the answer is no address that is called")
        return FollowUp(url=place, after_seconds=_wait(answer, polls))
    if 200 <= answer.status < 300:
        return Delivered()
    if 300 <= answer.status < 400:
        return GivenUp(outcome="refused", reason=f"a redirect is not followed ({answer.status})")
    return GivenUp(outcome="failed", reason=f"the call was answered with {answer.status}")


def _wait(answer: Answer, times: int) -> float:
    """Seconds: doubled each time, never less than the other system asks for, never more than five minutes."""
    grown = _FIRST_WAIT_SECONDS * 2.0 ** min(times, 10)
    return min(max(answer.retry_after or 0, grown), _LONGEST_WAIT_SECONDS)


def as_text(body: Any) -> str:
    """Return a body as text: what is no text already, as JSON."""
    return body if isinstance(body, str) else "" if body is None else json.dumps(body, ensure_ascii=False)
