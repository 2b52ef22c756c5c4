"""Finds the command `azurite`: beside the app, in the current folder, on the PATH, or in devhost's own cache.

It also has the environment that this command runs in.
"""

import json
import os
import shutil
from contextlib import suppress
from pathlib import Path

from durable_devhost.errors import DevhostError

OLDEST_NODE = 20
QUICK_LOOKUPS = Path(__file__).with_name("quick_lookups.cjs")
"""What Azurite loads first, so that a lookup costs the same however many rows there are."""

_COMPILE_CACHE = "NODE_COMPILE_CACHE"
_NO_AZURITE = (
    "There is no Azurite, the storage emulator that devhost keeps its state in. "
    "Install it with `durable-devhost azurite install` or `npm install -g azurite`, "
    "or use a running one with --no-azurite."
)
_NO_NODE = (
    f"There is no `node` on the PATH, which Azurite runs on. Install Node.js {OLDEST_NODE} or newer from "
    "https://nodejs.org or with the system's package manager."
)


def find_command(app_dir: Path) -> Path:
    """The path of `azurite`; raises DevhostError if there is none, or no Node to run it.

    Looked for in `node_modules` at or above the app's folder, then at or above the current one, on the PATH, and
    where `durable-devhost azurite install` puts it.
    """
    command = _in_node_modules(app_dir) or _in_node_modules(Path()) or _on_path() or _in_cache()
    if command is None:
        raise DevhostError(_NO_AZURITE)
    find_node()
    return command


def find_node() -> Path:
    """The path of `node`; raises DevhostError if there is none."""
    node = shutil.which("node")
    if node is None:
        raise DevhostError(_NO_NODE)
    return Path(node)


def cache_folder() -> Path:
    """The folder for devhost's own Azurite, which may not exist yet; raises DevhostError for a user without a home."""
    return _caches() / "azurite"


def node_environment() -> dict[str, str]:
    """The environment to run Azurite in: the current one, `QUICK_LOOKUPS`, and a folder for compiled code.

    Node.js 22.1 and newer read it there (https://nodejs.org/api/module.html#module-compile-cache) and start Azurite
    with a sixth less CPU; older ones ignore the variable. A folder that the user has chosen stays. Without a folder
    that can be made there is no variable: it is not worth an error.
    """
    quoted = json.dumps(str(QUICK_LOOKUPS), ensure_ascii=False)  # Node reads it back by the same rules
    environ = os.environ | {"NODE_OPTIONS": f"{os.environ.get('NODE_OPTIONS', '')} --require {quoted}".strip()}
    if _COMPILE_CACHE not in environ:
        with suppress(DevhostError, OSError):
            folder = _caches() / "node"
            folder.mkdir(parents=True, exist_ok=True)
            environ[_COMPILE_CACHE] = str(folder)
    return environ


def command_in(folder: Path) -> Path:
    """Where npm puts the command when it installs Azurite into `folder`."""
    return folder / "node_modules" / ".bin" / "azurite"


def _caches() -> Path:
    """Where devhost keeps what can be fetched or made again.

    Below XDG_CACHE_HOME if that is an absolute path, as its specification asks, else below ~/.cache. Raises
    DevhostError for a user without a home.
    """
    given = Path(os.environ.get("XDG_CACHE_HOME", ""))
    try:
        caches = given if given.is_absolute() else Path.home() / ".cache"
    except RuntimeError:
        raise DevhostError(
            "This user has no home folder to keep Azurite in. Set XDG_CACHE_HOME to a folder that can be written."
        ) from None
    return caches / "durable-devhost"


def _in_node_modules(start: Path) -> Path | None:
    folder = start.resolve()
    return next((found for each in (folder, *folder.parents) if (found := command_in(each)).exists()), None)


def _on_path() -> Path | None:
    found = shutil.which("azurite")
    return Path(found) if found else None


def _in_cache() -> Path | None:
    try:
        found = command_in(cache_folder())
    except DevhostError:
        return None
    return found if found.exists() else None
