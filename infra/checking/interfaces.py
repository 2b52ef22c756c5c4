"""Every module gets the parameters that it has, every resource the properties of its type, every output is one."""

from checking.facts import Facts, Interface, interface
from checking.findings import Report
from checking.schemas import mismatches, schema_of
from checking.syntax import Declared, Document, Member, Name, Object
from checking.tree import Tree

_PUBLIC = "br/public:"
_OF_BICEP = frozenset({"parent", "scope", "dependsOn"})
_RENEW = "run infra/facts/collect.py, see there"


def check_interfaces(tree: Tree, facts: Facts, report: Report) -> None:
    """Compare every declaration of every file with what it declares."""
    report.count("registry modules", 0)
    report.count("local modules", 0)
    report.count("resources", 0)
    for document in tree.documents.values():
        for each in document.declared:
            if each.kind == "module":
                _check_module(tree, facts, document, each, report)
            else:
                _check_resource(facts, document, each, report)
        _check_reads(tree, facts, document, report)


def interface_of(tree: Tree, facts: Facts, document: Document, module: Declared) -> Interface | None:
    """Return what a module takes and gives, of a file in the tree or of the registry; None where it is not known."""
    if module.target.startswith(_PUBLIC):
        return facts.modules.get(module.target.removeprefix(_PUBLIC))
    called = called_file(tree, document, module)
    return None if called is None else _of_file(called)


def called_file(tree: Tree, document: Document, module: Declared) -> Document | None:
    """Return the file that a local module is."""
    path = (tree.root / document.file).parent / module.target
    try:
        name = path.resolve().relative_to(tree.root.resolve()).as_posix()
    except ValueError:
        return None
    return tree.documents.get(name)


def _of_file(called: Document) -> Interface:
    return interface(
        {each.name: schema_of(each) for each in called.parameters},
        [each.name for each in called.parameters if each.required],
        [each.name for each in called.outputs],
    )


def _check_module(tree: Tree, facts: Facts, document: Document, module: Declared, report: Report) -> None:
    public = module.target.startswith(_PUBLIC)
    report.count("registry modules" if public else "local modules")
    known = interface_of(tree, facts, document, module)
    if known is None:
        text = (
            f"nothing is known of {module.target}: is the version right? Then {_RENEW}"
            if public
            else f"there is no file {module.target} beside this one; mend the path"
        )
        report.find(document.file, module.line, "module", text)
        return
    given = module.body.get("params") if module.body else None
    params = given if isinstance(given, Object) else Object(line=module.line, properties=())
    report.count("module parameters", len(params.properties))
    for wrong in mismatches(document, params, known.parameters, module.symbol):
        report.find(document.file, wrong.line, "interface", wrong.text)


def _check_resource(facts: Facts, document: Document, resource: Declared, report: Report) -> None:
    report.count("resources")
    schema = facts.resources.get(resource.target)
    if schema is None:
        text = f"nothing is known of {resource.target}: is the version right? Then add it to infra/facts/resources.json"
        report.find(document.file, resource.line, "resource", text)
        return
    if resource.body is None or resource.existing:
        return
    body = Object(
        line=resource.body.line,
        properties=tuple(each for each in resource.body.properties if each.name not in _OF_BICEP),
    )
    report.count("resource properties", len(body.properties))
    for wrong in mismatches(document, body, schema, resource.symbol):
        report.find(document.file, wrong.line, "interface", wrong.text)


def _check_reads(tree: Tree, facts: Facts, document: Document, report: Report) -> None:
    """Look at `module.outputs.name`, also where it is read with question marks."""
    report.count("outputs read", 0)
    modules = {each.symbol: each for each in document.declared if each.kind == "module"}
    for value in document.walk():
        match value:
            case Member(name=name, of=Member(name="outputs", of=Name(symbol=symbol))) if symbol in modules:
                report.count("outputs read")
                known = interface_of(tree, facts, document, modules[symbol])
                if known is not None and name not in known.outputs:
                    text = f"{symbol} has no output {name}; it has {', '.join(sorted(known.outputs))}"
                    report.find(document.file, value.line, "output", text)
            case _:
                pass
