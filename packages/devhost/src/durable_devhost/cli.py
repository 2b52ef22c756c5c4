"""The command line: reads the options, runs the host until it is told to stop, and turns failures into one sentence."""

import argparse
import asyncio
import contextlib
import signal
import sys
import traceback
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any

from durable_devhost.errors import DevhostError
from durable_devhost.host.assembly import run
from durable_devhost.indexing.loader import AppImportError
from durable_devhost.settings import DEFAULT_PORT, StartOptions

EXIT_STOPPED = 0
EXIT_DEFECT = 1
EXIT_UNUSABLE = 2
EXIT_INTERRUPTED = 130
_DESCRIPTION = "Run an Azure Functions app (Python v2 model, durable functions included) on this machine, on Azurite."
_START_HELP = """\
Start the app in a folder and keep it running until Ctrl-C. All state is kept in the data folder: a start over the
same folder goes on where the last one ended, also after a crash.
"""
_EXAMPLES = """\
examples:
  durable-devhost start                          the app in this folder, on port 7071
  durable-devhost start --app ../other --port 0  another app, on a free port
  durable-devhost start --clock virtual          with time that can be moved:
      curl -X POST http://localhost:7071/admin/devhost/clock -d '{"hours": 72}'
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status.

    0 after a stop by Ctrl-C or SIGTERM, 2 for anything that the person at the console can mend, 130 when a second
    Ctrl-C cut the stop short, 1 for a defect of devhost.
    """
    options, status = parse(arguments), EXIT_STOPPED
    try:
        asyncio.run(_until_told_to_stop(run(options)))
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
    """Read the options; exits with status 2 and a usage line for what makes no sense, with 0 after `--help`."""
    parser = argparse.ArgumentParser(prog="durable-devhost", description=_DESCRIPTION)
    commands = parser.add_subparsers(required=True, metavar="start", title="commands")
    start = commands.add_parser(
        "start",
        help="start an app",
        description=_START_HELP,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    start.add_argument("--app", type=Path, default=Path(), metavar="DIR", help="the app's folder (default: this one)")
    start.add_argument(
        "--port",
        type=_port,
        default=DEFAULT_PORT,
        metavar="N",
        help="port of the host; 0 takes a free one (default: 7071)",
    )
    start.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="folder of Azurite's files and devhost's own (default: .azurite in the app)",
    )
    start.add_argument(
        "--clock", choices=("system", "virtual"), default="system", help="virtual: time that can be moved forward"
    )
    start.add_argument("--enable-auth", action="store_true", help="ask for keys, as Azure does")
    start.add_argument("--json-logs", action="store_true", help="write one JSON object a line")
    start.add_argument(
        "--no-azurite", action="store_true", help="use an Azurite that runs already, on ports 10000 to 10002"
    )
    given = parser.parse_args(arguments)
    return StartOptions(
        app_dir=given.app.resolve(),
        data_dir=(given.data or given.app / ".azurite").resolve(),
        port=given.port,
        clock=given.clock,
        enable_auth=given.enable_auth,
        json_logs=given.json_logs,
        start_azurite=not given.no_azurite,
    )


async def _until_told_to_stop(host: Coroutine[Any, Any, None]) -> None:
    """Run the host; the first Ctrl-C or SIGTERM cancels it, so that it stops in good order, the second cuts it off."""
    loop = asyncio.get_running_loop()
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(host)

        def stop() -> None:
            for sign in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(sign)
            task.cancel()

        for sign in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(sign, stop)


def _port(text: str) -> int:
    with contextlib.suppress(ValueError):
        if 0 <= (number := int(text)) <= 65535:
            return number
    raise argparse.ArgumentTypeError(f"{text!r} is no port; give a number from 0 to 65535")


def _complain(error: DevhostError) -> None:
    details = f"\n{error.details.rstrip()}" if isinstance(error, AppImportError) else ""
    print(f"devhost: {error}{details}", file=sys.stderr)


def _leaves(errors: BaseExceptionGroup[DevhostError]) -> list[DevhostError]:
    """The errors in a group of groups, in order."""
    return [
        leaf
        for error in errors.exceptions
        for leaf in (_leaves(error) if isinstance(error, BaseExceptionGroup) else [error])
    ]
