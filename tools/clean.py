"""Removes what the host and the tools left behind, but not the set-up: `make clean`.

Any Python from 3.9 runs it, with nothing but the standard library. The local task hub goes too, so a person at a
terminal is asked first, and nothing is removed while a host uses it.
"""

import argparse
import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
HUB = ".azurite"
# The key of the local records; it is useless without them.
KEYS = ".keys"
# The host's files in that folder: its lock file with its pid, and the address of its Azurite.
LOCK_FILE = "devhost.lock"
AZURITE_FILE = "azurite.json"
CACHES = (
    ".coverage", ".coverage.*", ".hypothesis", ".import_linter_cache", ".mypy_cache", ".pytest_cache", ".ruff_cache",
)  # fmt: skip
BUILDS = ("packages/*/build", "packages/*/dist")
BYTECODE = "__pycache__"
NOT_OURS = (".git", ".venv", "node_modules")


class InUse(Exception):
    """A sentence that says which process uses the hub and how to stop it."""


def main(arguments: Sequence[str], root: Path = REPOSITORY) -> int:
    """List what is left behind, ask before proposals go, and remove it; returns the exit status."""
    parser = argparse.ArgumentParser(description="Remove what the host and the tools left behind.")
    parser.add_argument("--yes", action="store_true", help="do not ask before proposals are removed")
    sure = parser.parse_args(arguments).yes
    try:
        with _unused(root / HUB):
            return _clean(root, sure)
    except InUse as error:
        print(f"clean: {error}", file=sys.stderr)
    except OSError as error:
        print(
            f"clean: {error.filename} cannot be removed ({error.strerror}). "
            "If it belongs to another user, remove it with sudo; if a program is writing there, stop it first.",
            file=sys.stderr,
        )
    except KeyboardInterrupt:
        print("\nclean: stopped.", file=sys.stderr)
        return 130
    return 1


def _clean(root: Path, sure: bool) -> int:
    hub, bytecode = root / HUB, list(_bytecode(root))
    left = [path for path in (hub, root / KEYS, *_caches(root)) if path.exists() or path.is_symlink()]
    if not left and not bytecode:
        print("There is nothing to remove.")
        return 0
    print("To remove:")
    for path in left:
        print(f"  {path.relative_to(root)}" + (", the local task hub, with all proposals" if path == hub else ""))
    if bytecode:
        print(f"  {BYTECODE}, {len(bytecode)} folders")
    if not sure and sys.stdin.isatty() and hub.is_dir() and any(hub.iterdir()) and not _agreed():
        print("Nothing was removed.")
        return 1
    for path in (*left, *bytecode):
        _remove(path)
    print("Removed.")
    return 0


def _agreed() -> bool:
    try:
        return input("Remove all of this, the proposals too? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        print()
        return False


def _caches(root: Path) -> list[Path]:
    patterns = (*CACHES, *(f"packages/*/{name}" for name in CACHES), *BUILDS)
    return sorted(path for pattern in patterns for path in root.glob(pattern))


def _bytecode(root: Path) -> Iterator[Path]:
    skipped = {HUB, *NOT_OURS}
    for folder, names, _ in os.walk(root):
        if BYTECODE in names:
            yield Path(folder, BYTECODE)
        names[:] = [name for name in names if name != BYTECODE and name not in skipped]


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


@contextmanager
def _unused(hub: Path) -> Iterator[None]:
    """Hold the hub as a host does while the block runs, so that none starts on it; raises InUse if one runs."""
    lock = hub / LOCK_FILE
    if not lock.is_file():
        _check_azurite(hub)
        yield
        return
    with lock.open("r+", encoding="ascii", errors="replace") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = held.read().strip()
            who, how = (f"A host (pid {pid})", f" or `kill {pid}`") if pid else ("A host", "")
            raise InUse(
                f"{who} is using {hub}. Stop it with Ctrl-C in its terminal{how}, and run `make clean` again."
            ) from None
        _check_azurite(hub)
        yield


def _check_azurite(hub: Path) -> None:
    """Raise InUse if the Azurite of a killed host still runs: it would write into the next host's folder."""
    try:
        state = json.loads((hub / AZURITE_FILE).read_text("utf-8"))
        pid = int(state["pid"])
    except (OSError, ValueError, TypeError, KeyError):
        return
    if f" --location {hub.resolve()} " in _command_line(pid):
        raise InUse(
            f"The Azurite (pid {pid}) of a host that was killed is still using {hub}. "
            f"Stop it with `kill {pid}`, and run `make clean` again."
        )


def _command_line(pid: int) -> str:
    """The command line of a process; empty when it has ended. It comes from a file on Linux, from `ps` elsewhere."""
    if Path("/proc/self/cmdline").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_text("utf-8", errors="replace").replace("\0", " ")
        except OSError:
            return ""
    shown = subprocess.run(["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return shown.stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
