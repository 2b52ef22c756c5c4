"""The storage calls of the same work, without an engine, as a contender: what no engine on this storage can beat."""

import asyncio
import tempfile
import threading
from collections.abc import Coroutine
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import Any

from durable_devhost.azurite.process import data_folder, running_azurite
from packages.devhost.bench import floor
from packages.devhost.bench.contender import Depth, WorkFailed


class StorageFloor:
    """devhost's own client of storage, on an Azurite of its own. It makes the calls in order and decides nothing."""

    name = "storage alone"
    depth = Depth.STORAGE

    def __init__(self) -> None:
        self._owned = ExitStack()
        self._loop = asyncio.new_event_loop()
        self._client: floor.Client | None = None
        self._open = AsyncExitStack()

    def start(self) -> None:
        """See `Contender`."""
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        data = self._owned.enter_context(tempfile.TemporaryDirectory())
        folder = self._owned.enter_context(data_folder(Path(data)))
        azurite = self._owned.enter_context(running_azurite(folder, Path.cwd()))
        self._client = self._run(self._open.enter_async_context(floor.connected(azurite.connection_string)))

    def work(self, task: str, count: int, ids: str = "") -> list[float]:  # noqa: ARG002 - its instances have ids of their own
        """See `Contender`."""
        client = self._client
        assert client is not None
        match task:
            case "chain":
                return [self._run(floor.seconds(floor.chain(client))) for _ in range(count)]
            case "at once":
                return [self._run(floor.seconds(floor.many_chains(client, count)))]
            case "fan-out":
                return [self._run(floor.seconds(floor.fan_out(client, count)))]
            case "loop":
                return [self._run(floor.seconds(floor.chain(client, count)))]
        raise WorkFailed("it has no engine")

    def kill(self) -> None:
        """See `Contender`."""
        raise WorkFailed("it has no engine")

    def restart(self) -> None:
        """See `Contender`."""
        raise WorkFailed("it has no engine")

    def stop(self) -> None:
        """See `Contender`."""
        self._run(self._open.aclose())
        self._owned.close()
        self._loop.call_soon_threadsafe(self._loop.stop)

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()
