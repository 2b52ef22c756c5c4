"""Notices a step of an orchestrator that does not return, while it still runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

PATIENCE_S = 1.0
"""A step only decides what comes next; one that takes longer than this waits, computes or does I/O."""

_LOOK_EVERY_S = 0.5


class Watchdog:
    """`watching` marks a step; `run` is the thread that checks, and reports each step once.

    It checks twice a second instead of being woken by each step: steps are many and short.
    """

    def __init__(self, send: Callable[[Mapping[str, Any]], bool]) -> None:
        self._send = send
        self._steps: dict[int, tuple[float, str, str]] = {}
        self._told: set[tuple[float, str, str]] = set()

    def start(self) -> None:
        """Start checking."""
        threading.Thread(target=self._run, name="watchdog", daemon=True).start()

    @contextmanager
    def watching(self, name: str, instance_id: str) -> Iterator[None]:
        """Watch the step of this thread while the block runs."""
        step = (time.monotonic(), name, instance_id)
        self._steps[threading.get_ident()] = step
        try:
            yield
        finally:
            del self._steps[threading.get_ident()]
            self._told.discard(step)

    def look(self) -> None:
        """Report every step that has taken too long."""
        now = time.monotonic()
        for step in list(self._steps.values()):
            began, name, instance_id = step
            if now - began > PATIENCE_S and step not in self._told:
                self._told.add(step)
                self._send({"kind": "slow", "name": name, "instance": instance_id})

    def _run(self) -> None:
        pause = threading.Event()  # not time.sleep, which apps replace: by nothing at all, or by a counter of its calls
        while not pause.wait(_LOOK_EVERY_S):
            self.look()
