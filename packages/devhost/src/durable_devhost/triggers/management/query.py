"""The query parameters of the durable HTTP API, read as leniently as the extension does. Pure.

Names ignore case. An invalid value counts as missing: an unknown status, an invalid date
(recorded: a list with only unknown statuses is not filtered at all).
"""

from dataclasses import dataclass
from datetime import datetime

from multidict import MultiMapping

from durable_devhost.durable.client.client import PAGE_SIZE
from durable_devhost.durable.client.errors import BadArgument
from durable_devhost.durable.client.status import StatusFields
from durable_devhost.model.history import RuntimeStatus
from durable_devhost.model.instances import InstanceFilter
from durable_devhost.model.timestamps import parse_time


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """How long a start waits for the end of the orchestration, and how often it polls; in seconds."""

    timeout: float
    interval: float


class Query:
    """The parameters of one request."""

    def __init__(self, parameters: MultiMapping[str]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in parameters.items():
            self._values.setdefault(name.lower(), []).append(value)

    def text(self, name: str) -> str | None:
        """The first value of a parameter, None if it is absent or blank."""
        first = self._values.get(name.lower(), [""])[0]
        return first if first.strip() else None

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A boolean; anything but true and false counts as missing."""
        return {"true": True, "false": False}.get((self.text(name) or "").strip().lower(), default)

    def time(self, name: str) -> datetime | None:
        """A point in time."""
        # A plus sign of an offset that was not encoded arrives as a blank.
        text = (self.text(name) or "").strip().replace(" ", "+")
        try:
            return parse_time(text)
        except ValueError:
            return None

    @property
    def page_size(self) -> int:
        """How many entries a page should hold."""
        text = self.text("top") or ""
        return min(int(text), 1000) if text.isdecimal() and int(text) > 0 else PAGE_SIZE

    @property
    def status_fields(self) -> StatusFields:
        """Which parts of an instance to show."""
        return StatusFields(
            input=self.flag("showInput", default=True),
            history=self.flag("showHistory"),
            history_output=self.flag("showHistoryOutput"),
        )

    @property
    def instances(self) -> InstanceFilter:
        """Which instances to list."""
        return InstanceFilter(
            created_from=self.time("createdTimeFrom"),
            created_to=self.time("createdTimeTo"),
            statuses=self._statuses(),
            id_prefix=self.text("instanceIdPrefix"),
            with_input=self.flag("showInput", default=True),
        )

    def entities(self, name: str | None) -> InstanceFilter:
        """Which entities to list; their states are their instances' inputs, so those are needed only with states."""
        return InstanceFilter(
            created_from=self.time("lastOperationTimeFrom"),
            created_to=self.time("lastOperationTimeTo"),
            id_prefix="@" if name is None else f"@{name.lower()}@",
            with_input=self.flag("fetchState"),
        )

    @property
    def wait(self) -> Wait | None:
        """Whether a start should wait; both parameters are needed. Raises BadArgument if they contradict."""
        timeout, interval = self._seconds("timeout"), self._seconds("pollingInterval")
        if timeout is None or interval is None:
            return None
        if interval > timeout:
            raise BadArgument(f"Total timeout {timeout:g} should be bigger than retry timeout {interval:g}")
        return Wait(timeout=timeout, interval=interval)

    def _statuses(self) -> frozenset[RuntimeStatus]:
        names = {part.strip().lower() for value in self._values.get("runtimestatus", []) for part in value.split(",")}
        return frozenset(status for status in RuntimeStatus if status.value.lower() in names)

    def _seconds(self, name: str) -> float | None:
        try:
            seconds = float(self.text(name) or "")
        except ValueError:
            return None
        return seconds if 0 < seconds < float("inf") else None
