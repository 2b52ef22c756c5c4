"""The command line: reads the options, runs the host until it is told to stop, and turns failures into one sentence."""

import argparse
import asyncio
import contextlib
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from durable_devhost import __version__, event_loop
from durable_devhost.azurite.install import install
from durable_devhost.doctor.table import Printer
from durable_devhost.doctor.visit import visit
from durable_devhost.errors import AppImportError, DevhostError, SettingsError
from durable_devhost.host.printable import printable
from durable_devhost.host.shutdown import EXIT_INTERRUPTED, Shutdown
from durable_devhost.host.startup import run
from durable_devhost.options import DEFAULT_PORT, DoctorOptions, StartOptions
from durable_devhost.shim import Start, TextToPrint, translate, write_shim
from durable_devhost.storage_mode import StorageMode

EXIT_STOPPED = 0
EXIT_DEFECT = 1
EXIT_UNUSABLE = 2
DEBUG_PORT = 5678
_DESCRIPTION = "Run an Azure Functions app (Python v2 model, durable functions included) on this machine, on Azurite."
_START_HELP = """\
Start the app in a folder and keep it running until Ctrl-C. All state is kept in the data folder: a start over the
same folder goes on where the last one ended, also after a crash.
"""
_EXAMPLES = """\
examples:
  durable-devhost start                          the app in this folder, on port 7071
  durable-devhost start --watch                  the same, loaded anew whenever a file of it is saved
  durable-devhost start --app ../other --port 0  another app, on a free port
  durable-devhost start --clock virtual          with time that can be moved:
      curl -X POST http://localhost:7071/admin/devhost/clock -d '{"hours": 72}'
"""
_DOCTOR_HELP = """\
Look at the task hub of an app whose host is stopped, and list the instances that can never go on: a history that is
missing or cannot be read, a row without a history or the other way round, and messages that lie on no queue any more.
On a terminal it asks what to do about each; nothing is changed unasked.

  requeue    let it go on: send the lost messages or the start again, write the missing row
  terminate  let it end
  purge      delete all that is stored of it

The exit status is 0 where nothing is wrong or everything was dealt with, 1 where something is left.
"""
_DOCTOR_EXAMPLES = """\
examples:
  durable-devhost doctor                         the app in this folder
  durable-devhost doctor ../other --purge i1     another app; delete the damaged instance i1, after a question
  durable-devhost doctor --yes                   take the first way out that the table names for each, unasked
"""
_SHIM_HELP = """\
Write an executable `func` into a folder. Put the folder on the PATH, and tools that start `func start`, such as VS
Code's tasks and test harnesses, start durable-devhost.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallAzurite:
    """`durable-devhost azurite install`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteShim:
    """`durable-devhost shim DIR`."""

    folder: Path


Command = StartOptions | DoctorOptions | InstallAzurite | WriteShim


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status.

    0 after a stop by Ctrl-C or SIGTERM, or where the doctor leaves nothing to do, 2 for anything that the person at the
    console can fix, 130 when a second Ctrl-C cut the stop short, 1 for a defect of devhost, or where the doctor leaves
    something wrong.
    """
    given = sys.argv[1:] if arguments is None else list(arguments)
    status = EXIT_STOPPED
    try:
        if given[:1] == ["func"]:
            return _func(given[1:])
        status = _carry_out(read(given))
    except* DevhostError as errors:
        for error in _leaves(errors):
            _complain(error)
        status = EXIT_UNUSABLE
    except* KeyboardInterrupt:
        status = EXIT_INTERRUPTED
    except* Exception as errors:  # noqa: BLE001 - the top of the program
        traceback.print_exception(errors)
        print("devhost: This is a defect of devhost. Please report it with the lines above.", file=sys.stderr)
        status = EXIT_DEFECT
    return status


def parse(arguments: Sequence[str] | None = None) -> StartOptions:
    """Read the options of a start; exits with status 2 and a usage line for what makes no sense."""
    command = read(arguments)
    if not isinstance(command, StartOptions):
        raise SettingsError("This is no start.")
    return command


def read(arguments: Sequence[str] | None = None) -> Command:
    """Read a command line; exits with status 2 and a usage line for what makes no sense, with 0 after `--help`."""
    parser = argparse.ArgumentParser(prog="durable-devhost", description=_DESCRIPTION)
    parser.add_argument("--version", action="version", version=f"durable-devhost {__version__}")
    commands = parser.add_subparsers(required=True, dest="command", metavar="COMMAND", title="commands")
    start = commands.add_parser(
        "start",
        help="start an app",
        description=_START_HELP,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_start_options(start)
    doctor = commands.add_parser(
        "doctor",
        help="find instances that cannot go on, and help them out",
        description=_DOCTOR_HELP,
        epilog=_DOCTOR_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_doctor_options(doctor)
    azurite = commands.add_parser("azurite", help="install the storage emulator")
    azurite.add_argument("action", choices=("install",), help="install: fetch Azurite with npm into a cache folder")
    shim = commands.add_parser("shim", help="write a `func` that starts devhost", description=_SHIM_HELP)
    shim.add_argument("folder", type=Path, metavar="DIR", help="where to write it")
    given = parser.parse_args(arguments)
    match given.command:
        case "azurite":
            return InstallAzurite()
        case "shim":
            return WriteShim(folder=given.folder.resolve())
        case "doctor":
            return _doctor_options(given)
        case _:
            return _start_options(given)


def _add_doctor_options(doctor: argparse.ArgumentParser) -> None:
    doctor.add_argument("app", type=Path, nargs="?", default=Path(), metavar="DIR", help="the app's folder")
    doctor.add_argument("--data", type=Path, metavar="DIR", help="folder of the data (default: .azurite in the app)")
    doctor.add_argument(
        "--python", metavar="PYTHON", help="the app's Python, where a requeue has to replay (as `start`)"
    )
    doctor.add_argument("--no-azurite", action="store_true", help="look at the storage that the app's settings name")
    doctor.add_argument("--yes", action="store_true", help="do not ask")
    for remedy in ("requeue", "terminate", "purge"):
        doctor.add_argument(f"--{remedy}", action="append", default=[], metavar="ID", help=f"{remedy} this instance")


def _doctor_options(given: argparse.Namespace) -> DoctorOptions:
    return DoctorOptions(
        app_dir=given.app.resolve(),
        data_dir=(given.data or given.app / ".azurite").resolve(),
        start_azurite=not given.no_azurite,
        python=given.python,
        is_sure=given.yes,
        purge=tuple(given.purge),
        terminate=tuple(given.terminate),
        requeue=tuple(given.requeue),
    )


def _add_start_options(start: argparse.ArgumentParser) -> None:
    start.add_argument("--app", type=Path, default=Path(), metavar="DIR", help="the app's folder (default: this one)")
    start.add_argument(
        "--port",
        type=_port,
        metavar="N",
        help=f"port of the host; 0 takes a free one (default: Host.LocalHttpPort, else {DEFAULT_PORT})",
    )
    start.add_argument(
        "--cors", metavar="ORIGINS", help="origins that may call from a browser, with commas (default: Host.CORS)"
    )
    start.add_argument(
        "--cors-credentials", action="store_true", help="let them send cookies (or Host.CORSCredentials)"
    )
    start.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="folder of Azurite's files and devhost's own (default: .azurite in the app)",
    )
    start.add_argument(
        "--python",
        metavar="PYTHON",
        help="the app's Python, or its virtual environment (default: VIRTUAL_ENV, then .venv, venv or env of the app)",
    )
    start.add_argument("--watch", action="store_true", help="load the app anew when one of its files is saved")
    start.add_argument(
        "--debug",
        type=_port,
        nargs="?",
        const=DEBUG_PORT,
        metavar="PORT",
        help=f"start a debugger in the app's process, to attach to on this port (default: {DEBUG_PORT})",
    )
    start.add_argument("--debugpy", metavar="DIR", help=argparse.SUPPRESS)  # where the caller's own debugger is
    start.add_argument("--as-func", action="store_true", help=argparse.SUPPRESS)  # say what tools wait for of `func`
    start.add_argument(
        "--clock", choices=("system", "virtual"), default="system", help="virtual: time that can be moved forward"
    )
    start.add_argument(
        "--forget-virtual-time",
        action="store_true",
        help="go on with the system clock where a virtual one was ahead; what is due there waits for real time",
    )
    start.add_argument(
        "--storage-mode",
        choices=[mode.value for mode in StorageMode],
        default=StorageMode.STANDARD.value,
        metavar="MODE",
        help="standard: as on Azure; journal: fewer than half the storage calls, one host only (default: standard)",
    )
    start.add_argument("--enable-auth", action="store_true", help="ask for keys, as Azure does")
    start.add_argument(
        "--mail",
        type=_port,
        nargs="?",
        const=0,
        metavar="PORT",
        help="catch the app's letters: SMTP_HOST and SMTP_PORT lead it here (default port: a free one)",
    )
    start.add_argument(
        "--page",
        type=_page,
        action="append",
        default=[],
        metavar="PAGE",
        help="a page of the app to name with its address when the host is ready, such as Inbox=/api/inbox",
    )
    start.add_argument("--json-logs", action="store_true", help="write one JSON object a line")
    start.add_argument(
        "--no-azurite", action="store_true", help="use an Azurite that runs already, on ports 10000 to 10002"
    )


def _start_options(given: argparse.Namespace) -> StartOptions:
    return StartOptions(
        app_dir=given.app.resolve(),
        data_dir=(given.data or given.app / ".azurite").resolve(),
        port=given.port,
        cors=given.cors,
        cors_credentials=given.cors_credentials,
        clock=given.clock,
        enable_auth=given.enable_auth,
        json_logs=given.json_logs,
        start_azurite=not given.no_azurite,
        python=given.python,
        watch=given.watch,
        debug=given.debug,
        debugpy=given.debugpy,
        as_func=given.as_func,
        forget_virtual_time=given.forget_virtual_time,
        mail=given.mail,
        pages=tuple(given.page),
        storage_mode=StorageMode(given.storage_mode),
    )


def _carry_out(command: Command) -> int:
    """Run a command and return its exit status."""
    match command:
        case DoctorOptions():
            return asyncio.run(visit(command, Printer()))
        case InstallAzurite():
            print(f"Azurite is ready: {install(print)}")
        case WriteShim(folder=folder):
            print(f"Wrote {write_shim(folder)}. Put {folder} in front on the PATH, and `func start` starts devhost.")
        case StartOptions():
            event_loop.run(_until_told_to_stop(command))
    return EXIT_STOPPED


def _func(arguments: Sequence[str]) -> int:
    match translate(arguments):
        case TextToPrint(text=text):
            print(text)
        case Start(arguments=start, notes=notes):
            for note in notes:
                print(f"func: {note}", file=sys.stderr)
            return _carry_out(read(start))
    return EXIT_STOPPED


async def _until_told_to_stop(options: StartOptions) -> None:
    """Run the host until a signal asks it to end."""
    shutdown = Shutdown()
    async with asyncio.TaskGroup() as tasks:
        shutdown.watch(tasks.create_task(run(options, shutdown)))


def _port(text: str) -> int:
    with contextlib.suppress(ValueError):
        if 0 <= (number := int(text)) <= 65535:
            return number
    raise argparse.ArgumentTypeError(f"{text!r} is no port; give a number from 0 to 65535")


def _page(text: str) -> tuple[str, str]:
    name, _, path = text.partition("=")
    if name.strip() and path.startswith("/") and not path.startswith("//") and path.isprintable():
        return name.strip(), path
    raise argparse.ArgumentTypeError(f"{text!r} is no page; give a name and a path of the app, as in Inbox=/api/inbox")


def _complain(error: DevhostError) -> None:
    details = f"\n{error.details.rstrip()}" if isinstance(error, AppImportError) else ""
    print(printable(f"devhost: {error}{details}", lines=True), file=sys.stderr)


def _leaves(errors: BaseExceptionGroup[DevhostError]) -> list[DevhostError]:
    """The errors in a group of groups, in order."""
    return [
        leaf
        for error in errors.exceptions
        for leaf in (_leaves(error) if isinstance(error, BaseExceptionGroup) else [error])
    ]
