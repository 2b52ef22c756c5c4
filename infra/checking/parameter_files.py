"""Parameter files give parameters that there are, with values that they take; each profile says all that it decides."""

import re
from pathlib import PurePath
from typing import Any

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from checking.findings import Report
from checking.schemas import schema_of
from checking.syntax import Call, Document, Member, Name, Text, walk
from checking.tree import Tree, Unreadable

MAIN = "infra/main.bicep"
FOR_AZD = "infra/main.parameters.json"
_PLACEHOLDER = re.compile(r"\$\{[A-Z][A-Z0-9_]*(?:=(?P<default>[^}]*))?\}")
_RETENTION = frozenset({30, 60, 90, 120, 180, 270, 365, 550, 730})


def check_parameter_files(tree: Tree, report: Report) -> None:
    """Compare every parameter file with main.bicep, and the profiles with what it takes from them."""
    main = tree.documents.get(MAIN)
    if main is None:
        raise Unreadable(f"{MAIN}: is missing")
    profiles = sorted((tree.root / "infra/profiles").glob("*.parameters.json"))
    report.count("profiles", len(profiles))
    report.count("values in parameter files", 0)
    for file in (FOR_AZD, *(path.relative_to(tree.root).as_posix() for path in profiles)):
        _check_file(tree, main, file, report)
    for path in profiles:
        _check_profile(tree, main, path.relative_to(tree.root).as_posix(), report)
    given = set(tree.json(FOR_AZD).get("parameters", {}))
    for parameter in main.parameters:
        if parameter.required and parameter.name not in given:
            report.find(FOR_AZD, 1, "parameter", f"{parameter.name} is required and is not given; add it")


def _check_file(tree: Tree, main: Document, file: str, report: Report) -> None:
    declared = {each.name: each for each in main.parameters}
    for name, given in tree.json(file).get("parameters", {}).items():
        report.count("values in parameter files")
        line, value = tree.line_of(file, f'"{name}"'), given.get("value") if isinstance(given, dict) else None
        parameter = declared.get(name)
        if parameter is None:
            report.find(file, line, "parameter", f"{MAIN} has no parameter {name}; mend the name or leave it out")
            continue
        placeholder = _PLACEHOLDER.fullmatch(value) if isinstance(value, str) else None
        if isinstance(value, str) and "${" in value and not placeholder:
            text = f"{value} is no placeholder of azd; write ${{NAME}} or ${{NAME=default}}"
            report.find(file, line, "parameter", text)
        elif not placeholder or placeholder["default"]:
            schema = dict(schema_of(parameter))
            if placeholder:  # azd makes a number of a text where the template asks for one
                value, schema = placeholder["default"], {"enum": schema["enum"]} if "enum" in schema else {}
            for error in Draft202012Validator(schema).iter_errors(value):
                report.find(file, line, "parameter", f"{name}: {error.message}")


def _check_profile(tree: Tree, main: Document, file: str, report: Report) -> None:
    """A profile that forgets a value fails when it is deployed, not before."""
    given = tree.json(file).get("parameters", {})
    values = {name: each.get("value") for name, each in given.items()}
    name = PurePath(file).name.removesuffix(".parameters.json")
    if values.get("profile") != name:
        report.find(file, 1, "profile", f"profile must be {name!r}, the name of the file")
    wanted = _taken(main)
    report.count("values of profiles", len(wanted))
    for each in sorted(wanted - given.keys()):
        report.find(file, 1, "profile", f"{each} is missing; {MAIN} takes it from here")
    for each in sorted(given.keys() - wanted - {"profile"}):
        line = tree.line_of(file, f'"{each}"')
        report.find(file, line, "profile", f"{MAIN} does not take {each} from a profile; use it there or leave it out")
    if not _is_loaded(main, PurePath(file).name):
        report.find(MAIN, 1, "profile", f"{file} is never loaded; add it to the variable profiles")
    _check_sense(tree, file, values, report)


def _taken(main: Document) -> set[str]:
    """Return the names that are read as `chosen.name.value`."""
    found = set[str]()
    for value in main.walk():
        match value:
            case Member(name="value", of=Member(name=name, of=Name(symbol="chosen"))):
                found.add(name)
            case _:
                pass
    return found


def _is_loaded(main: Document, file: str) -> bool:
    profiles = main.variable("profiles")
    calls = [each for each in walk(profiles) if isinstance(each, Call)] if profiles else []
    return any(
        isinstance(path, Text) and (path.literal or "").endswith(f"/{file}")
        for each in calls
        for path in each.arguments
    )


def _check_sense(tree: Tree, file: str, values: dict[str, Any], report: Report) -> None:
    """What Azure refuses, or what would not protect as it looks."""
    ready, zones = values.get("alwaysReadyInstances", 0), values.get("zoneRedundant")
    problems = {
        "alwaysReadyInstances": zones and ready == 1 and "with zoneRedundant it is 0 or at least 2",
        "storageSku": zones
        and "ZRS" not in str(values.get("storageSku"))
        and "with zoneRedundant the storage must be redundant over zones too: Standard_ZRS or Standard_GZRS",
        "privateInbound": values.get("privateInbound")
        and not values.get("vnetEnabled")
        and "needs vnetEnabled, or it closes nothing",
        "logRetentionDays": values.get("logRetentionDays") not in _RETENTION
        and f"is one of {sorted(_RETENTION)}; Application Insights offers no other",
        "storageLogs": values.get("alertsEnabled")
        and values.get("storageLogs") == "off"
        and "must not be off where alerts are on: two of them read these logs",
    }
    for name, problem in problems.items():
        if problem:
            report.find(file, tree.line_of(file, f'"{name}"'), "profile", f"{name} {problem}")
