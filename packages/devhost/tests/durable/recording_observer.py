"""Listens to the engine in the console's place."""

import asyncio

from durable_devhost.model.history import RuntimeStatus


class RecordingObserver:
    """What the console would have told."""

    def __init__(self) -> None:
        self.statuses: list[RuntimeStatus] = []
        self.troubles: list[str] = []
        self.has_ended = asyncio.Event()

    def orchestration(
        self, name: str, instance_id: str, status: RuntimeStatus, detail: str | None = None, stack: str = ""
    ) -> None:
        self.statuses.append(status)
        if status.is_terminal:
            self.has_ended.set()

    def trouble(self, text: str, instance_id: str | None = None) -> None:
        self.troubles.append(text)
