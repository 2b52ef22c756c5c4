"""The command `durable-devhost`, also as `python -m durable_devhost`."""

import gc
import sys

gc.disable()  # until the host runs: imported modules are never garbage, and this saves a tenth of the start

from durable_devhost.cli import main  # noqa: E402


def run() -> None:
    """Run the command line and end the process with its status."""
    sys.exit(main())


if __name__ == "__main__":
    run()
