"""What every GitHub workflow of this repository keeps to, as functions from its text to findings.

A rule gets a workflow and yields a sentence for each place that breaks it. The rules read the YAML as GitHub does, but
for the comments behind pins, which only the text has.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
PIN = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")
VERSION = re.compile(r"# v\d+\.\d+\.\d+")
LONGEST_MINUTES = 60
MAY_WRITE = {("security.yml", "code"): {"security-events"}}
"""The only rights to write, by file and job: CodeQL shows its findings."""
MAY_FAIL = {("ci.yml", "next-python")}
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

    @property
    def triggers(self) -> set[str]:
        """What starts it. YAML takes the bare word `on` for a truth value, GitHub does not."""
        return set(self.content[True])


def pinned(workflow: Workflow) -> Iterator[str]:
    """An action is pinned by commit: a tag can be moved to other code. The comment says which version that is."""
    for place, step in workflow.steps:
        if "uses" in step and not PIN.fullmatch(step["uses"]):
            yield f"{place}: {step['uses']} is not pinned by a commit"
    for line in re.findall(r"\buses: *(.+)$", workflow.text, re.MULTILINE):
        if not VERSION.fullmatch(line.partition(" ")[2]):
            yield f"{line} has no comment with its version"


def one_version(workflow: Workflow) -> Iterator[str]:
    """An action has one version in a file, so that a renewed pin is renewed everywhere."""
    commits: dict[str, set[str]] = {}
    for _, step in workflow.steps:
        if "@" in step.get("uses", ""):
            action, commit = step["uses"].split("@")
            commits.setdefault(action, set()).add(commit)
    yield from (f"{action} is used in {len(found)} versions" for action, found in commits.items() if len(found) > 1)


def least_rights(workflow: Workflow) -> Iterator[str]:
    """Nothing is allowed for all; each job says what it needs, and only the listed ones may write."""
    if workflow.content.get("permissions") != {}:
        yield "permissions: at the top is not {}"
    for name, job in workflow.jobs.items():
        rights = job.get("permissions")
        if not isinstance(rights, dict):
            yield f"{name}: says no permissions of its own"
            continue
        allowed = MAY_WRITE.get((workflow.name, name), set())
        for right, level in rights.items():
            if level not in ("read", "none") and right not in allowed:
                yield f"{name}: {right} is {level}"


def in_time(workflow: Workflow) -> Iterator[str]:
    """A job that hangs ends within the hour, not after GitHub's six."""
    for name, job in workflow.jobs.items():
        minutes = job.get("timeout-minutes")
        if not isinstance(minutes, int) or not 0 < minutes <= LONGEST_MINUTES:
            yield f"{name}: timeout-minutes is {minutes}"


def no_templates_in_commands(workflow: Workflow) -> Iterator[str]:
    """What somebody else may have written reaches a shell as a variable, never as part of the command."""
    for place, step in workflow.steps:
        if "${{" in step.get("run", "") + step.get("with", {}).get("script", ""):
            yield f"{place}: an expression is written into a command; pass it in env"


def no_kept_credentials(workflow: Workflow) -> Iterator[str]:
    """The token of the check-out is not left on disk for whatever runs later."""
    for place, step in workflow.steps:
        if step.get("uses", "").startswith("actions/checkout@") and step.get("with", {}).get("persist-credentials"):
            yield f"{place}: the check-out keeps its token"
        elif step.get("uses", "").startswith("actions/checkout@") and "persist-credentials" not in step.get("with", {}):
            yield f"{place}: the check-out keeps its token, as it does unless told otherwise"


def safe_triggers(workflow: Workflow) -> Iterator[str]:
    """No code of a stranger's pull request runs with this repository's rights."""
    yield from (
        f"on: {trigger} runs with this repository's rights"
        for trigger in sorted(workflow.triggers & {"pull_request_target", "workflow_run", "issue_comment"})
    )


def one_run_at_a_time(workflow: Workflow) -> Iterator[str]:
    """A run that has been overtaken ends."""
    if not (workflow.content.get("concurrency") or {}).get("group"):
        yield "concurrency: has no group"


def known_machines(workflow: Workflow) -> Iterator[str]:
    """An image is named by its version: `latest` changes under a commit that was green."""
    for name, job in workflow.jobs.items():
        if not re.fullmatch(r"ubuntu-\d\d\.04", str(job.get("runs-on"))):
            yield f"{name}: runs-on is {job.get('runs-on')}"


def honest_failures(workflow: Workflow) -> Iterator[str]:
    """A failure fails the run, but in the listed jobs."""
    for name, job in workflow.jobs.items():
        if job.get("continue-on-error") and (workflow.name, name) not in MAY_FAIL:
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
    pinned,
    one_version,
    least_rights,
    in_time,
    no_templates_in_commands,
    no_kept_credentials,
    safe_triggers,
    one_run_at_a_time,
    known_machines,
    honest_failures,
    no_broken_pipes,
    real_targets,
    real_paths,
)
