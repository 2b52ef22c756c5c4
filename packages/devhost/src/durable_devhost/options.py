"""What the command line asks for."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from durable_devhost.storage_mode import StorageMode

DEFAULT_PORT = 7071


@dataclass(frozen=True, slots=True, kw_only=True)
class StartOptions:
    """The options of one start.

    `port` 0 means a free one, None what local.settings.json says, else 7071; `cors` and `cors_credentials` stand for
    the settings of the same name there. `start_azurite` False means an Azurite on the standard ports. `python` is a
    path, a command or a virtual environment. `debug` is the debugger's port, None for none, and `debugpy` the folder of
    a debugger that the caller brings along. `as_func` says the line that tools wait for when they start `func`.
    `forget_virtual_time` lets the system clock go on where a virtual one was ahead. `mail` is the port of the mail
    catcher, 0 for a free one, None for none. `pages` are pages of the app to name at the start: names and paths.
    `storage_mode` must be that of the hub, if there is one.
    """

    app_dir: Path
    data_dir: Path
    port: int | None = None
    cors: str | None = None
    cors_credentials: bool = False
    clock: Literal["system", "virtual"] = "system"
    enable_auth: bool = False
    json_logs: bool = False
    start_azurite: bool = True
    python: str | None = None
    watch: bool = False
    debug: int | None = None
    debugpy: str | None = None
    as_func: bool = False
    forget_virtual_time: bool = False
    mail: int | None = None
    pages: tuple[tuple[str, str], ...] = ()
    storage_mode: StorageMode = StorageMode.STANDARD


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorOptions:
    """What `durable-devhost doctor` is to look at, and what to do without being asked.

    `purge`, `terminate` and `requeue` hold ids of instances; `is_sure` answers every question with yes, and without
    any id takes the gentlest way out for each finding. The others are as in StartOptions.
    """

    app_dir: Path
    data_dir: Path
    start_azurite: bool = True
    python: str | None = None
    is_sure: bool = False
    purge: tuple[str, ...] = ()
    terminate: tuple[str, ...] = ()
    requeue: tuple[str, ...] = ()
