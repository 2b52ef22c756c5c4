"""What every GitHub workflow of this repository keeps to besides what zizmor and check-jsonschema see in `make check`.

A rule gets a workflow and yields a sentence for each place that breaks it. Those two tools see pins, rights, triggers,
templates in commands, kept tokens, overtaken runs and wrong syntax; these rules see what depends on this repository.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
LONGEST_MINUTES = 60
FOLDERS = (
    "activities|approvals|clients|packages|docs|entities|examples|gateways|infra|orchestrators|tests|tools|\\.github"
)
NAMED_PATH = re.compile(
    rf"(?<![\w$./\"-])((?:{FOLDERS})(?:/[\w.*-]+)+|(?:requirements|constraints)[\w-]*\.txt)(?![\w/])"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """One file of .github/workflows: its name, its text, and what GitHub reads in it."""

    name: str
    text: str
    content: dict[Any, Any] = field(repr=False)

    @classmethod
    def read(cls, name: str, text: str) -> "Workflow":
        """Parse the text; raises yaml.YAMLError where it is none."""
        return cls(name=name, text=text, content=yaml.safe_load(text))

    @property
    def jobs(self) -> dict[str, dict[str, Any]]:
        """The jobs by name."""
        return self.content["jobs"]

    @property
    def steps(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """All steps, with a name by which a person finds them."""
        for job_name, job in self.jobs.items():
            for number, step in enumerate(job["steps"], 1):
                yield f"{job_name}, step {number}", step


def one_version(workflow: Workflow) -> Iterator[str]:
    """An action has one commit in a file, with its version behind it, so that a renewed pin is renewed everywhere."""
    uses = re.findall(r"\buses: *([^@\s]+)@(.*)$", workflow.text, re.MULTILINE)
    for action in sorted({action for action, _ in uses}):
        pins = {pin for each, pin in uses if each == action}
        if len(pins) > 1 or not re.fullmatch(r"[0-9a-f]{40} # v\d+\.\d+\.\d+", *pins):
            yield f"{action} is not used in one commit with its version in a comment: {', '.join(sorted(pins))}"


def in_time(workflow: Workflow) -> Iterator[str]:
    """A job that hangs ends within the hour, not after GitHub's six."""
    for name, job in workflow.jobs.items():
        minutes = job.get("timeout-minutes")
        if not isinstance(minutes, int) or not 0 < minutes <= LONGEST_MINUTES:
            yield f"{name}: timeout-minutes is {minutes}"


def known_machines(workflow: Workflow) -> Iterator[str]:
    """An image is named by its version: `latest` changes under a commit that was green."""
    for name, job in workflow.jobs.items():
        if not re.fullmatch(r"ubuntu-\d\d\.04", str(job.get("runs-on"))):
            yield f"{name}: runs-on is {job.get('runs-on')}"


def honest_failures(workflow: Workflow) -> Iterator[str]:
    """A failure fails the run."""
    for name, job in workflow.jobs.items():
        if job.get("continue-on-error"):
            yield f"{name}: goes on after an error"
    for place, step in workflow.steps:
        if step.get("continue-on-error") or re.search(r"\|\|\s*(?:true|:)\s*$", step.get("run", ""), re.MULTILINE):
            yield f"{place}: goes on after an error"


def no_broken_pipes(workflow: Workflow) -> Iterator[str]:
    """`shell: bash` brings pipefail, which the runner's default has not: a failure before a pipe would be lost."""
    if (workflow.content.get("defaults") or {}).get("run", {}).get("shell") != "bash":
        yield "defaults: run.shell is not bash"


def real_targets(workflow: Workflow) -> Iterator[str]:
    """Every `make` target in a command exists."""
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for place, step in workflow.steps:
        for target in re.findall(r"\bmake ([\w-]+)", step.get("run", "")):
            if target not in targets:
                yield f"{place}: there is no make target {target}"


def real_paths(workflow: Workflow) -> Iterator[str]:
    """Every file and folder of the repository in a command exists."""
    for place, step in workflow.steps:
        for path in NAMED_PATH.findall(step.get("run", "")):
            if not any(ROOT.glob(path)):
                yield f"{place}: there is no {path}"


RULES: tuple[Callable[[Workflow], Iterator[str]], ...] = (
    one_version,
    in_time,
    known_machines,
    honest_failures,
    no_broken_pipes,
    real_targets,
    real_paths,
)
