"""host.json says only what the host accepts and the app can bear; host.dts.json is the same on the other backend."""

from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from checking.app_settings import settings_of
from checking.facts import Facts
from checking.findings import Report
from checking.syntax import Call, Name, Text, Value
from checking.tree import Tree

HOST = "host.json"
OTHER = "host.dts.json"
_OVERRIDE = "AzureFunctionsJobHost__"
_DURABLE = "extensions.durableTask"
_PROVIDER = f"{_DURABLE}.storageProvider"
_THREADS = "PYTHON_THREADPOOL_THREAD_COUNT"


def host_files(tree: Tree) -> tuple[str, ...]:
    """Return the host files that there are."""
    return tuple(name for name in (HOST, OTHER) if (tree.root / name).is_file())


def check_host(tree: Tree, facts: Facts, report: Report) -> None:
    """Check both files, and what the settings of production put over them."""
    report.count("values in host.json", 0)
    for name in host_files(tree):
        _check_file(tree, facts, name, report)
    _check_other(tree, report)
    _check_concurrency(tree, report)


def _check_file(tree: Tree, facts: Facts, name: str, report: Report) -> None:
    """Validate a file; a description in the schema says what is right better than the keyword that failed."""
    content = tree.json(name)
    report.count("values in host.json", len(dict(_flat(content))))
    for error in Draft202012Validator(facts.host).iter_errors(content):
        path = ".".join(map(str, error.absolute_path)) or name
        wanted = error.schema.get("description") if isinstance(error.schema, dict) else None
        text = f"{path} is {error.instance!r}; it must be {wanted}" if wanted else f"{path}: {error.message}"
        report.find(name, tree.line_of(name, f'"{path.rpartition(".")[2]}"'), "host", text)


def _flat(value: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, each in value.items():
        path = f"{above}.{name}" if above else name
        if isinstance(each, dict):
            yield from _flat(each, path)
        else:
            yield path, each


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
