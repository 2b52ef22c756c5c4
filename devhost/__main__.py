"""Makes `python -m devhost` the command line."""

import gc
import sys

gc.disable()  # until the app is loaded, as nothing of what is imported is ever garbage: a tenth of the time of a start

from devhost.cli import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
