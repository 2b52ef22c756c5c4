"""Prepares a clone: the virtual environment and the command line in .venv, Azurite in node_modules. Quick when done.

Run by `make`, with nothing but the standard library. Two runs at once wait for each other.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shlex import quote

REPOSITORY = Path(__file__).resolve().parent.parent
VENV = REPOSITORY / ".venv"
NODE_MODULES = REPOSITORY / "node_modules"
PYTHON_INPUTS = ("requirements.txt", "requirements-dev.txt", "constraints.txt", "packages/devhost/pyproject.toml")
NODE_INPUTS = ("package.json", "package-lock.json")
OLDEST_NODE = 20
RUNNING = sys.version_info[:2]
FITTING = ((3, 11), (3, 12), (3, 13), (3, 14))  # the tests pass on these; Azure has the first three
COMMAND = VENV / "bin" / "greenlight"
HEARTBEAT_S = 15.0
# npm prints this for a file that it could not write, as on a full disk, but still ends with status 0.
NPM_LEFT_OUT = "TAR_ENTRY_ERROR"

# Output of pip, npm, venv or the system, and what to do. The first row that fits counts: a full disk may come
# after a download that was tried again, and npm speaks of proxies whenever the network fails.
_AGAIN = "and run `make setup` again."
ADVICE = tuple(
    (re.compile(pattern, re.IGNORECASE), sentence)
    for pattern, sentence in (
        (
            r"ENOSPC|no space left on device|disk quota exceeded",
            "A disk is full: the one of this folder, or the one for temporary files and downloads. "
            f"Free about 1 GB, {_AGAIN}",
        ),
        (
            r"EROFS|read-only file system",
            "A folder that the set-up writes to is on a read-only file system. Make that writable, or clone the "
            "repository to a place that is, and run `make setup` there.",
        ),
        (
            # Not if a firewall of the machine denies a connection, as in "[Errno 13] Permission denied')".
            r"permission denied(?!')|EPERM",
            "This user may not write to a file or folder that the set-up needs. "
            f'Give it to this user (`sudo chown -R "$USER"` with its name), {_AGAIN}',
        ),
        (
            r"ProxyError|connect to proxy|proxy authentication required|tunneling socket",
            "The proxy cannot be reached, or refuses. "
            f"Check HTTPS_PROXY, and the proxy in the configuration of pip or npm, {_AGAIN}",
        ),
        (
            r"CERTIFICATE_VERIFY_FAILED|certificate verify failed|SELF_SIGNED_CERT|UNABLE_TO_(?:GET|VERIFY)_",
            "The certificate of the package index is not trusted, as when a proxy opens the traffic. "
            f"Name the file of the proxy's certificate in PIP_CERT and NODE_EXTRA_CA_CERTS, {_AGAIN}",
        ),
        (
            r"name resolution|name or service not known|nodename nor servname|getaddrinfo|ENOTFOUND|EAI_AGAIN"
            r"|timed out|TimeoutError|E(?:SOCKET)?TIMEDOUT|NewConnectionError|connection (?:refused|reset|aborted)"
            r"|ECONN(?:REFUSED|RESET|ABORTED)|E(?:NET|HOST)UNREACH|network is unreachable|from versions: none",
            "The package index cannot be reached over the network. "
            f"Check the connection, and the index and the proxy in the configuration of pip or npm, {_AGAIN}",
        ),
    )
)


class SetupFailed(Exception):
    """A sentence that says what is missing and what to do."""


def main() -> int:
    """Prepare what is not up to date; returns the exit status."""
    try:
        _check_running()
        with _alone():
            _prepare_python()
            _install_command()
            _prepare_azurite()
    except SetupFailed as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        what = error.strerror or str(error)
        print(f"setup: {where}{what}. {advice(what) or f'Fix that, {_AGAIN}'}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("setup: stopped; run `make setup` again to go on.", file=sys.stderr)
        return 130
    return 0


def advice(output: str) -> str:
    """What to do about a failure, by its output; empty if no cause is known."""
    return next((sentence for pattern, sentence in ADVICE if pattern.search(output)), "")


def _check_running() -> None:
    if RUNNING not in FITTING:
        raise SetupFailed(
            f"This is Python {_version(RUNNING)}, and {_need()}. "
            "Name one that fits: make setup PYTHON=/path/to/python3.12"
        )


def _prepare_python() -> None:
    python = VENV / "bin" / "python"
    wanted = _fingerprint(PYTHON_INPUTS) + b"\n" + os.fsencode(VENV)
    fault = _fault(python) if VENV.exists() else ""
    if fault:
        print(f"The virtual environment in .venv is made again: {fault}.")
    if fault or not VENV.exists():
        _make_environment(python)
    elif _is_done(VENV, wanted):
        return
    _step(
        "Installing the Python packages (a minute or two)",
        [
            str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input",
            "-r", "requirements-dev.txt", "-e", "packages/devhost", "-c", "constraints.txt",
        ],
        "See above. Check the network, or the proxy and the index in pip's configuration, and run `make setup` again.",
    )  # fmt: skip
    _mark_done(VENV, wanted)


def _make_environment(python: Path) -> None:
    """Make .venv, and pip in it as a step of its own: venv keeps what pip says to itself."""
    missing = "See above. On Debian and Ubuntu, `apt install python3-venv` brings what is missing."
    _step(
        "Making the virtual environment in .venv",
        [sys.executable, "-m", "venv", "--clear", "--without-pip", str(VENV)],
        missing,
    )
    _step("Installing pip in it", [str(python), "-m", "ensurepip", "--upgrade", "--default-pip"], missing)


def _fault(python: Path) -> str:
    """Why the virtual environment of this Python cannot be used; empty if it can."""
    if not python.exists():
        return "the Python that it was made with is gone"
    try:
        asked = _ask(python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])")
    except OSError as error:
        return f"its Python cannot be run ({error.strerror})"
    version = asked.stdout.strip()
    if asked.returncode or not version:
        return "its Python does not start"
    if version not in map(_version, FITTING):
        return f"it has Python {version}, and {_need()}"
    if _ask(python, "-m", "pip", "--version").returncode:
        return "pip does not work in it"
    place = _stamp(VENV).partition(b"\n")[2]
    if place and place != os.fsencode(VENV):
        return f"it was made for {os.fsdecode(place)}"
    return ""


def _ask(python: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([python, *arguments], capture_output=True, text=True, errors="replace", check=False)


def _version(numbers: tuple[int, int]) -> str:
    return ".".join(map(str, numbers))


def _need() -> str:
    return f"the app's packages need {', '.join(map(_version, FITTING[:-1]))} or {_version(FITTING[-1])}"


def _install_command() -> None:
    """Write `.venv/bin/greenlight`: this clone's command line; it can be started from any folder.

    Three lines of shell in place of an installed package: nothing to build or download, every change of the code counts
    at once, and a clone that was moved gets a new one.
    """
    launcher = os.fsencode(
        "#!/bin/sh\n"
        "# Greenlight's command line. Made by `make setup`.\n"
        f'PYTHONPATH={quote(str(REPOSITORY))} exec {quote(str(VENV / "bin" / "python"))} -P -m greenlight "$@"\n'
    )
    if COMMAND.exists() and COMMAND.read_bytes() == launcher and os.access(COMMAND, os.X_OK):
        return
    new = COMMAND.with_name(f".{COMMAND.name}.new")
    new.write_bytes(launcher)
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
        ["npm", "ci", "--no-audit", "--no-fund", "--loglevel=warn"],
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


def _step(title: str, command: list[str], general: str) -> None:
    """Run a command quietly, with a line of progress now and then; if it fails, show its output and advice.

    Its output goes into memory: on a full disk a file would lose the line that reports it. `general` is the
    advice where no other fits.
    """
    print(f"{title} ...", flush=True)
    begun = time.monotonic()
    with subprocess.Popen(
        command,
        cwd=REPOSITORY,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as process:
        while True:
            try:
                said, _ = process.communicate(timeout=HEARTBEAT_S)
                break
            except subprocess.TimeoutExpired:
                print(f"  still running after {time.monotonic() - begun:.0f} s", flush=True)
    if process.returncode or NPM_LEFT_OUT in said:
        print(said[-4000:], file=sys.stderr)
        raise SetupFailed(f"{title} failed. {advice(said) or general}")
    print(f"  done in {time.monotonic() - begun:.0f} s", flush=True)


def _fingerprint(names: tuple[str, ...]) -> bytes:
    content = b"\0".join((REPOSITORY / name).read_bytes() for name in names)
    return hashlib.sha256(content).hexdigest().encode()


def _is_done(folder: Path, wanted: bytes) -> bool:
    return _stamp(folder) == wanted


def _stamp(folder: Path) -> bytes:
    stamp = folder / ".set-up"
    return stamp.read_bytes() if stamp.is_file() else b""


def _mark_done(folder: Path, wanted: bytes) -> None:
    (folder / ".set-up").write_bytes(wanted)


@contextmanager
def _alone() -> Iterator[None]:
    """Hold the repository's own folder, so that a second set-up waits until the first is done."""
    folder = os.open(REPOSITORY, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


if __name__ == "__main__":
    sys.exit(main())
