"""Restarts devhost's own Azurite when it ends under a running host: over the same files, on the same ports."""

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path

from durable_devhost.app_settings import DEVELOPMENT_ACCOUNT
from durable_devhost.azurite.process import Azurite, is_running, start_again

_LOOK_EVERY_S = 0.5


class AzuriteKeeper:
    """Watches the Azurite over `folder`, which belongs to this host; a lent one is left alone."""

    def __init__(self, azurite: Azurite, folder: Path, app_dir: Path, tell: Callable[[str], None]) -> None:
        self._azurite = azurite
        self._folder = folder
        self._app_dir = app_dir
        self._tell = tell
        self._is_ours = azurite.account == DEVELOPMENT_ACCOUNT

    async def run(self) -> None:
        """Watch it until cancelled; raises StorageUnavailable if it does not start again."""
        while self._is_ours:
            await asyncio.sleep(_LOOK_EVERY_S)
            if not is_running(self._azurite):
                self._tell("Azurite has ended. It is started again; what it had stored is still there.")
                self._azurite = await asyncio.to_thread(start_again, self._azurite, self._folder, self._app_dir)
                self._tell("Azurite runs again.")

    def let_end(self) -> None:
        """Ask it to end, without waiting for it."""
        if self._is_ours:
            os.kill(self._azurite.pid, signal.SIGTERM)
