"""Roles: known by name, at the smallest scope, with names that a second deployment finds again; producers send only."""

import re

from checking.facts import Facts
from checking.findings import Report
from checking.syntax import Call, Declared, Document, Member, Name, Object, Text, Value, walk
from checking.tree import Tree

_ASSIGNMENT = "Microsoft.Authorization/roleAssignments@"
_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_SENDER = "storageQueueDataMessageSender"


def check_access(tree: Tree, facts: Facts, report: Report) -> None:
    """Look at every role id and every assignment."""
    report.count("role ids", 0)
    report.count("role assignments", 0)
    for document in tree.documents.values():
        _check_ids(document, facts, report)
        for each in document.declared:
            if each.target.startswith(_ASSIGNMENT) and each.body is not None:
                report.count("role assignments")
                _check_assignment(document, each, each.body, report)
        _check_by_name(document, facts, report)


def _check_ids(document: Document, facts: Facts, report: Report) -> None:
    """Hold each id against the name that it is kept under."""
    named = dict[int, str]()
    for value in document.walk():
        if isinstance(value, Object):
            named |= {id(each.value): each.name or "" for each in value.properties}
        if not (isinstance(value, Text) and value.literal and _GUID.fullmatch(value.literal)):
            continue
        report.count("role ids")
        role, kept_as = facts.roles.get(value.literal.lower()), named.get(id(value))
        if role is None:
            text = f"{value.literal} is no role that infra/facts/roles.json knows; check it, and add it with its name"
            report.find(document.file, value.line, "role", text)
        elif kept_as is None:
            report.find(document.file, value.line, "role", f"give {role} a name in the variable roles, and use that")
        elif kept_as.lower() != role.replace(" ", "").lower():
            report.find(document.file, value.line, "role", f"{kept_as} holds the id of {role}; swap the id or the name")


def _check_by_name(document: Document, facts: Facts, report: Report) -> None:
    """Modules take roles by name; an unknown one fails at deployment."""
    for value in document.walk():
        given = value.get("roleDefinitionIdOrName") if isinstance(value, Object) else None
        if given is None or not isinstance(value, Object):
            continue
        report.count("role assignments")
        if not (isinstance(given, Text) and given.literal in facts.roles.values()):
            text = "name a role that infra/facts/roles.json knows, in plain words"
            report.find(document.file, given.line, "role", text)
        if value.get("principalType") is None:
            _find_no_type(document, given.line, report)


def _check_assignment(document: Document, assignment: Declared, body: Object, report: Report) -> None:
    properties = body.get("properties")
    inner = properties if isinstance(properties, Object) else Object(line=body.line, properties=())
    if inner.get("principalType") is None:
        _find_no_type(document, assignment.line, report)
    if body.get("scope") is None:
        text = f"{assignment.symbol} has no scope, so it holds for the whole resource group; name the resource"
        report.find(document.file, assignment.line, "scope", text)
    _check_name(document, assignment, body.get("name"), body.get("scope"), inner, report)
    _check_producers(document, assignment, body, inner, report)


def _check_name(
    document: Document, assignment: Declared, name: Value | None, scope: Value | None, inner: Object, report: Report
) -> None:
    """The same assignment must get the same name again, and no other one may."""
    if not (isinstance(name, Call) and name.function == "guid" and len(name.arguments) >= 3):
        text = (
            f"{assignment.symbol} needs the name guid(<scope>.id, <principal>, <role>), or each deployment adds another"
        )
        report.find(document.file, assignment.line, "role-name", text)
        return
    said = {_shown(each) for each in name.arguments}
    role, principal = inner.get("roleDefinitionId"), inner.get("principalId")
    wanted = [principal, role.arguments[-1] if isinstance(role, Call) and role.arguments else role]
    missing = [_shown(each) for each in wanted if each is not None and _shown(each) not in said]
    if scope is not None and f"{_shown(scope)}.id" not in said:
        missing.append(f"{_shown(scope)}.id")
    if missing:
        text = (
            f"the name of {assignment.symbol} must be made of {' and '.join(missing)} too, or two assignments share it"
        )
        report.find(document.file, name.line, "role-name", text)


def _check_producers(document: Document, assignment: Declared, body: Object, inner: Object, report: Report) -> None:
    """Who writes into the hub decides what code runs; so producers get one role on one queue."""
    about = [each for part in (*assignment.around, body) for each in walk(part)]
    if not any(isinstance(each, Name) and "producer" in each.symbol.lower() for each in about):
        return
    report.count("producer roles")
    roles = [each.name for each in walk(inner) if isinstance(each, Member) and _shown(each.of) == "roles"]
    scope = body.get("scope")
    on = next((each for each in document.declared if scope is not None and each.symbol == _shown(scope)), None)
    if roles != [_SENDER] or on is None or "/queueServices/queues@" not in on.target:
        text = "producers may have Storage Queue Data Message Sender on approval-queue, and nothing else anywhere"
        report.find(document.file, assignment.line, "producer", text)


def _find_no_type(document: Document, line: int, report: Report) -> None:
    text = "say principalType: without it Azure looks a new identity up before the directory knows it, and fails"
    report.find(document.file, line, "principal-type", text)


def _shown(value: Value) -> str:
    """Return an expression in words, as far as names and members go."""
    match value:
        case Name(symbol=symbol):
            return symbol
        case Member(of=of, name=name):
            return f"{_shown(of)}.{name}"
        case _:
            inner = [_shown(each) for each in walk(value) if isinstance(each, Name)]
            return f"({', '.join(inner)})"
