"""A `func` that starts devhost: for tools and test harnesses that start whichever `func` is on the PATH.

It accepts the options of Azure Functions Core Tools for a start (`func start`, `func host start`) and
reports those that it does not know. It is no Core Tools: it creates, packs and publishes nothing.
"""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from shlex import quote, split

from durable_devhost import __version__
from durable_devhost.errors import DevhostError, SettingsError

CORE_TOOLS_VERSION = "4.5.0"
"""The answer to `func --version`: tools expect it to begin with a 4."""

_WITH_VALUE = frozenset(
    [
        "--timeout",
        "--cert",
        "--password",
        "--functions",
        "--json-output-file",
        "--user-log-level",
        "--runtime",
    ]
)
_PLAIN = frozenset(
    [
        "--verbose",
        "--no-build",
        "--pause-on-error",
        "--nodeDebug",
        "--dotnet-isolated-debug",
        "--python",
        "--javascript",
        "--typescript",
        "--no-telemetry",
        "--enable-json-output",
        "--skip-azure-storage-check",
    ]
)
_HELP = f"""\
func of durable-devhost {__version__}: starts the function app in this folder without Azure Functions Core Tools.

  func start [--port N]     start the app (also: func host start)
  func --version            {CORE_TOOLS_VERSION}

Of the Core Tools' options, --port, --cors, --cors-credentials, --script-root, --enableAuth and --language-worker's
debugpy port mean what they mean there; the others are accepted and change nothing. `durable-devhost start --help` has
devhost's own options.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A start, as arguments of `durable-devhost`; `notes` are about ignored options."""

    arguments: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TextToPrint:
    """A text to print, and nothing to start."""

    text: str


def write_shim(folder: Path) -> Path:
    """Write the executable `func` into `folder`, which is created if it is missing; raises DevhostError."""
    target = folder / "func"
    text = (
        "#!/bin/sh\n"
        "# Starts durable-devhost in place of Azure Functions Core Tools.\n"
        f'exec {quote(sys.executable)} -m durable_devhost func "$@"\n'
    )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        draft = folder / ".func.new"
        draft.write_text(text, "utf-8")
        draft.chmod(0o755)
        draft.replace(target)
    except OSError as error:
        raise DevhostError(
            f"The shim cannot be written to {folder} ({error.strerror}). Choose a folder that you may write to."
        ) from None
    return target


def translate(arguments: Sequence[str], environ: Mapping[str, str] = os.environ) -> Start | TextToPrint:
    """The meaning of a command line of `func` here; raises SettingsError for a command that devhost lacks."""
    match list(arguments[1:] if arguments[:1] == ["host"] else arguments):
        case [] | ["--help" | "-h" | "help", *_]:
            return TextToPrint(text=_HELP)
        case ["--version" | "-v", *_]:
            return TextToPrint(text=CORE_TOOLS_VERSION)
        case ["start", *options]:
            return _start(options, environ)
        case [command, *_]:
            raise SettingsError(
                f"'func {command}' is Azure Functions Core Tools' own; this func only starts apps (func start). "
                "Put the folder of the real func in front of this one on the PATH for the rest."
            )
    raise AssertionError("every list is one of the above")


def _start(options: Sequence[str], environ: Mapping[str, str]) -> Start:
    reading = _Reading(options)
    handlers: dict[str, Callable[[], None]] = {
        "--port": lambda: reading.take("--port"),
        "-p": lambda: reading.take("--port"),
        "--cors": lambda: reading.take("--cors"),
        "--cors-credentials": lambda: reading.taken.append("--cors-credentials"),
        "--script-root": lambda: reading.take("--app"),
        "--prefix": lambda: reading.take("--app"),
        "--enableauth": lambda: reading.taken.append("--enable-auth"),
        "--enable-auth": lambda: reading.taken.append("--enable-auth"),
        "--language-worker": lambda: reading.debug(" ".join(reading.rest())),
        "--": lambda: reading.debug(" ".join(reading.rest())),
    }
    if asked := environ.get("languageWorkers__python__arguments"):
        reading.debug(asked)  # VS Code sets it at every start, with or without debugging
    if python := environ.get("languageWorkers__python__defaultExecutablePath"):
        reading.taken += ["--python", python]
    while (option := reading.next()) is not None:
        handler = handlers.get(option.lower())
        if handler is not None:
            handler()
        elif option in _WITH_VALUE:
            reading.leave_out(option, with_value=True)
        elif option.lower() == "--usehttps":
            raise SettingsError("devhost serves HTTP only. Leave --useHttps out.")
        elif option not in _PLAIN:
            reading.leave_out(option, with_value=False)
    return Start(arguments=("start", "--as-func", *reading.taken), notes=tuple(reading.notes))


class _Reading:
    """The options of one start, read from left to right; `--name=value` is the same as `--name value`."""

    def __init__(self, options: Sequence[str]) -> None:
        self._left: list[str] = []
        for option in options:
            name, equals, value = option.partition("=")
            self._left += [name, value] if equals and option.startswith("--") else [option]
        self.taken: list[str] = []
        self.notes: list[str] = []

    def next(self) -> str | None:
        return self._left.pop(0) if self._left else None

    def rest(self) -> list[str]:
        left, self._left = self._left, []
        return left

    def take(self, name: str) -> None:
        value = self.next()
        if value is None:
            raise SettingsError(f"{name} needs a value.")
        self.taken += [name, value]

    def leave_out(self, option: str, *, with_value: bool) -> None:
        while with_value and self._left and not self._left[0].startswith("-"):
            self._left.pop(0)
        self.notes.append(f"{option} changes nothing here.")

    def debug(self, worker_arguments: str) -> None:
        """Core Tools start the worker under debugpy by arguments like `-m debugpy --listen 127.0.0.1:9091`.

        VS Code gives the path of its own debugpy in place of `-m debugpy`.
        """
        with suppress(ValueError, StopIteration, IndexError):
            words = split(worker_arguments)
            debugger = next(word for word in words if Path(word).name == "debugpy")
            port = words[words.index("--listen") + 1].rpartition(":")[2]
            self.taken += ["--debug", port]
            if Path(debugger).is_absolute():
                self.taken += ["--debugpy", str(Path(debugger).parent)]
