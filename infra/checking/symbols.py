"""Every file can be read, every name that is used is there, and every parameter and variable is used."""

from difflib import get_close_matches

from checking.facts import Facts
from checking.findings import Report
from checking.syntax import Call, Document, Member, Name, Object, Property, Text, Value
from checking.tree import Tree

_NAMESPACES = frozenset({"az", "sys"})


def check_symbols(tree: Tree, facts: Facts, report: Report) -> None:
    """Look at the names of every file by itself."""
    report.count("Bicep files", len(tree.documents))
    report.count("functions called", 0)
    report.count("members of variables", 0)
    for document in tree.documents.values():
        for line, text in document.errors:
            report.find(document.file, line, "syntax", f"{text}; Bicep cannot read this file")
        _check_declared(document, report)
        _check_scopes(document, report)
        for value in document.walk():
            _check_value(tree, facts, document, value, report)


def _check_declared(document: Document, report: Report) -> None:
    used = {each.symbol: each.line for each in document.walk() if isinstance(each, Name)}
    declared = [
        *((each.name, each.line, "parameter") for each in document.parameters),
        *((each.name, each.line, "variable") for each in document.variables),
        *((each.symbol, each.line, each.kind) for each in document.declared),
    ]
    report.count("symbols", len(declared))
    seen = set[str]()
    for name, line, kind in declared:
        if name in seen:
            report.find(document.file, line, "symbol", f"{name} is declared twice; give one another name")
        seen.add(name)
        if kind in ("parameter", "variable") and name not in used:
            report.find(document.file, line, "unused", f"{kind} {name} is never used; use it or leave it out")
    for name in used.keys() - seen - document.bound - _NAMESPACES:
        text = f"{name} is declared nowhere in this file; declare it or mend the name"
        report.find(document.file, used[name], "symbol", text)


def _check_scopes(document: Document, report: Report) -> None:
    """A file at subscription scope has no resource group of its own that its modules could be in."""
    if document.scope != "subscription":
        return
    for module in document.declared:
        if module.kind == "module" and (module.body is None or module.body.get("scope") is None):
            text = f"{module.symbol} needs a scope: the resource group that it goes into"
            report.find(document.file, module.line, "scope", text)


def _check_value(tree: Tree, facts: Facts, document: Document, value: Value, report: Report) -> None:
    match value:
        case Call(function=function, arguments=arguments, on=None):
            report.count("functions called")
            if function not in facts.functions:
                text = f"Bicep has no function {function}{_close(function, facts.functions)}"
                report.find(document.file, value.line, "function", text)
            if function == "loadJsonContent" and _loaded(tree, document, arguments) is None:
                report.find(document.file, value.line, "file", "there is no such JSON file; mend the path")
        case Member(name=name, of=Name(symbol=symbol)):
            known = _members(tree, document, document.variable(symbol))
            report.count("members of variables", 0 if known is None else 1)
            if known is not None and name not in known:
                text = f"{symbol} has no {name}{_close(name, known)}"
                report.find(document.file, value.line, "member", text)
        case _:
            pass


def _members(tree: Tree, document: Document, value: Value | None) -> frozenset[str] | None:
    """Return the names in an object that a variable holds, or in the file that it is read from; None: not known."""
    match value:
        case Object(properties=properties) if all(each.name is not None for each in properties):
            return frozenset(map(_name, properties))
        case Call(function="loadJsonContent", arguments=arguments):
            return _loaded(tree, document, arguments)
        case _:
            return None


def _name(given: Property) -> str:
    return given.name or ""


def _loaded(tree: Tree, document: Document, arguments: tuple[Value, ...]) -> frozenset[str] | None:
    path = arguments[0].literal if arguments and isinstance(arguments[0], Text) else None
    file = (tree.root / document.file).parent / (path or "")
    return frozenset(tree.json(file.relative_to(tree.root).as_posix())) if path and file.is_file() else None


def _close(name: str, known: frozenset[str]) -> str:
    close = get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]}?" if close else "; look it up, or leave it out"
