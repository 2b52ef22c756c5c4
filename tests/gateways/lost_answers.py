"""A line to storage that loses answers: the call has its effect, and nobody hears of it; the SDK then asks again."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from azure.core.exceptions import ServiceResponseError
from azure.core.pipeline.policies import RetryPolicy
from azure.core.pipeline.transport import HttpRequest, RequestsTransport
from azure.storage.blob import ExponentialRetry

READING = frozenset({"GET", "HEAD"})


class AnswerLoss:
    """Counts the calls that write, and loses answers to one of them."""

    def __init__(self, lost: int | None, times: int) -> None:
        self.writes = 0
        self._lost = lost
        self._times = times
        self._sent: HttpRequest | None = None

    def is_lost(self, request: HttpRequest) -> bool:
        """Say whether this answer is lost: one of the call that was chosen, however often it is sent."""
        if request.method in READING:
            return False
        if request is not self._sent:
            self._sent, self.writes = request, self.writes + 1
        if self._lost is None or self.writes != self._lost + 1 or not self._times:
            return False
        self._times -= 1
        return True


@contextmanager
def losing_answers(lost: int | None = None, *, times: int = 1) -> Iterator[AnswerLoss]:
    """Lose `times` answers to the write of that place, from 0, of all gateways of this process.

    Once, and the SDK meets its own effect when it asks again; more often than it asks, and the caller hears of a
    failure. Nobody waits between two attempts.
    """
    line, send = AnswerLoss(lost, times), RequestsTransport.send

    def send_and_lose(self: RequestsTransport, request: HttpRequest, **options: Any) -> Any:
        response = send(self, request, **options)
        if line.is_lost(request):
            response.internal_response.close()
            raise ServiceResponseError("the answer was lost")
        return response

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RequestsTransport, "send", send_and_lose)
        patch.setattr(RetryPolicy, "get_backoff_time", lambda *_: 0.0)
        patch.setattr(ExponentialRetry, "get_backoff_time", lambda *_: 0.0)
        yield line
