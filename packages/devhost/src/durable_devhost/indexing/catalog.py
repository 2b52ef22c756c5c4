"""Builds the catalog from the app's registered functions, or reports everything that is wrong with them at once."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from durable_devhost.errors import AppError
from durable_devhost.indexing.declared import (
    durable_name,
    read_binding,
    read_retry_policy,
    resolve_settings,
    with_lower_queue,
)
from durable_devhost.indexing.names import name_problems, route_conflicts
from durable_devhost.model.blob_paths import BlobPattern
from durable_devhost.model.functions import Binding, Function, FunctionCatalog, TriggerType
from durable_devhost.model.schedule import parse_schedule
from durable_devhost.retry_policy import RetryPolicy

_QUEUE_NAME = re.compile(r"[a-z0-9](?:-?[a-z0-9]){2,62}")
_TABLE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{2,62}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    """A function as declared, before it is checked; `told` is the worker's error about it."""

    name: str
    bindings: tuple[Binding, ...]
    script_file: Path
    line: int | None
    trigger: Binding | None
    missing: tuple[str, ...]
    told: tuple[str, ...]
    retry: Mapping[str, Any] | None
    streams: bool

    @property
    def where(self) -> str:
        place = f"{self.script_file}:{self.line}" if self.line else str(self.script_file)
        return f"{place} {self.name}"


def build_catalog(
    found: Sequence[Mapping[str, Any]],
    complaint: str | None,
    app_dir: Path,
    settings: Mapping[str, str],
    *,
    only: Collection[str] = (),
    retry: RetryPolicy | None = None,
) -> FunctionCatalog:
    """The functions of the app that are not disabled; AppError lists every problem with file, line and function.

    `only` names those that exist, ignoring case; the others do not exist (`FunctionMetadataManager`).

    `found` and `complaint` come from the worker: each function with its raw bindings, and the SDK's error about
    the whole app. `retry` is the policy of functions without one of their own. Mistakes of a disabled function are
    ignored, so that an app can run without it.
    """
    names = {name.lower() for name in only}
    declared = [_candidate(each, settings) for each in found if not names or each["name"].lower() in names]
    off = [one for one in declared if _is_disabled(one.name, settings)]
    candidates = [one for one in declared if one not in off]
    problems = list(_duplicate_names(candidates))
    functions: list[Function] = []
    for one in candidates:
        against = list(_problems_of(one))
        problems += [f"{one.where}: {text}" for text in against]
        if one.trigger is not None and not against:
            functions.append(_function(one, one.trigger, retry))
    problems += _duplicate_durable_names(functions)
    problems += route_conflicts(functions)
    if complaint and not problems:
        problems.append(complaint)
    if not found:
        problems.append("no functions are registered; decorate some, or register the blueprints in the app")
    if problems:
        raise AppError(_report(app_dir, problems))
    return FunctionCatalog(functions, [one.name for one in off], _durable_names(off), _sound(off, retry))


def _sound(candidates: list[_Candidate], retry: RetryPolicy | None) -> Iterator[Function]:
    """The functions without a problem."""
    for one in candidates:
        if one.trigger is not None and not list(_problems_of(one)):
            yield _function(one, one.trigger, retry)


def _durable_names(candidates: list[_Candidate]) -> Iterator[tuple[TriggerType, str]]:
    for one in candidates:
        if one.trigger is not None and (name := durable_name(one.trigger, one.name)):
            yield TriggerType(one.trigger.type), name


def _candidate(found: Mapping[str, Any], settings: Mapping[str, str]) -> _Candidate:
    resolved = [resolve_settings(read_binding(raw), settings) for raw in found["bindings"]]
    bindings = tuple(with_lower_queue(binding) for binding, _ in resolved)
    trigger = found["trigger"] or {}
    wanted = (trigger.get("name"), trigger.get("type"))
    return _Candidate(
        name=found["name"],
        bindings=bindings,
        trigger=next((binding for binding in bindings if (binding.name, binding.type) == wanted), None),
        script_file=Path(found["file"]),
        line=found["line"],
        missing=tuple(name for _, missing in resolved for name in missing),
        told=tuple(found["problems"]),
        retry=found["retry"],
        streams=bool(found.get("streams")),
    )


def _function(one: _Candidate, trigger: Binding, retry: RetryPolicy | None) -> Function:
    return Function(
        name=one.name,
        trigger=trigger,
        inputs=tuple(b for b in one.bindings if b.direction == "in" and b is not trigger),
        outputs=tuple(b for b in one.bindings if b.direction == "out"),
        durable_name=durable_name(trigger, one.name),
        retry_policy=read_retry_policy(one.retry) or retry,
        script_file=one.script_file,
        line=one.line,
        streams=one.streams,
    )


def _problems_of(one: _Candidate) -> Iterator[str]:
    if one.trigger is None:
        yield "it has no trigger; every function needs exactly one"
        return
    for name in one.missing:
        yield f"%{name}% is no app setting; add {name} to Values in local.settings.json"
    yield from name_problems(one.name, one.bindings)
    for binding in one.bindings:
        yield from _property_problems(binding, one.name)
    yield from one.told
    try:
        read_retry_policy(one.retry)
    except ValueError as error:
        yield f"{error}"


def _property_problems(binding: Binding, function_name: str) -> Iterator[str]:
    match binding.type:
        case "queueTrigger" | "queue":
            queue = binding.text("queueName") or ""
            if "{" not in queue and "%" not in queue and not _QUEUE_NAME.fullmatch(queue):
                yield f"'{queue}' is no queue name: 3 to 63 lower-case letters, digits and single hyphens between them"
        case "blob":
            path = binding.text("path") or ""
            container, _, blob = path.partition("/")
            if (not container or not blob) and not path.startswith("{"):  # an event's `{data.url}` is a whole URL
                yield f"the path '{binding.text('path') or ''}' of '{binding.name}' is not of the form container/blob"
        case "blobTrigger":
            yield from _path_problems(binding.text("path") or "")
        case "table":
            table = binding.text("tableName") or ""
            if "{" not in table and "%" not in table and not _TABLE_NAME.fullmatch(table):
                yield f"'{table}' is no table name: 3 to 63 letters and digits, a letter first"
        case "timerTrigger":
            yield from _schedule_problems(binding.text("schedule") or "")
        case "orchestrationTrigger" if (durable_name(binding, function_name) or "").startswith("@"):
            yield "the name of an orchestrator must not begin with '@'"


def _path_problems(path: str) -> Iterator[str]:
    if "%" in path:
        return  # a setting is missing, which is reported
    try:
        BlobPattern.parse(path)
    except ValueError as error:
        yield str(error).removesuffix(".")


def _schedule_problems(schedule: str) -> Iterator[str]:
    if "%" in schedule:
        return  # the missing setting has been reported
    try:
        parse_schedule(schedule)
    except AppError as error:
        yield f"{error}".removesuffix(".").replace("The", "the", 1)


def _duplicate_names(candidates: list[_Candidate]) -> Iterator[str]:
    first: dict[str, _Candidate] = {}
    for one in candidates:
        other = first.setdefault(one.name.lower(), one)
        if other is not one:
            yield (
                f"{one.where}: another function has this name too ({other.where}); names must differ by more than case"
            )


def _duplicate_durable_names(functions: list[Function]) -> list[str]:
    first: dict[tuple[str, str], Function] = {}
    problems = []
    for function in functions:
        if function.durable_name is None:
            continue
        other = first.setdefault((function.trigger.type, function.durable_name.lower()), function)
        if other is not function and other.name.lower() != function.name.lower():
            problems.append(
                f"{function.where} {function.name}: '{function.durable_name}' is already the {function.trigger.type} "
                f"name of {other.name} ({other.where})"
            )
    return problems


def _is_disabled(name: str, settings: Mapping[str, str]) -> bool:
    wanted = {f"azurewebjobs{dot}{name}{dot}disabled".lower() for dot in (".", "_", "__")}
    return any(key.lower() in wanted and value.strip().lower() in ("1", "true") for key, value in settings.items())


def _report(app_dir: Path, problems: list[str]) -> str:
    advice = "A function can be left out with the app setting AzureWebJobs.NAME.Disabled=true."
    if len(problems) == 1:
        return f"The app in {app_dir} cannot run. {problems[0]}.\n{advice}"
    lines = "".join(f"\n  {problem}" for problem in problems)
    return f"The app in {app_dir} cannot run; these {len(problems)} things need fixing:{lines}\n{advice}"
