"""The ways in which storage fails a call, each with what it does to the call and what the caller hears."""

import json
from dataclasses import dataclass
from enum import Enum
from uuid import uuid4

LATE_S = 1.5
"""How late a slow answer comes; a caller of the host waits for a second before its message is put by."""
HANG_S = 8.0
"""How long a call that hangs stays open."""
CLOSED_S = 0.25
"""How long nobody listens after a connection was refused: longer than the host's first pause, shorter than both."""


class Ending(Enum):
    """What the caller hears of a call."""

    ANSWER = "answer"
    """The service's own answer, or the one that the fault has."""
    RESET = "reset"
    """The connection breaks."""
    CUT = "cut"
    """Half of the answer, then the connection ends."""
    REFUSED = "refused"
    """The connection breaks, and nobody takes another one for a moment."""


class Victim(Enum):
    """Which process is killed at the call."""

    HOST = "host"
    WORKER = "worker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What happens to one call. `delay_s` passes before the call is forwarded, `hang_s` before its ending."""

    name: str
    is_forwarded: bool
    ending: Ending = Ending.ANSWER
    status: int = 0
    """The status that is answered in place of the service's own; 0 leaves that one."""
    code: str = ""
    retry_after_s: int = 0
    is_garbage: bool = False
    delay_s: float = 0.0
    hang_s: float = 0.0
    victim: Victim | None = None

    def answer(self, service: str) -> bytes:
        """The answer in place of the service's own, as this service would write it.

        Storage gives every answer of its own a request id; what stands between, as a captive portal, knows none.
        """
        if self.is_garbage:
            body, kind = b"<html>sign in to the network \xff", "text/html"
        elif service == "table":
            error = {"code": self.code, "message": {"lang": "en-US", "value": "Chaos."}}
            body, kind = json.dumps({"odata.error": error}).encode(), "application/json"
        else:
            text = f"<Error><Code>{self.code}</Code><Message>Chaos.</Message></Error>"
            body, kind = f'<?xml version="1.0" encoding="utf-8"?>{text}'.encode(), "application/xml"
        lines = [f"HTTP/1.1 {self.status} Chaos", f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
        if not self.is_garbage:
            lines += [f"x-ms-request-id: {uuid4()}", "x-ms-version: 2021-12-02", f"x-ms-error-code: {self.code}"]
        if self.retry_after_s:
            lines.append(f"Retry-After: {self.retry_after_s}")
        return "\r\n".join([*lines, "", ""]).encode() + body


STORAGE_FAULTS = (
    Fault(name="refused", is_forwarded=False, ending=Ending.REFUSED),
    Fault(name="reset before", is_forwarded=False, ending=Ending.RESET),
    Fault(name="reset after", is_forwarded=True, ending=Ending.RESET),
    Fault(name="body cut", is_forwarded=True, ending=Ending.CUT),
    Fault(name="500", is_forwarded=False, status=500, code="InternalError"),
    Fault(name="500 after", is_forwarded=True, status=500, code="OperationTimedOut"),
    Fault(name="503", is_forwarded=False, status=503, code="ServerBusy"),
    Fault(name="503 wait", is_forwarded=False, status=503, code="ServerBusy", retry_after_s=1),
    Fault(name="429", is_forwarded=False, status=429, code="TooManyRequests"),
    Fault(name="429 wait", is_forwarded=False, status=429, code="TooManyRequests", retry_after_s=1),
    Fault(name="403", is_forwarded=False, status=403, code="AuthenticationFailed"),
    Fault(name="412", is_forwarded=False, status=412, code="UpdateConditionNotSatisfied"),
    Fault(name="garbage 200", is_forwarded=False, status=200, is_garbage=True),
    Fault(name="latency", is_forwarded=True, delay_s=LATE_S),
    Fault(name="late answer", is_forwarded=True, hang_s=LATE_S),
    Fault(name="hang", is_forwarded=True, ending=Ending.RESET, hang_s=HANG_S),
)
"""What storage does. After `hang` and whatever is called "after", the call has had its effect."""

KILLS = (
    Fault(name="host dies before", is_forwarded=False, ending=Ending.RESET, victim=Victim.HOST),
    Fault(name="host dies after", is_forwarded=True, ending=Ending.RESET, victim=Victim.HOST),
    Fault(name="worker dies", is_forwarded=True, victim=Victim.WORKER),
)
"""`kill -9` of a process at a call, before or after it had its effect."""

FAULTS = {fault.name: fault for fault in (*STORAGE_FAULTS, *KILLS)}
