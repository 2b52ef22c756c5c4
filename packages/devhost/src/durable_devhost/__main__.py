"""The command `durable-devhost`, which `python -m durable_devhost` is too."""

import gc
import sys

gc.disable()  # until the host runs, as nothing of what is imported is ever garbage: a tenth of the time of a start

from durable_devhost.cli import main  # noqa: E402


def run() -> None:
    """Run the command line and end the process with its status."""
    sys.exit(main())


if __name__ == "__main__":
    run()
