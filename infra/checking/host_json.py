"""host.json says only what the host accepts and the app can bear; host.dts.json is the same on the other backend."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from checking.app_settings import settings_of
from checking.findings import Report
from checking.syntax import Call, Name, Text, Value
from checking.tree import Tree

HOST = "host.json"
OTHER = "host.dts.json"
_OVERRIDE = "AzureFunctionsJobHost__"
_DURATION = re.compile(r"(?:(\d+)\.)?(\d{2}):(\d{2}):(\d{2})")
_BUNDLE = "Microsoft.Azure.Functions.ExtensionBundle"
_RANGE = re.compile(r"\[(4)\.(\*|\d+(?:\.\d+){0,2}), ?5\.0\.0\)")
_DURABLE = "extensions.durableTask"
_PROVIDER = f"{_DURABLE}.storageProvider"
_THREADS = "PYTHON_THREADPOOL_THREAD_COUNT"

Accepts = Callable[[Any], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What a value may be; `text` says it to people."""

    accepts: Accepts
    text: str


def _whole(least: int, most: int) -> Rule:
    return Rule(
        accepts=lambda value: type(value) is int and least <= value <= most,
        text=f"a whole number from {least} to {most}",
    )


def _time(least: float, most: float) -> Rule:
    def accepts(value: Any) -> bool:
        seconds = _seconds(value)
        return seconds is not None and least <= seconds <= most

    return Rule(accepts=accepts, text=f"a time hh:mm:ss from {timedelta(seconds=least)} to {timedelta(seconds=most)}")


def _one_of(*choices: Any) -> Rule:
    return Rule(accepts=lambda value: any(value is each or value == each for each in choices), text=f"one of {choices}")


_DAY, _WEEK = 86_400, 604_800
_TRUTH = Rule(accepts=lambda value: isinstance(value, bool), text="true or false")

RULES: Mapping[str, Rule] = {
    "version": _one_of("2.0"),
    "functionTimeout": _time(1, _DAY),
    "extensionBundle.id": _one_of(_BUNDLE),
    "extensionBundle.version": Rule(
        accepts=lambda value: bool(_RANGE.fullmatch(str(value))),
        text="a range of bundle 4, [4.*, 5.0.0), the only one that is maintained",
    ),
    "telemetryMode": _one_of("ApplicationInsights", "OpenTelemetry"),
    f"{_DURABLE}.hubName": Rule(
        accepts=lambda value: bool(re.fullmatch(r"[A-Za-z][A-Za-z0-9]{2,44}", str(value))) or value == "%TASKHUB_NAME%",
        text="3 to 45 letters and digits that begin with a letter",
    ),
    f"{_PROVIDER}.partitionCount": _whole(1, 16),
    f"{_PROVIDER}.controlQueueBatchSize": _whole(1, 32),
    f"{_PROVIDER}.controlQueueBufferThreshold": _whole(1, 1000),
    f"{_PROVIDER}.maxQueuePollingInterval": _time(0.1, 10),
    f"{_PROVIDER}.controlQueueVisibilityTimeout": _time(1, _WEEK),
    f"{_PROVIDER}.workItemQueueVisibilityTimeout": _time(1, _WEEK),
    f"{_DURABLE}.maxConcurrentActivityFunctions": _whole(1, 1000),
    f"{_DURABLE}.maxConcurrentOrchestratorFunctions": _whole(1, 1000),
    f"{_DURABLE}.maxConcurrentEntityFunctions": _whole(1, 1000),
    f"{_DURABLE}.extendedSessionsEnabled": _one_of(False),
    f"{_DURABLE}.storeInputsInOrchestrationHistory": _one_of(False),
    f"{_DURABLE}.tracing.traceInputsAndOutputs": _one_of(False),
    f"{_DURABLE}.tracing.distributedTracingEnabled": _TRUTH,
    f"{_DURABLE}.tracing.version": _one_of("V1", "V2"),
    f"{_DURABLE}.versionMatchStrategy": _one_of("None", "Strict", "CurrentOrOlder"),
    f"{_DURABLE}.versionFailureStrategy": _one_of("Reject", "Fail"),
    "extensions.queues.batchSize": _whole(1, 32),
    "extensions.queues.newBatchThreshold": _whole(0, 1000),
    "extensions.queues.maxDequeueCount": _whole(1, 100),
    "extensions.queues.visibilityTimeout": _time(0, _WEEK),
    "extensions.queues.maxPollingInterval": _time(0.1, 60),
    "extensions.queues.messageEncoding": _one_of("none", "base64"),
    "extensions.http.routePrefix": _one_of("api"),
    "extensions.http.maxOutstandingRequests": _whole(1, 10_000),
    "extensions.http.maxConcurrentRequests": _whole(1, 1_000),
}
"""By path. Where our rule is narrower than the host's, the text says what the app can bear."""

_TOP = frozenset(
    {"version", "functionTimeout", "extensionBundle", "telemetryMode", "logging", "extensions", "concurrency"}
)
_KNOWN_SECTIONS = frozenset({"durableTask", "queues", "http", "blobs"})
_FREE = frozenset({f"{_PROVIDER}.{name}" for name in ("type", "connectionName", "connectionStringName")})
_DEMANDED = ("version", "extensionBundle.id", "extensionBundle.version", f"{_DURABLE}.hubName")


def host_files(tree: Tree) -> tuple[str, ...]:
    """Return the host files that there are."""
    return tuple(name for name in (HOST, OTHER) if (tree.root / name).is_file())


def check_host(tree: Tree, report: Report) -> None:
    """Check both files, and what the settings of production put over them."""
    report.count("values in host.json", 0)
    for name in host_files(tree):
        _check_file(tree, name, report)
    _check_sampling(tree, report)
    _check_other(tree, report)
    _check_concurrency(tree, report)


def _check_file(tree: Tree, name: str, report: Report) -> None:
    values = dict(_flat(tree.json(name)))
    for path, value in values.items():
        report.count("values in host.json")
        rule = RULES.get(path)
        if rule is not None and not rule.accepts(value):
            text = f"{path} is {value!r}; it must be {rule.text}"
            report.find(name, tree.line_of(name, f'"{path.rpartition(".")[2]}"'), "host", text)
        elif rule is None and not _is_free(path):
            text = f"{path} is not known to the host, or not to this check; mend it, or add a rule to host_json.py"
            report.find(name, tree.line_of(name, f'"{path.rpartition(".")[2]}"'), "host", text)
    for path in _DEMANDED:
        if path not in values:
            report.find(name, 1, "host", f"{path} is missing; set it to {RULES[path].text}")


def _is_free(path: str) -> bool:
    """Logging has names of the app's own; other sections of extensions are those that the app has triggers for."""
    top, _, rest = path.partition(".")
    if top not in _TOP or (top == "extensions" and rest.partition(".")[0] not in _KNOWN_SECTIONS):
        return False
    return (
        top in ("logging", "concurrency") or path in _FREE or path.startswith(("extensions.blobs", "extensions.http."))
    )


def _flat(value: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, each in value.items():
        path = f"{above}.{name}" if above else name
        if isinstance(each, dict):
            yield from _flat(each, path)
        else:
            yield path, each


def _seconds(value: Any) -> float | None:
    if not isinstance(value, str):
        return None
    if re.fullmatch(r"-1", value):
        return None
    match = _DURATION.fullmatch(value)
    if not match:
        return None
    days, hours, minutes, seconds = (int(each or 0) for each in match.groups())
    return float(days * _DAY + hours * 3600 + minutes * 60 + seconds)


def _check_sampling(tree: Tree, report: Report) -> None:
    """Alerts count requests: what sampling drops, they do not see."""
    insights = tree.json(HOST).get("logging", {}).get("applicationInsights", {})
    sampling = insights.get("samplingSettings", {})
    kept = set(str(sampling.get("excludedTypes", "")).split(";"))
    if sampling.get("isEnabled", True) and "Request" not in kept:
        text = "sampling drops requests, by which alerts tell that the app runs; put Request into excludedTypes"
        report.find(HOST, tree.line_of(HOST, "samplingSettings"), "sampling", text)


def _check_other(tree: Tree, report: Report) -> None:
    """Only the backend may differ, or a team that changes it changes more than it knows."""
    if OTHER not in host_files(tree):
        report.find(OTHER, 1, "host", "the file for the Durable Task Scheduler is missing")
        return
    other, usual = (dict(_flat(tree.json(name))) for name in (OTHER, HOST))
    for path in sorted(other.keys() | usual.keys()):
        about_backend = path.startswith(_PROVIDER) or path in (f"{_DURABLE}.hubName", "extensionBundle.version")
        if not about_backend and other.get(path) != usual.get(path):
            text = f"{path} differs from {HOST} ({usual.get(path)!r}); the two differ in their backend only"
            report.find(OTHER, tree.line_of(OTHER, f'"{path.rpartition(".")[2]}"'), "host", text)
    for path, wanted in (
        (f"{_PROVIDER}.type", "azureManaged"),
        (f"{_PROVIDER}.connectionStringName", "DURABLE_TASK_SCHEDULER_CONNECTION_STRING"),
        (f"{_DURABLE}.hubName", "%TASKHUB_NAME%"),
    ):
        if other.get(path) != wanted:
            report.find(OTHER, 1, "host", f"{path} must be {wanted!r}, as infra/app/api.bicep sets it up")


def _check_concurrency(tree: Tree, report: Report) -> None:
    """A Python worker that is given more work than it has threads keeps it waiting in memory, out of others' reach."""
    found = settings_of(tree)
    if found is None:
        return
    document, given = found
    written = dict(_flat(tree.json(HOST)))
    threads = given.get(_THREADS)
    report.count("limits of concurrency", 0)
    for name in ("maxConcurrentActivityFunctions", "maxConcurrentOrchestratorFunctions"):
        override = given.get(f"{_OVERRIDE}{_DURABLE.replace('.', '__')}__{name}")
        report.count("limits of concurrency", 1 if override or f"{_DURABLE}.{name}" in written else 0)
        said = _words(override.value) if override else str(written.get(f"{_DURABLE}.{name}"))
        wanted = _words(threads.value) if threads else "None"
        if said != wanted:
            text = (
                f"{name} is {said} and {_THREADS} is {wanted}; a worker takes what it has threads for: make them equal"
            )
            line = override.line if override else threads.line if threads else 1
            report.find(document.file, line, "concurrency", text)


def _words(value: Value) -> str:
    """Return a number as a setting, or the parameter that it comes from."""
    match value:
        case Text(literal=literal):
            return str(literal)
        case Call(function="string", arguments=(Name(symbol=symbol),)):
            return symbol
        case _:
            return "something else"
