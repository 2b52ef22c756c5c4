"""An hour of virtual time with thousands of workflows, sweeps and kills, after which all books must be right.

usage: python -m tests.soak [--classics N] [--reviews N] [--kills N] [--turns N] [--sweep-s S] [--seed N]

Prints what happens, and one table. Exit status 1 where anything is wrong.
"""

import argparse
import signal
import sys

from tests.soak.report import table
from tests.soak.soak import KILLS, Sizes, Soak

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--classics", type=int, default=2000, help="workflows without a policy; default: 2000")
    parser.add_argument("--reviews", type=int, default=1000, help="proposals with a policy; default: 1000")
    parser.add_argument("--kills", type=int, default=len(KILLS), choices=range(len(KILLS) + 1), help="default: all")
    parser.add_argument("--turns", type=int, default=12, help="in how many steps the hour passes; default: 12")
    parser.add_argument("--sweep-s", type=float, default=20.0, help="seconds between two sweeps; default: 20")
    parser.add_argument("--seed", type=int, default=1, help="another number, another hour")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # unwinds, so that all processes are stopped
    given = parser.parse_args()
    lines = Soak(Sizes(**vars(given)), lambda text: print(text, file=sys.stderr, flush=True)).run()
    print(table(lines))
    wrong = sum(not line.is_right for line in lines)
    print(f"\nseed {given.seed}: {'all is right' if not wrong else f'{wrong} wrong'}")
    sys.exit(bool(wrong))
