"""An audit counts only if it spoke of every installed package."""

import json
import sysconfig
from pathlib import Path

import pytest

from tools import check_audit

INSTALLED = {f"package-{number}": "1.0" for number in range(12)}


def entry(name="package-3", **fields):
    """What pip-audit's JSON says of one package."""
    return {"name": name, "version": "1.0", "vulns": []} | fields


def reported(*instead):
    """A report in which every package is fine, but for those given."""
    others = [entry(name) for name in INSTALLED if name not in {one["name"] for one in instead}]
    return {"dependencies": [*others, *instead], "fixes": []}


def test_a_complete_report_passes():
    """Also with another spelling of a name that the index treats as equal."""
    assert [] == check_audit.compare(reported(entry("Package_3")), INSTALLED)


@pytest.mark.parametrize(
    ("given", "finding"),
    [
        ({"name": "package-3", "skip_reason": "not found on PyPI"}, "package-3 1.0 was skipped: not found on PyPI"),
        (entry(version="0.9"), "package-3 1.0 is installed, but 0.9 was audited"),
        (entry(vulns=[{"id": "CVE-1"}, {"id": "CVE-2"}]), "package-3 1.0 is vulnerable: CVE-1, CVE-2"),
    ],
)
def test_a_package_without_a_clean_result_is_named(given, finding):
    """pip-audit itself lets the first one pass unless it is strict."""
    assert [finding] == check_audit.compare(reported(given), INSTALLED)


def test_a_package_missing_in_the_report_is_named():
    """An empty report would pass best."""
    missing = check_audit.compare({"dependencies": [], "fixes": []}, INSTALLED)
    assert [f"{name} 1.0 is not in the report" for name in sorted(INSTALLED)] == missing


def test_an_almost_empty_environment_does_not_pass():
    """A wrong path would otherwise be audited without a finding."""
    said = check_audit.compare({"dependencies": [], "fixes": []}, {})
    assert ["only 0 packages are installed there: is it the app's environment?"] == said


def test_the_command_reads_a_real_environment(tmp_path, capsys):
    """This one; all of its packages are in the report except pytest."""
    folder = Path(sysconfig.get_path("purelib"))
    installed = check_audit.list_installed(folder)
    report = tmp_path / "audit.json"
    whole = [entry(name, version=version) for name, version in installed.items()]
    report.write_text(json.dumps({"dependencies": whole}), "utf-8")
    assert 0 == check_audit.main([str(report), str(folder)])
    report.write_text(json.dumps({"dependencies": [one for one in whole if one["name"] != "pytest"]}), "utf-8")
    assert 1 == check_audit.main([str(report), str(folder)])
    assert f"pytest {installed['pytest']} is not in the report" in capsys.readouterr().err
    assert 2 == check_audit.main([])
