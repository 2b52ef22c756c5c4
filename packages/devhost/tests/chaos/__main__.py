"""The whole sweep: each scenario, with each fault at each of its calls. `make chaos` runs it.

usage: python -m packages.devhost.tests.chaos [--storage-mode MODE] [--part NAME ...] [--scenario NAME ...]
           [--fault NAME ...] [--write FILE]

Exit status 1 where anything was stuck, lost, doubled or refused without a reason, or a host has ended.
"""

import argparse
import sys

from durable_devhost.storage_mode import StorageMode
from packages.devhost.tests.chaos.faults import FAULTS
from packages.devhost.tests.chaos.jobs import PARTS, chosen
from packages.devhost.tests.chaos.scenarios import BY_NAME, SUBJECTS
from packages.devhost.tests.chaos.sweep import add_arguments, sweep

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", action="append", default=[], choices=list(PARTS), help="only this one; repeatable")
    parser.add_argument("--scenario", action="append", default=[], choices=list(BY_NAME), help="as above")
    parser.add_argument("--fault", action="append", default=[], choices=list(FAULTS), help="as above")
    parser.add_argument("--storage-mode", type=StorageMode, choices=tuple(StorageMode), default=StorageMode.STANDARD)
    add_arguments(parser)
    given = parser.parse_args()
    jobs = chosen(given.part, given.scenario, given.fault)
    sys.exit(not sweep(jobs, SUBJECTS[given.storage_mode], given))
