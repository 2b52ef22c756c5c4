"""Tells whether a pip-audit report covers every installed package: a report that skipped packages does not pass.

    python tools/check_audit.py audit.json path/to/site-packages

pip-audit can end with "No known vulnerabilities found" when it skipped every package, for example if its index does
not answer. Ends with 0 only if each distribution in the folder was looked up in its installed version and none is
vulnerable.
"""

import importlib.metadata
import json
import re
import sys
from pathlib import Path
from typing import Any

FEWEST = 10
"""The app's own list alone is about as long; a folder with fewer is not the app's."""


def main(arguments: list[str]) -> int:
    """Compare report and folder, print a line for each finding and the count; returns the exit status."""
    if len(arguments) != 2:
        print("use: check_audit.py REPORT.json SITE_PACKAGES", file=sys.stderr)
        return 2
    report, folder = map(Path, arguments)
    installed = list_installed(folder)
    findings = compare(json.loads(report.read_text("utf-8")), installed)
    for finding in findings:
        print(finding, file=sys.stderr)
    print(f"{len(installed)} packages installed, {len(findings)} findings")
    return 1 if findings else 0


def list_installed(folder: Path) -> dict[str, str]:
    """Return version by normalised name of what is installed in a site-packages folder."""
    found = importlib.metadata.distributions(path=[str(folder)])
    return {_normalised(one.metadata["Name"]): one.version for one in found}


def compare(report: dict[str, Any], installed: dict[str, str]) -> list[str]:
    """Return a sentence for each package that was not audited or is vulnerable; an empty list is a pass."""
    findings = []
    if len(installed) < FEWEST:
        findings.append(f"only {len(installed)} packages are installed there: is it the app's environment?")
    audited = {_normalised(entry["name"]): entry for entry in report["dependencies"]}
    for name, version in sorted(installed.items()):
        match audited.get(name):
            case None:
                findings.append(f"{name} {version} is not in the report")
            case {"skip_reason": reason}:
                findings.append(f"{name} {version} was skipped: {reason}")
            case {"version": other} if other != version:
                findings.append(f"{name} {version} is installed, but {other} was audited")
            case {"vulns": []}:
                pass
            case entry:
                weak = ", ".join(str(one["id"]) for one in entry["vulns"])
                findings.append(f"{name} {version} is vulnerable: {weak}")
    return findings


def _normalised(name: str) -> str:
    """The spelling in which the index compares names (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
