"""Each verb of a review, with each fault at each call that the host or the app makes to storage.

usage: python -m tests.chaos [--scenario NAME ...] [--fault NAME ...] [--whose host|app|all] [--write FILE]

Exit status 1 where a record, a letter or a counter is not what it would be without the fault.
"""

import argparse
import sys

from packages.devhost.tests.chaos.faults import FAULTS, STORAGE_FAULTS
from packages.devhost.tests.chaos.jobs import Job
from packages.devhost.tests.chaos.sweep import add_arguments, sweep
from tests.chaos.scenarios import GREENLIGHT, REVIEWS

if __name__ == "__main__":
    names = [scenario.name for scenario in REVIEWS]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenario", action="append", choices=names, help="only this one; repeatable")
    parser.add_argument("--fault", action="append", choices=list(FAULTS), help="as above")
    parser.add_argument("--whose", choices=["host", "app", "all"], default="all", help="whose calls fail; default: all")
    add_arguments(parser)
    given = parser.parse_args()
    faults = given.fault or [fault.name for fault in STORAGE_FAULTS]
    jobs = [
        Job(scenario=scenario, fault=fault, label=fault, script={"whose": given.whose})
        for fault in faults
        for scenario in REVIEWS
        if not given.scenario or scenario.name in given.scenario
    ]
    sys.exit(not sweep(jobs, GREENLIGHT, given))
