"""Which event loop the host runs on: uvloop where it is installed, else asyncio's own.

uvloop saves a fifth of the CPU of host and worker. It needs a compiler where there is no wheel for the machine, so it
is an extra of the package and no dependency.
"""

import asyncio
from collections.abc import Callable, Coroutine
from importlib import import_module
from importlib.util import find_spec
from typing import Any


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """What makes the loop; None is asyncio's own."""
    if find_spec("uvloop") is None:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = import_module("uvloop").new_event_loop
    return factory


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run the host, as `asyncio.run` does."""
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(main)
