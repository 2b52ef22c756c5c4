"""The deployment is clean, and the check of it says what it has looked at and never passes on nothing."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import check as command
import pytest
from check import check
from checking.facts import read_facts
from checking.findings import Report

REPOSITORY = Path(__file__).resolve().parents[2]


def run(*arguments, **environment):
    """Run the command as people do."""
    return subprocess.run(
        [sys.executable, "infra/check.py", *map(str, arguments)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        env=os.environ | environment,
    )


def test_the_deployment_has_no_findings():
    """A change of settings, queues or log lines needs the same change in infra/."""
    report = check(REPOSITORY, read_facts())
    assert [] == [str(each) for each in report.findings]
    assert [] == report.unseen


def test_every_kind_of_resource_was_checked():
    """Far lower numbers mean that a rule no longer finds what it checks."""
    least = {
        "Bicep files": 10, "registry modules": 12, "module parameters": 200, "outputs read": 50, "role ids": 10,
        "role assignments": 12, "settings read by the code": 15, "settings in Bicep": 35, "alert rules": 12,
        "profiles": 3, "values of profiles": 40, "storage accounts": 2, "words in alerts": 10,
    }  # fmt: skip
    looked_at = check(REPOSITORY, read_facts()).looked_at
    assert {} == {what: looked_at[what] for what, number in least.items() if looked_at[what] < number}


def test_the_command_prints_what_it_checked_and_ends_with_0():
    """The counts show that it did something."""
    done = run()
    assert (0, "") == (done.returncode, done.stderr)
    assert "Bicep files" in done.stdout
    assert done.stdout.endswith("No findings.\n")


def test_a_finding_is_printed_with_file_and_line_and_the_command_ends_with_1(copy, change):
    """So that editors and build logs link it."""
    change("infra/app/keyvault.bicep", "enableSoftDelete: true", "enableSoftDelete: false")
    line = 1 + (copy / "infra/app/keyvault.bicep").read_text().split("enableSoftDelete")[0].count("\n")
    done = run(copy)
    assert 1 == done.returncode
    assert f"infra/app/keyvault.bicep:{line}: vault.enableSoftDelete: True was expected" in done.stdout


def test_a_folder_without_bicep_is_a_failure(copy, tmp_path):
    """A check of nothing must not be green."""
    shutil.copytree(copy, tmp_path, dirs_exist_ok=True)
    for file in (tmp_path / "infra").rglob("*.bicep"):
        file.unlink()
    (tmp_path / "infra/main.bicep").write_text("targetScope = 'subscription'\n")
    done = run(tmp_path)
    assert 2 == done.returncode
    assert "A check of nothing proves nothing." in done.stdout


@pytest.mark.parametrize("file", ["host.json", "local.settings.json", "azure.yaml", "infra/main.parameters.json"])
def test_a_missing_file_is_named_and_ends_with_2(copy, change, file):
    """The checks need it."""
    change(file, "", None)
    done = run(copy)
    assert 2 == done.returncode
    assert f"{file}: cannot be read" in done.stdout


@pytest.mark.parametrize(
    ("file", "right", "wrong", "said"),
    [
        ("host.json", '"version": "2.0",', '"version"', "host.json: is no JSON"),
        ("clients/poison.py", "import logging", "import", "clients/poison.py:3: is no Python"),
    ],
)
def test_a_broken_file_is_named_and_ends_with_2(copy, change, file, right, wrong, said):
    """With the reason, without a traceback."""
    change(file, right, wrong)
    done = run(copy)
    assert 2 == done.returncode
    assert said in done.stdout


def test_the_check_needs_neither_network_nor_other_folders(copy, tmp_path):
    """Its facts are beside it: a copy of the folder checks itself."""
    alone = tmp_path / "alone"
    shutil.copytree(REPOSITORY / "infra", alone / "infra", ignore=shutil.ignore_patterns("__pycache__"))
    done = subprocess.run(
        [sys.executable, str(alone / "infra/check.py"), str(copy)],
        cwd=alone,
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"], "http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"},
    )
    assert (0, "") == (done.returncode, done.stderr), done.stdout


def test_a_kind_without_any_resource_is_reported(capsys, monkeypatch, tmp_path):
    """Also if there is no finding at all."""

    def empty(_root, _facts):
        report = Report()
        report.count("storage accounts", 0)
        report.count("queues", 2)
        return report

    monkeypatch.setattr(command, "check", empty)
    assert command.USELESS == command.main([str(tmp_path)])
    assert "Found none of: storage accounts." in capsys.readouterr().out


def test_the_facts_have_one_version_of_every_module():
    """Two versions in one deployment are a forgotten change."""
    modules = [name.partition(":")[0] for name in json.loads((REPOSITORY / "infra/facts/modules.json").read_text())]
    assert sorted(set(modules)) == modules
