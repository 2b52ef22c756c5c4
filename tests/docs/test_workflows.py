"""The GitHub workflows keep to their rules, and each rule is seen to fail on a workflow that does not."""

import re
from collections.abc import Callable, Iterator

import pytest
import yaml

from tests.docs import workflow_rules as rules
from tests.docs.workflow_rules import ROOT, RULES, Workflow

FOLDER = ROOT / ".github/workflows"
FILES = sorted(path.name for path in FOLDER.glob("*.yml"))
CHECKOUT = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1"

GOOD = f"""
on: [push]
permissions: {{}}
concurrency:
  group: it
defaults:
  run:
    shell: bash
jobs:
  one:
    runs-on: ubuntu-24.04
    timeout-minutes: 10
    steps:
      - uses: {CHECKOUT} # v7.0.1
      - uses: {CHECKOUT} # v7.0.1
      - run: make setup && python tools/setup.py -r requirements.txt
"""

MISTAKES = [
    (rules.one_version, f"{CHECKOUT} # v7.0.1\n", f"{CHECKOUT[:-1]}0 # v7.0.1\n", "is not used in one commit"),
    (rules.one_version, " # v7.0.1", "", "is not used in one commit"),
    (rules.in_time, "    timeout-minutes: 10\n", "", "one: timeout-minutes is None"),
    (rules.in_time, "minutes: 10", "minutes: 360", "one: timeout-minutes is 360"),
    (rules.known_machines, "ubuntu-24.04", "ubuntu-latest", "one: runs-on is ubuntu-latest"),
    (rules.honest_failures, "    steps:", "    continue-on-error: true\n    steps:", "one: goes on after an error"),
    (rules.honest_failures, "requirements.txt", "requirements.txt || true", "step 3: goes on after an error"),
    (rules.no_broken_pipes, "defaults:\n  run:\n    shell: bash\n", "", "run.shell is not bash"),
    (rules.real_targets, "make setup", "make settup", "there is no make target settup"),
    (rules.real_paths, "tools/setup.py", "tools/set-up.py", "there is no tools/set-up.py"),
    (rules.real_paths, "requirements.txt", "requirements-test.txt", "there is no requirements-test.txt"),
]


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_workflow_follows_every_rule(rule: Callable[[Workflow], Iterator[str]], name: str) -> None:
    """Each rule has its reason in its docstring."""
    workflow = Workflow.read(name, (FOLDER / name).read_text("utf-8"))
    assert [] == list(rule(workflow))


def test_the_workflow_for_seeded_mistakes_breaks_no_rule() -> None:
    """Otherwise a rule could fail for another reason than the seeded mistake."""
    workflow = Workflow.read("ci.yml", GOOD)
    assert [] == [finding for rule in RULES for finding in rule(workflow)]


@pytest.mark.parametrize(("rule", "right", "wrong", "finding"), MISTAKES)
def test_a_seeded_mistake_is_found_by_its_rule(
    rule: Callable[[Workflow], Iterator[str]], right: str, wrong: str, finding: str
) -> None:
    """A rule that cannot fail proves nothing."""
    assert right in GOOD
    found = list(rule(Workflow.read("ci.yml", GOOD.replace(right, wrong, 1))))
    assert any(finding in one for one in found), found


def test_every_rule_has_a_seeded_mistake() -> None:
    """A new rule needs its own."""
    assert set(RULES) == {mistake[0] for mistake in MISTAKES}


def test_the_workflows_run_every_required_command() -> None:
    """A renamed or lost step would otherwise leave everything green."""
    texts = {name: (FOLDER / name).read_text("utf-8") for name in FILES}
    asked = {
        "ci.yml": (
            "make check", "make test", "infra/check.py", "az bicep build", "az bicep lint", "func start",
            "tools/smoke.py", "pytest -q tests/security tests/workflows/test_review_envelope.py",
        ),
        "security.yml": ("pip-audit", "tools/check_audit.py", "cyclonedx-py", "--require-hashes"),
    }  # fmt: skip
    assert {} == {
        name: lost for name, lines in asked.items() if (lost := [one for one in lines if one not in texts[name]])
    }


def test_each_supported_python_is_tested() -> None:
    """The list is that of pyproject.toml; the real host has no worker for 3.14 yet."""
    ci = Workflow.read("ci.yml", (FOLDER / "ci.yml").read_text("utf-8"))
    assert ["3.11", "3.12", "3.13", "3.14"] == ci.jobs["test"]["strategy"]["matrix"]["python"]
    assert ["3.11", "3.12", "3.13"] == ci.jobs["smoke"]["strategy"]["matrix"]["python"]
    assert 'requires-python = ">=3.11,<3.15"' in (ROOT / "pyproject.toml").read_text("utf-8")
    assert ["0", "1"] == ci.jobs["payloads"]["strategy"]["matrix"]["strict"]


def test_the_security_tools_are_installed_by_hash() -> None:
    """Each package in one version, each version with its files' hashes."""
    lines = (ROOT / ".github/security-tools.txt").read_text("utf-8").splitlines()
    packages = [number for number, line in enumerate(lines) if re.match(r"[\w.-]+==", line)]
    assert len(packages) > 20
    assert [] == [
        lines[number] for number in packages if not re.match(r"    --hash=sha256:[0-9a-f]{64}", lines[number + 1])
    ]
    asked = [line for line in (ROOT / ".github/security-tools.in").read_text("utf-8").splitlines() if line[0] != "#"]
    assert [] == [line for line in asked if not any(locked.startswith(f"{line} ") for locked in lines)]


def test_dependabot_updates_every_kind_of_pin() -> None:
    """A pin that nobody updates becomes a weakness itself."""
    content = yaml.safe_load((ROOT / ".github/dependabot.yml").read_text("utf-8"))
    assert {"github-actions", "pip", "npm"} == {update["package-ecosystem"] for update in content["updates"]}
