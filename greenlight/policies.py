"""`policies`: shows the app's policies in words, and every fault of a new one."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from click.exceptions import Exit
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from approvals.policy.policy import Policy, read_policy
from approvals.policy.stages import Condition, Rung, Stage
from approvals.validation import Invalid, read_json
from approvals.words.wording import hours, money, people
from greenlight.errors import NO, GreenlightError
from greenlight.files import POLICIES, policy_names, read_bytes
from greenlight.session import console, print_json, put, with_json
from greenlight.texts import one_line


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFile:
    """A file of the folder: what it says, or what is wrong with it."""

    name: str
    content: Any
    policy: Policy | None
    faults: tuple[str, ...] = ()


@click.command()
@click.argument("which", metavar="[NAME|FILE]", required=False)
@click.option(
    "--folder", type=click.Path(path_type=Path), default=POLICIES, help="Their folder; default: policies/ of the app."
)
@with_json
def policies(*, which: str | None, folder: Path, as_json: bool) -> None:
    """List the policies, or check one.

    Needs no host: it reads the files of this clone. Choose one with `greenlight submit --policy NAME`. For a policy of
    your own it lists every fault at once; the exit status is 1 if there is any.
    """
    found = [_find(which, folder)] if which else list(_all(folder))
    if as_json:
        print_json([{"name": each.name, "policy": each.content, "faults": list(each.faults)} for each in found])
    else:
        _print(found, in_full=which is not None)
    if any(each.faults for each in found):
        raise Exit(NO)


def _print(found: list[PolicyFile], *, in_full: bool) -> None:
    out = console()
    if not found:
        put(out, Text("There are no policies here; name their folder with --folder."))
    for number, each in enumerate(found):
        if number:
            put(out, "")
        put(out, _words(each, in_full=in_full))


def _all(folder: Path) -> Iterator[PolicyFile]:
    return (_read(folder / f"{name}.json") for name in policy_names(folder))


def _find(which: str, folder: Path) -> PolicyFile:
    inside = folder / f"{which}.json"
    path = inside if inside.exists() else Path(which)
    if not path.exists():
        raise GreenlightError(f"There is no policy {one_line(which)}.", "List them: greenlight policies")
    return _read(path)


def _read(path: Path) -> PolicyFile:
    content = None
    try:
        content = _inside(read_json(read_bytes(path), own=True))
        return PolicyFile(name=path.stem, content=content, policy=read_policy(content))
    except Invalid as error:
        return PolicyFile(name=path.stem, content=content, policy=None, faults=error.errors)


def _inside(content: Any) -> Any:
    """Return the policy of a proposal that brings its own; anything else unchanged."""
    brought = content.get("policy") if isinstance(content, dict) and "stages" not in content else None
    return brought if isinstance(brought, dict) else content


def _words(found: PolicyFile, *, in_full: bool) -> RenderableType:
    title = Text(one_line(found.name), "bold")
    if found.policy is None:
        faults = [Text(f"- {one_line(fault)}", "red") for fault in found.faults]
        return Group(title, Padding(Group(*faults), (0, 2)))
    policy = found.policy
    parts: list[RenderableType] = [Text(one_line(policy.description))] if policy.description else []
    parts.append(_table(policy, in_full=in_full))
    parts += [Text(rule, "dim") for rule in _rules(policy)]
    return Group(title, Padding(Group(*parts), (0, 2)))


def _table(policy: Policy, *, in_full: bool) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, max_width=24, overflow="ellipsis", style="cyan")
    table.add_column(ratio=1)
    for stage in policy.stages:
        table.add_row(one_line(stage.name), stage_in_words(stage, policy.currency, in_full=in_full))
    if isinstance(policy.otherwise, Stage):
        words = stage_in_words(policy.otherwise, policy.currency, in_full=in_full)
        table.add_row(one_line(policy.otherwise.name), f"{words}\nonly if no other stage is asked")
    if policy.budget_limit is not None:
        owners = people(policy.budget_owners)
        table.add_row("budget", f"{one_line(owners)}, above {money(policy.budget_limit, policy.currency)}")
    return table


def stage_in_words(stage: Stage, currency: str, *, in_full: bool) -> str:
    """Say who decides a stage and how; in full, also what happens while nobody answers."""
    names = people(stage.approvers)
    who = {
        "first": names if len(stage.approvers) == 1 else f"the first of {names}",
        "all": names if len(stage.approvers) == 1 else f"all of {names}",
        "quorum": f"{stage.quorum} of {names}",
    }[stage.rule]
    words = [f"{who}, within {hours(stage.window_hours)}", _when(stage.when, currency) if stage.when else ""]
    if in_full:
        words += [
            f"required: {people(stage.required)}" if stage.required else "",
            _veto(stage),
            f"reminded after {people(tuple(hours(each) for each in stage.remind_after_hours))}"
            if stage.remind_after_hours
            else "",
            f"then {', then '.join(_rung(each) for each in stage.escalate_to)}" if stage.escalate_to else "",
            {"escalate": "", "reject": "no answer means no", "approve": "no answer means yes"}[stage.on_timeout],
            "systems may name anybody except the author" if stage.anyone else "",
        ]
    return "\n".join(one_line(each) for each in words if each)


def _rung(rung: Rung) -> str:
    window = f" within {hours(rung.window_hours)}" if rung.window_hours else ""
    return f"{people(rung.to)}{window}"


def _veto(stage: Stage) -> str:
    if isinstance(stage.veto, bool):
        return "one no is enough" if stage.veto else ""
    return f"a no from {people(stage.veto)} is enough" if stage.veto else ""


def _when(condition: Condition, currency: str) -> str:
    parts = [
        f"the cost is above {money(condition.cost_above, currency)}" if condition.cost_above is not None else "",
        f"the cost is {money(condition.cost_from, currency)} or more" if condition.cost_from is not None else "",
        f"the cost is at most {money(condition.cost_up_to, currency)}" if condition.cost_up_to is not None else "",
        f"the department is {' or '.join(condition.departments)}" if condition.departments else "",
        f"the checks say {' or '.join(condition.findings)}" if condition.findings else "",
    ]
    return f"only if {' and '.join(part for part in parts if part)}"


def _rules(policy: Policy) -> Iterator[str]:
    if policy.four_eyes:
        yield "nobody decides in two stages"
    if policy.used_by:
        yield f"only for proposals of {one_line(people(policy.used_by))}"
    if policy.allow_self_approval:
        yield "the author may decide too"
    if policy.otherwise == "refuse":
        yield "a proposal that needs no stage is refused"
    if policy.rates:
        known = people(tuple(policy.rates.worth))
        yield f"costs in {known} are compared in {policy.currency} by the rates of {policy.rates.date}"
    if policy.keep_answers_on:
        what = {"title": "the title", "summary": "the summary", "addedFiles": "added files"}
        kept = people(tuple(what[each] for each in policy.keep_answers_on))
        yield f"answers are kept if only this changes: {kept}"
    for word, effect in policy.outcomes.items():
        yield f"“{one_line(word)}” means {'asking for changes' if effect == 'changes' else effect}"
