"""Checks the deployment without Azure: `python infra/check.py` prints what it looked at, and what is wrong where.

Exit codes: 0 all is well, 1 something is wrong, 2 something could not be read, or there was nothing to look at.
"""

import argparse
import sys
from pathlib import Path

from checking.access import check_access
from checking.alerts import check_alerts
from checking.app_settings import check_settings
from checking.code import NoPython, read_code
from checking.facts import Facts, read_facts
from checking.findings import Report
from checking.host_json import check_host
from checking.interfaces import check_interfaces
from checking.names import check_names
from checking.packaging import check_packaging
from checking.parameter_files import check_parameter_files
from checking.secrecy import check_secrecy
from checking.symbols import check_symbols
from checking.tree import Tree, Unreadable

CLEAN, WRONG, USELESS = 0, 1, 2


def check(root: Path, facts: Facts) -> Report:
    """Hold the repository at `root` against all rules; raises `Unreadable` or `NoPython`."""
    tree, report = Tree.read(root), Report()
    code = read_code(tree.texts)
    check_symbols(tree, facts, report)
    check_interfaces(tree, facts, report)
    check_secrecy(tree, facts, report)
    check_access(tree, facts, report)
    check_settings(tree, code, report)
    check_names(tree, code, report)
    check_host(tree, facts, report)
    check_parameter_files(tree, report)
    check_alerts(tree, code, report)
    check_packaging(tree, report)
    return report


def main(arguments: list[str]) -> int:
    """Read the command line, check, tell, and return the exit code."""
    parser = argparse.ArgumentParser(description="Check the deployment without Azure and without a network.")
    parser.add_argument("root", type=Path, nargs="?", default=Path(__file__).resolve().parents[1])
    root = parser.parse_args(arguments).root
    try:
        report = check(root, read_facts())
    except (Unreadable, NoPython) as error:
        print(error)
        return USELESS
    print("Looked at: " + ", ".join(f"{number} {what}" for what, number in report.looked_at.items()) + ".")
    for finding in sorted(set(report.findings)):
        print(finding)
    if report.unseen:
        print(f"Found none of: {', '.join(report.unseen)}. A check of nothing proves nothing.")
        return USELESS
    print(f"{len(set(report.findings))} findings." if report.findings else "No findings.")
    return WRONG if report.findings else CLEAN


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
