"""The host runs on uvloop where that is installed, and on asyncio's own loop elsewhere."""

import asyncio
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType

import pytest

from durable_devhost import event_loop


def test_without_uvloop_the_loop_is_asyncios_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an extra."""
    monkeypatch.setattr(event_loop, "find_spec", lambda _: None)
    assert event_loop.loop_factory() is None
    seen: list[asyncio.AbstractEventLoop] = []

    async def main() -> None:
        seen.append(asyncio.get_running_loop())

    event_loop.run(main())
    assert isinstance(seen[0], asyncio.BaseEventLoop)


def test_with_uvloop_it_makes_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever has brought it."""
    made: list[asyncio.AbstractEventLoop] = []

    def new_event_loop() -> asyncio.AbstractEventLoop:
        made.append(asyncio.new_event_loop())
        return made[0]

    stand_in = ModuleType("uvloop")  # for the package, which the tests' environment need not have
    stand_in.__spec__ = ModuleSpec("uvloop", None)
    stand_in.__dict__["new_event_loop"] = new_event_loop
    monkeypatch.setitem(sys.modules, "uvloop", stand_in)
    seen: list[asyncio.AbstractEventLoop] = []

    async def main() -> None:
        seen.append(asyncio.get_running_loop())

    event_loop.run(main())
    assert seen == made
