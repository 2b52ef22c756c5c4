"""Installs Azurite for devhost alone, into its cache folder: what `durable-devhost azurite install` does.

npm fills a folder beside the final one, which is then moved into place in one step. An interrupted install leaves
nothing that a start could take for Azurite.
"""

import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from durable_devhost.azurite.command import OLDEST_NODE, cache_folder, command_in, find_node
from durable_devhost.azurite.folder import FULL_DISK
from durable_devhost.errors import DevhostError

VERSION = "3.35.0"
"""The Azurite that devhost is tested with."""

Say = Callable[[str], None]
_HEARTBEAT_S = 15.0
_DRAFT = ".azurite-"
_OPTIONS = ("--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=warn")
_SHOWN = 1500
_NO_SPACE = re.compile(r"\b(ENOSPC|EDQUOT)\b")
_NPM_CODE = re.compile(r"^npm (?:error|ERR!) code (\w+)", re.MULTILINE)
_NETWORK = re.compile(
    r"E(NOTFOUND|AI_AGAIN|CONN\w+|TIMEDOUT|HOSTUNREACH|NETUNREACH|RR_SOCKET_TIMEOUT|[45]\d\d)|.*CERT.*"
)


def install(say: Say) -> Path:
    """Install Azurite into the cache folder and return the path of its command; an installed one is kept.

    `say` gets a line when something begins, takes long, or ends. Raises DevhostError if Node or npm is
    missing, the registry cannot be reached, or the folder cannot be written.
    """
    folder = cache_folder()
    with _writable(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _alone(folder.parent, say):
            if _version_in(folder) == VERSION:
                say(f"Azurite {VERSION} is installed already, in {folder}.")
            else:
                _install(folder, say)
    return command_in(folder)


def _install(folder: Path, say: Say) -> None:
    npm = _find_npm()
    for left_over in folder.parent.glob(f"{_DRAFT}*"):
        shutil.rmtree(left_over, ignore_errors=True)
    begun = time.monotonic()
    say(f"Installing Azurite {VERSION} into {folder} (half a minute) ...")
    with TemporaryDirectory(prefix=_DRAFT, dir=folder.parent) as work:
        draft = Path(work) / "azurite"
        draft.mkdir()
        package = [str(npm), "install", "--prefix", str(draft), *_OPTIONS, f"azurite@{VERSION}"]
        status, said = _run(package, draft, say)
        # npm goes on after a file that it could not write, and may exit with 0: check its output, and try Azurite.
        if status or _NO_SPACE.search(said):
            raise DevhostError(_explained(said, folder))
        status, said = _run([str(command_in(draft)), "--version"], draft, say)
        if status:
            raise DevhostError(f"Azurite was installed but does not run:\n{said[-_SHOWN:]}")
        if folder.exists():
            folder.rename(Path(work) / "replaced")
        draft.rename(folder)
    say(f"  done in {time.monotonic() - begun:.0f} s")


def _find_npm() -> Path:
    node = find_node()
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    major = answer.removeprefix("v").partition(".")[0]
    if not major.isdecimal() or int(major) < OLDEST_NODE:
        raise DevhostError(f"Node.js is {answer or 'broken'}, and Azurite needs {OLDEST_NODE} or newer. Update it.")
    npm = shutil.which("npm")
    if npm is None:
        raise DevhostError(
            f"There is no `npm` on the PATH, which installs Azurite. It comes with Node.js {OLDEST_NODE} or newer, "
            "or as the package npm of the system."
        )
    return Path(npm)


def _run(command: Sequence[str], folder: Path, say: Say) -> tuple[int, str]:
    """Run a command and report progress now and then; returns its exit status and all that it printed.

    It runs in its own session, so that stopping this call stops its children too. Its output never
    touches the disk, which may be full.
    """
    begun = time.monotonic()
    with subprocess.Popen(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            while (said := _output_when_ended(process)) is None:
                say(f"  still at it after {time.monotonic() - begun:.0f} s")
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    return process.returncode, said


def _output_when_ended(process: "subprocess.Popen[str]") -> str | None:
    """All that the process printed once it has ended, None while it still runs after a while."""
    try:
        return process.communicate(timeout=_HEARTBEAT_S)[0]
    except subprocess.TimeoutExpired:
        return None


def _explained(said: str, folder: Path) -> str:
    """The sentence for npm's error output."""
    if _NO_SPACE.search(said):
        return _disk_is_full(folder)
    code = found[1] if (found := _NPM_CODE.search(said)) else ""
    if _NETWORK.fullmatch(code):
        reason = said.partition("\nnpm error     at ")[0].strip()  # without npm's own stack
        return (
            f"npm could not fetch Azurite from its registry ({code}). Check the network, or the proxy and the registry "
            f"in npm's configuration (`npm config list`), and try again.\n{reason[:_SHOWN]}"
        )
    return f"npm could not install Azurite. It said:\n{said[-_SHOWN:].strip() or 'nothing'}"


def _disk_is_full(folder: Path) -> str:
    return (
        f"The disk that holds {folder}, or npm's own cache, is full. Free some space (Azurite takes 200 MB), "
        "or set XDG_CACHE_HOME to a folder on another disk."
    )


def _version_in(folder: Path) -> str | None:
    """The version installed in `folder`; None if there is none or it is incomplete."""
    try:
        package = json.loads((folder / "node_modules" / "azurite" / "package.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return package.get("version") if isinstance(package, dict) and command_in(folder).exists() else None


@contextmanager
def _alone(folder: Path, say: Say) -> Iterator[None]:
    """Lock the folder, so that a second install waits until the first has finished."""
    held = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another install is under way; waiting for its end ...")
            fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


@contextmanager
def _writable(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in FULL_DISK:
            raise DevhostError(_disk_is_full(folder)) from None
        raise DevhostError(
            f"Azurite cannot be installed into {folder} ({error.strerror or error}). "
            "Set XDG_CACHE_HOME to a folder that can be written."
        ) from None
