"""Queues, containers and the hub have one name each, in Bicep, in host.json, in the code and in the settings."""

from checking.app_settings import settings_of
from checking.code import Code
from checking.findings import Report
from checking.host_json import HOST, host_files
from checking.syntax import Array, Document, Name, Object, Text, Value, walk
from checking.tree import Tree

_ACCOUNT = "avm/res/storage/storage-account:"
_OF_THE_HUB_ACCOUNT = ("packageContainer", "headsContainer")
"""Variables that name containers."""


def check_names(tree: Tree, code: Code, report: Report) -> None:
    """Compare the names in all the places where they stand."""
    queues, containers = _made(tree, "queues"), _made(tree, "containers")
    report.count("queues", len(queues))
    report.count("containers", len(containers))
    report.count("queues of triggers", len(code.queues))
    for name, place in code.queues.items():
        if name not in queues:
            text = f"the queue {name} is made by no storage account in infra/; the app may not make it itself"
            report.find(place.file, place.line, "queue", text)
    for name, (file, line) in queues.items():
        if name not in code.queues:
            report.find(file, line, "queue", f"nothing reads or writes the queue {name}; mend the name or leave it out")
    _check_containers(tree, containers, report)
    _check_lists(tree, containers, report)
    _check_hub(tree, report)


def _made(tree: Tree, kind: str) -> dict[str, tuple[str, int]]:
    """Return the names of what the accounts are made with, and where they stand."""
    found = dict[str, tuple[str, int]]()
    for document in tree.documents.values():
        for module in document.declared:
            if _ACCOUNT not in module.target or module.body is None:
                continue
            for value in walk(module.body):
                listed = value.get(kind) if isinstance(value, Object) else None
                for each in listed.items if isinstance(listed, Array) else ():
                    name = _text(document, each.get("name")) if isinstance(each, Object) else None
                    if name:
                        found.setdefault(name, (document.file, each.line))
    return found


def _text(document: Document, value: Value | None) -> str | None:
    match value:
        case Text(literal=literal):
            return literal
        case Name(symbol=symbol):
            return _text(document, document.variable(symbol))
        case _:
            return None


def _check_containers(tree: Tree, containers: dict[str, tuple[str, int]], report: Report) -> None:
    found = settings_of(tree)
    for name, setting in (found[1] if found else {}).items():
        if found and name.endswith(("_CONTAINER", "_CONTAINERS")) and isinstance(setting.value, Text):
            for container in (setting.value.literal or "").split(","):
                if container.strip() and container.strip() not in containers:
                    text = f"{name} names the container {container.strip()}, which no account in infra/ is made with"
                    report.find(found[0].file, setting.line, "container", text)


def _check_lists(tree: Tree, containers: dict[str, tuple[str, int]], report: Report) -> None:
    """The list that roles are given by must have every container but those of the hub account, which the app owns."""
    for document in tree.documents.values():
        listed = document.variable("containers")
        if not isinstance(listed, Array):
            continue
        named = {_text(document, each) for each in listed.items}
        owned = {_text(document, document.variable(each)) for each in _OF_THE_HUB_ACCOUNT}
        wanted = {name for name, (file, _) in containers.items() if file == document.file} - owned
        for name in sorted(str(each) for each in named ^ wanted):
            text = f"{name} stands in only one of the variable containers, which roles go by, and the account; add it"
            report.find(document.file, listed.line, "container", text)


def _check_hub(tree: Tree, report: Report) -> None:
    """Another hub's messages would be taken by this app, and its own by nobody."""
    hub = str(tree.json(HOST).get("extensions", {}).get("durableTask", {}).get("hubName"))
    report.count("names of the hub", 0)
    for document in tree.documents.values():
        value = document.variable("hubName")
        if value is not None:
            report.count("names of the hub")
            if _text(document, value) != hub:
                text = f"the hub is {hub} in {HOST}; the two must be the same"
                report.find(document.file, value.line, "hub", text)
        for each in document.walk():
            literal = each.literal if isinstance(each, Text) else None
            if literal and "-control-" in literal:
                report.count("names of the hub")
                if f"/{hub.lower()}-control-" not in literal:
                    report.find(
                        document.file, each.line, "hub", f"the control queues are called {hub.lower()}-control-…"
                    )
    for name in host_files(tree):
        report.count("names of the hub", 1 if name == HOST else 0)
