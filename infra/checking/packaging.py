"""azure.yaml leads azd to app and infra/; .funcignore leaves out what must not be deployed, and nothing else."""

from fnmatch import fnmatch

import yaml  # type: ignore[import-untyped]

from checking.findings import Report
from checking.syntax import Object, Text, walk
from checking.tree import Tree

AZD = "azure.yaml"
IGNORED = ".funcignore"
_LEFT_OUT = ("tests/", "infra/", "packages/", "node_modules/", "local.settings.json")
_NEEDED = ("function_app.py", "host.json", "requirements.txt")


def check_packaging(tree: Tree, report: Report) -> None:
    """Check what azd and Core Tools go by."""
    report.count("services in azure.yaml", 0)
    report.count("lines in .funcignore", 0)
    _check_azd(tree, report)
    _check_ignored(tree, report)


def _check_azd(tree: Tree, report: Report) -> None:
    content = yaml.safe_load(tree.text(AZD))
    services = content.get("services", {}) if isinstance(content, dict) else {}
    report.count("services in azure.yaml", len(services))
    for name, service in services.items():
        for key, wanted in (("host", "function"), ("language", "python"), ("project", ".")):
            if service.get(key) != wanted:
                text = f"{key} of the service {name} is {service.get(key)!r}; it must be {wanted!r}"
                report.find(AZD, tree.line_of(AZD, f"{key}:"), "azd", text)
        if not _is_tagged(tree, name):
            text = f"no resource has the tag azd-service-name: {name}, so azd does not find where to deploy it"
            report.find(AZD, tree.line_of(AZD, f"{name}:"), "azd", text)
    infra = content.get("infra", {}) if isinstance(content, dict) else {}
    path = f"{infra.get('path', 'infra')}/{infra.get('module', 'main')}.bicep"
    if path not in tree.documents:
        report.find(AZD, tree.line_of(AZD, "infra"), "azd", f"there is no {path}; mend path and module of infra")


def _is_tagged(tree: Tree, service: str) -> bool:
    for document in tree.documents.values():
        for value in document.walk():
            tag = value.get("azd-service-name") if isinstance(value, Object) else None
            if tag and any(isinstance(each, Text) and each.literal == service for each in walk(tag)):
                return True
    return False


def _check_ignored(tree: Tree, report: Report) -> None:
    lines = [line.strip() for line in tree.text(IGNORED).splitlines() if line.strip() and not line.startswith("#")]
    report.count("lines in .funcignore", len(lines))
    for name in _LEFT_OUT:
        if name not in lines:
            report.find(IGNORED, 1, "package", f"{name} would be deployed; add a line for it")
    needed = [*_NEEDED, *sorted({file.partition("/")[0] for file in tree.texts})]
    for line in lines:
        for name in needed:
            if fnmatch(name, line.rstrip("/").lstrip("/")):
                text = f"{line} leaves out {name}, without which the app does not start; take it out"
                report.find(IGNORED, tree.line_of(IGNORED, line), "package", text)
