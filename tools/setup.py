"""Prepares a clone: the virtual environment and the command line in .venv, Azurite in node_modules. Quick when done.

Run by `make`, with nothing but the standard library. Two runs at once wait for each other.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shlex import quote

REPOSITORY = Path(__file__).resolve().parent.parent
VENV = REPOSITORY / ".venv"
NODE_MODULES = REPOSITORY / "node_modules"
PYTHON_INPUTS = ("requirements.txt", "requirements-dev.txt", "constraints.txt")
NODE_INPUTS = ("package.json", "package-lock.json")
OLDEST_NODE = 20
COMMAND = VENV / "bin" / "greenlight"
HEARTBEAT_S = 15


class SetupFailed(Exception):
    """A sentence that says what is missing and what to do."""


def main() -> int:
    """Prepare what is not up to date; returns the exit status."""
    try:
        with _alone():
            _prepare_python()
            _install_command()
            _prepare_azurite()
    except SetupFailed as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("setup: stopped; run `make setup` again to go on.", file=sys.stderr)
        return 130
    return 0


def _prepare_python() -> None:
    python = VENV / "bin" / "python"
    wanted = _fingerprint(PYTHON_INPUTS)
    if _is_done(VENV, wanted) and _works(python):
        return
    if not _works(python):
        _step(
            "Making the virtual environment in .venv",
            [sys.executable, "-m", "venv", "--clear", str(VENV)],
            "See above. On Debian and Ubuntu, `apt install python3-venv` brings what is missing.",
        )
    _step(
        "Installing the Python packages (a minute or two)",
        [
            str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input",
            "-r", "requirements-dev.txt", "-c", "constraints.txt",
        ],
        "See above. Check the network, or the proxy and the index in pip's configuration, and run `make setup` again.",
    )  # fmt: skip
    _mark_done(VENV, wanted)


def _install_command() -> None:
    """Write `.venv/bin/greenlight`: this clone's command line, as it lies here, from whatever folder it is started.

    Three lines of shell in place of an installed package: nothing to build or download, every change of the code counts
    at once, and a clone that was moved gets a new one.
    """
    launcher = (
        "#!/bin/sh\n"
        "# Greenlight's command line. Made by `make setup`.\n"
        f'PYTHONPATH={quote(str(REPOSITORY))} exec {quote(str(VENV / "bin" / "python"))} -P -m greenlight "$@"\n'
    )
    if COMMAND.exists() and COMMAND.read_text("utf-8") == launcher and os.access(COMMAND, os.X_OK):
        return
    new = COMMAND.with_name(f".{COMMAND.name}.new")
    new.write_text(launcher, "utf-8")
    new.chmod(0o755)
    new.replace(COMMAND)


def _prepare_azurite() -> None:
    wanted = _fingerprint(NODE_INPUTS)
    _check_node()
    if _is_done(NODE_MODULES, wanted):
        return
    if shutil.which("npm") is None:
        raise SetupFailed("There is no `npm` on the PATH. It comes with Node.js; install Node.js 20 or newer.")
    _step(
        "Installing Azurite (half a minute)",
        ["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"],
        "See above. Check the network, or the registry in npm's configuration, and run `make setup` again.",
    )
    _mark_done(NODE_MODULES, wanted)


def _check_node() -> None:
    node = shutil.which("node")
    if node is None:
        raise SetupFailed("There is no `node` on the PATH, which Azurite runs on. Install Node.js 20 or newer.")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    major = version.removeprefix("v").partition(".")[0]
    if not major.isdecimal() or int(major) < OLDEST_NODE:
        raise SetupFailed(f"Node.js is {version or 'broken'}, and Azurite needs {OLDEST_NODE} or newer. Update it.")


def _step(title: str, command: list[str], advice: str) -> None:
    """Run a command quietly, with a sign of life now and then; what it said is shown when it fails."""
    print(f"{title} ...", flush=True)
    begun = time.monotonic()
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
        process = subprocess.Popen(
            command, cwd=REPOSITORY, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT
        )
        while True:
            try:
                status = process.wait(HEARTBEAT_S)
                break
            except subprocess.TimeoutExpired:
                print(f"  still at it after {time.monotonic() - begun:.0f} s", flush=True)
        if status:
            said.seek(0)
            print(said.read()[-4000:], file=sys.stderr)
            raise SetupFailed(f"{title} failed. {advice}")
    print(f"  done in {time.monotonic() - begun:.0f} s", flush=True)


def _works(python: Path) -> bool:
    return python.exists() and subprocess.run([python, "-m", "pip", "--version"], capture_output=True).returncode == 0


def _fingerprint(names: tuple[str, ...]) -> str:
    content = b"\0".join((REPOSITORY / name).read_bytes() for name in names)
    return hashlib.sha256(content).hexdigest()


def _is_done(folder: Path, wanted: str) -> bool:
    stamp = folder / ".set-up"
    return stamp.exists() and stamp.read_text("ascii") == wanted


def _mark_done(folder: Path, wanted: str) -> None:
    (folder / ".set-up").write_text(wanted, "ascii")


@contextmanager
def _alone() -> Iterator[None]:
    """Hold the repository's own folder, so that a second set-up waits until the first is through."""
    folder = os.open(REPOSITORY, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


if __name__ == "__main__":
    sys.exit(main())
