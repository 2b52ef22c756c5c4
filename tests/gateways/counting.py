"""Counts calls to storage, and the bytes that come back, at the transport of the SDK's clients."""

from dataclasses import dataclass, field
from typing import Any

from azure.core.pipeline.transport import RequestsTransport


@dataclass(slots=True)
class Traffic:
    """What a client has sent and got."""

    calls: list[str] = field(default_factory=list)
    """The method and the last part of the URL of each."""
    received: int = 0
    """Bytes of the bodies."""


class CountingTransport(RequestsTransport):
    """The SDK's own transport, which writes down what goes through it."""

    def __init__(self) -> None:
        super().__init__()
        self.traffic = Traffic()

    def send(self, request: Any, **kwargs: Any) -> Any:
        """Send a request and note it."""
        response = super().send(request, **kwargs)
        self.traffic.calls.append(f"{request.method} {request.url.partition('?')[0].rpartition('/')[2]}")
        self.traffic.received += len(response.internal_response.content)
        return response

    def begin(self) -> Traffic:
        """Return what is counted from now on."""
        self.traffic = Traffic()
        return self.traffic
