"""No key, no secret, no door left open: what a template must not contain, and what an account must say."""

import re

from checking.facts import Facts
from checking.findings import Report
from checking.interfaces import called_file
from checking.schemas import mismatches
from checking.syntax import Call, Declared, Document, Member, Object, Text, Value, walk
from checking.tree import Tree

_HANDING_OUT = re.compile(r"list(?:Keys|AccountSas|ServiceSas|Secrets|ConnectionStrings)?|getSecret", re.IGNORECASE)
_SECRET_OUTPUTS = re.compile(r".*(?:AccessKey|ConnectionString|SharedKey|exportedSecrets)", re.IGNORECASE)
_HARMLESS = frozenset({"connectionString", "insightsConnectionString"})
"""Of Application Insights: where to send. It opens nothing while local authentication is off, which is checked."""
_KEYS = re.compile(
    r"AccountKey=|SharedAccessKey=|SharedAccessSignature=|[?&]sig=|DefaultEndpointsProtocol=", re.IGNORECASE
)
_RANDOM_LOOK = re.compile(r"[A-Za-z0-9+/]{60,}={0,2}")

_STORAGE = "avm/res/storage/storage-account"


def check_secrecy(tree: Tree, facts: Facts, report: Report) -> None:
    """Look at every expression, and at what each account, app and vault says of itself."""
    report.count("expressions", 0)
    report.count("storage accounts", 0)
    for document in tree.documents.values():
        for value in document.walk():
            report.count("expressions")
            _check_value(document, value, report)
        for each in document.declared:
            _check_demands(document, each, facts, report)
        _check_outputs(tree, document, report)


def _check_value(document: Document, value: Value, report: Report) -> None:
    match value:
        case Call(function=function) if _HANDING_OUT.fullmatch(function):
            text = f"{function}() hands out keys, which then stand in the deployment's history; use the identity"
            report.find(document.file, value.line, "secret", text)
        case Member(name=name) if _SECRET_OUTPUTS.fullmatch(name) and name not in _HARMLESS:
            report.find(document.file, value.line, "secret", f"{name} is a key; use the identity and a role")
        case Text(pieces=pieces):
            for piece in pieces:
                if _KEYS.search(piece) or _RANDOM_LOOK.search(piece):
                    text = "this looks like a key or a connection string with one; put it into the vault"
                    report.find(document.file, value.line, "secret", text)
        case _:
            pass


def _check_demands(document: Document, module: Declared, facts: Facts, report: Report) -> None:
    """Validate what an account, app or vault says of itself; a parameter's choice is not good enough."""
    kind = module.target.removeprefix("br/public:").partition(":")[0]
    demanded = facts.hardening.get(kind)
    if demanded is None:
        return
    report.count("storage accounts", kind == _STORAGE)
    params = module.body.get("params") if module.body else None
    given = params or Object(line=module.line, properties=())
    for wrong in mismatches(document, given, demanded, module.symbol):
        report.find(document.file, wrong.line, "hardening", f"{wrong.text}; infra/facts/hardening.json demands it")


def _check_outputs(tree: Tree, document: Document, report: Report) -> None:
    """Outputs of main.bicep land in the environment file that azd keeps on disk."""
    if document.scope != "subscription":
        return
    for output in document.outputs:
        for value in walk(output.value):
            if isinstance(value, Member) and "connectionstring" in value.name.lower():
                text = f"output {output.name} would be written into .azure/ on somebody's disk; leave it out"
                report.find(document.file, output.line, "secret", text)
    for module in document.declared:
        if module.kind == "module" and (called := called_file(tree, document, module)):
            _check_secure(called, report)


def _check_secure(called: Document, report: Report) -> None:
    for parameter in called.parameters:
        if re.search(r"password|secret|key", parameter.name, re.IGNORECASE) and not parameter.name.endswith("Name"):
            text = (
                f"{parameter.name} would carry a secret through the template; take the name of a vault secret instead"
            )
            report.find(called.file, parameter.line, "secret", text)
