"""Builds the catalog from the app's registered functions, or says everything that is wrong with them at once."""

import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from azure.functions import FunctionRegister
from azure.functions.decorators.function_app import Function as SdkFunction

from durable_devhost.errors import AppError
from durable_devhost.indexing.converters import has_implicit_output
from durable_devhost.indexing.declared import durable_name, read_binding, read_retry_policy, resolve_settings, source_of
from durable_devhost.indexing.signatures import is_async, parameter_types, signature_problems, wants_context
from durable_devhost.model.functions import (
    INPUT_TYPES,
    OUTPUT_TYPES,
    RETURN_NAME,
    Binding,
    Function,
    FunctionCatalog,
    TriggerType,
    unwrapped,
)

_QUEUE_NAME = re.compile(r"[a-z0-9](?:-?[a-z0-9]){2,62}")
_SCHEDULE = re.compile(r"\S+(?: +\S+){4,5}|(?:\d+\.)?\d{1,2}:\d{2}(?::\d{2})?")
_TRIGGER_TYPES: frozenset[str] = frozenset(TriggerType)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    """A function as declared, before it is known to be sound."""

    sdk: SdkFunction
    name: str
    bindings: tuple[Binding, ...]
    script_file: Path
    line: int | None
    trigger: Binding | None
    missing: tuple[str, ...]

    @property
    def where(self) -> str:
        place = f"{self.script_file}:{self.line}" if self.line else str(self.script_file)
        return f"{place} {self.name}"


def build_catalog(app: FunctionRegister, app_dir: Path, settings: Mapping[str, str]) -> FunctionCatalog:
    """The functions of the app that are not disabled; AppError lists every problem with file, line and function.

    A disabled function is not looked at, so that an app with an unsupported binding can run without that function.
    """
    registered, refusal = _registered(app)
    declared = [_candidate(function, app_dir, settings) for function in registered]
    disabled = [one.name for one in declared if _is_disabled(one.name, settings)]
    candidates = [one for one in declared if one.name not in disabled]
    problems = list(_duplicate_names(candidates))
    functions: list[Function] = []
    for one in candidates:
        found = list(_problems_of(one))
        problems += [f"{one.where}: {text}" for text in found]
        if one.trigger is not None and not found:
            functions.append(_function(one, one.trigger))
    problems += _duplicate_durable_names(functions)
    if refusal and not problems:
        problems.append(refusal)
    if not declared:
        problems.append("no functions are registered; decorate some, or register the blueprints in the app")
    if problems:
        raise AppError(_report(app_dir, problems))
    return FunctionCatalog(functions, disabled)


def _registered(app: FunctionRegister) -> tuple[list[SdkFunction], str | None]:
    """What get_functions() gives, or all builders and the SDK's complaint, so that every fault gets named.

    It may be called once only: it keeps a table of the names it has seen.
    """
    try:
        return list(app.get_functions()), None
    except (ValueError, KeyError) as error:
        return [builder._function for builder in app._function_builders], str(error)


def _candidate(function: SdkFunction, app_dir: Path, settings: Mapping[str, str]) -> _Candidate:
    resolved = [resolve_settings(read_binding(raw), settings) for raw in function.get_raw_bindings()]
    bindings = tuple(binding for binding, _ in resolved)
    declared = function.get_trigger()
    script_file, line = source_of(function.get_user_function(), app_dir)
    return _Candidate(
        sdk=function,
        name=function.get_function_name() or "",
        bindings=bindings,
        trigger=next((b for b in bindings if declared and (b.name, b.type) == (declared.name, declared.type)), None),
        script_file=script_file,
        line=line,
        missing=tuple(name for _, missing in resolved for name in missing),
    )


def _function(one: _Candidate, trigger: Binding) -> Function:
    user = one.sdk.get_user_function()
    return Function(
        name=one.name,
        trigger=trigger,
        inputs=tuple(b for b in one.bindings if b.direction == "in" and b is not trigger),
        outputs=tuple(b for b in one.bindings if b.direction == "out"),
        callable=user,
        is_async=is_async(user),
        wants_context=wants_context(user, one.bindings),
        has_return=has_implicit_output(trigger.type) or any(b.name == RETURN_NAME for b in one.bindings),
        parameter_types=parameter_types(user),
        durable_name=durable_name(trigger, one.name),
        retry_policy=read_retry_policy(one.sdk),
        script_file=one.script_file,
        line=one.line,
    )


def _problems_of(one: _Candidate) -> Iterator[str]:
    if one.trigger is None:
        yield "it has no trigger; every function needs exactly one"
        return
    unsupported = list(_unsupported(one.bindings, one.trigger))
    if unsupported:
        yield from unsupported
        return
    for name in one.missing:
        yield f"%{name}% is no app setting; add {name} to Values in local.settings.json"
    for binding in one.bindings:
        yield from _property_problems(binding, one.name)
    yield from signature_problems(one.sdk.get_user_function(), one.bindings)
    if any(b.type == "durableClient" for b in one.bindings):
        yield from _client_problems(one)
    try:
        read_retry_policy(one.sdk)
    except ValueError as error:
        yield f"{error}"


def _unsupported(bindings: tuple[Binding, ...], trigger: Binding) -> Iterator[str]:
    for binding in bindings:
        if binding is trigger:
            kind, supported = "trigger", _TRIGGER_TYPES
        elif binding.direction == "in":
            kind, supported = "input", INPUT_TYPES
        else:
            kind, supported = "output", OUTPUT_TYPES
        if binding.type not in supported:
            yield (
                f"devhost does not support the {kind} binding '{binding.name}' of type {binding.type} "
                f"(it supports {', '.join(sorted(supported))})"
            )


def _property_problems(binding: Binding, function_name: str) -> Iterator[str]:
    match binding.type:
        case "queueTrigger" | "queue":
            queue = binding.text("queueName") or ""
            if "{" not in queue and "%" not in queue and not _QUEUE_NAME.fullmatch(queue):
                yield f"'{queue}' is no queue name: 3 to 63 lower-case letters, digits and single hyphens between them"
        case "blob":
            container, _, blob = (binding.text("path") or "").partition("/")
            if not container or not blob:
                yield f"the path '{binding.text('path') or ''}' of '{binding.name}' is not of the form container/blob"
        case "timerTrigger":
            schedule = (binding.text("schedule") or "").strip()
            if "%" not in schedule and not _SCHEDULE.fullmatch(schedule):
                yield f"the schedule '{schedule}' is neither NCRONTAB (six or five fields) nor a time span hh:mm:ss"
        case "orchestrationTrigger" if (durable_name(binding, function_name) or "").startswith("@"):
            yield "the name of an orchestrator must not begin with '@'"


def _client_problems(one: _Candidate) -> Iterator[str]:
    inner = inspect.unwrap(unwrapped(one.sdk.get_user_function()))
    if not is_async(inner):
        yield "a function with a durable client must be declared with 'async def', because the SDK awaits it"


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
    wanted = {f"azurewebjobs.{name}.disabled".lower(), f"azurewebjobs__{name}__disabled".lower()}
    return any(key.lower() in wanted and value.strip().lower() in ("1", "true") for key, value in settings.items())


def _report(app_dir: Path, problems: list[str]) -> str:
    if len(problems) == 1:
        return f"The app in {app_dir} cannot run. {problems[0]}."
    lines = "".join(f"\n  {problem}" for problem in problems)
    return f"The app in {app_dir} cannot run; these {len(problems)} things need mending:{lines}"
