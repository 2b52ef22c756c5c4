"""No key, no secret, no door left open: what a template must not contain, and what an account must say."""

import re

from checking.findings import Report
from checking.interfaces import called_file
from checking.syntax import Array, Call, Choice, Constant, Declared, Document, Member, Object, Text, Value, walk
from checking.tree import Tree

_HANDING_OUT = re.compile(r"list(?:Keys|AccountSas|ServiceSas|Secrets|ConnectionStrings)?|getSecret", re.IGNORECASE)
_SECRET_OUTPUTS = re.compile(r".*(?:AccessKey|ConnectionString|SharedKey|exportedSecrets)", re.IGNORECASE)
_HARMLESS = frozenset({"connectionString", "insightsConnectionString"})
"""Of Application Insights: where to send. It opens nothing while local authentication is off, which is checked."""
_KEYS = re.compile(
    r"AccountKey=|SharedAccessKey=|SharedAccessSignature=|[?&]sig=|DefaultEndpointsProtocol=", re.IGNORECASE
)
_RANDOM_LOOK = re.compile(r"[A-Za-z0-9+/]{60,}={0,2}")

_STORAGE, _SITE, _INSIGHTS, _VAULT = (
    "avm/res/storage/storage-account:",
    "avm/res/web/site:",
    "avm/res/insights/component:",
    "avm/res/key-vault/vault:",
)
_DEMANDED: dict[str, dict[str, object]] = {
    _STORAGE: {
        "allowSharedKeyAccess": False,
        "allowBlobPublicAccess": False,
        "supportsHttpsTrafficOnly": True,
        "minimumTlsVersion": ("TLS1_2", "TLS1_3"),
    },
    _SITE: {"httpsOnly": True},
    _INSIGHTS: {"disableLocalAuth": True, "disableIpMasking": False},
    _VAULT: {"enableRbacAuthorization": True, "enableSoftDelete": True},
}


def check_secrecy(tree: Tree, report: Report) -> None:
    """Look at every expression, and at what each account, app and vault says of itself."""
    report.count("expressions", 0)
    report.count("storage accounts", 0)
    for document in tree.documents.values():
        for value in document.walk():
            report.count("expressions")
            _check_value(document, value, report)
        for each in document.declared:
            _check_demands(document, each, report)
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


def _check_demands(document: Document, module: Declared, report: Report) -> None:
    for target, demanded in _DEMANDED.items():
        if target not in module.target:
            continue
        if target == _STORAGE:
            report.count("storage accounts")
        params = module.body.get("params") if module.body else None
        for name, wanted in demanded.items():
            given = params.get(name) if isinstance(params, Object) else None
            if not _says(given, wanted):
                shown = " or ".join(wanted) if isinstance(wanted, tuple) else str(wanted).lower()
                text = f"{module.symbol} must say {name}: {shown}, in plain words and not by a parameter"
                report.find(document.file, given.line if given else module.line, "hardening", text)
        if target == _SITE:
            _check_site(document, module, params, report)
        if target == _STORAGE:
            _check_containers(document, params, report)


def _says(given: Value | None, wanted: object) -> bool:
    match given:
        case Constant(value=value):
            return value is wanted
        case Text(literal=literal):
            return isinstance(wanted, tuple) and literal in wanted
        case _:
            return False


def _check_site(document: Document, module: Declared, params: Value | None, report: Report) -> None:
    """Flex Consumption refuses alwaysOn, which is the module's default; and nobody publishes by password."""
    config = params.get("siteConfig") if isinstance(params, Object) else None
    if not (isinstance(config, Object) and _says(config.get("alwaysOn"), False)):
        text = f"{module.symbol} must give a siteConfig with alwaysOn: false; Flex Consumption refuses the default"
        report.find(document.file, config.line if config else module.line, "hardening", text)
    policies = params.get("basicPublishingCredentialsPolicies") if isinstance(params, Object) else None
    items = policies.items if isinstance(policies, Array) else ()
    closed = {
        str(_literal(each.get("name")))
        for each in items
        if isinstance(each, Object) and _says(each.get("allow"), False)
    }
    if closed != {"ftp", "scm"}:
        text = f"{module.symbol} must have basicPublishingCredentialsPolicies for ftp and scm, both with allow: false"
        report.find(document.file, policies.line if policies else module.line, "hardening", text)


def _check_containers(document: Document, params: Value | None, report: Report) -> None:
    if params is None:
        return
    for value in walk(params):
        if isinstance(value, Object) and (access := value.get("publicAccess")) and _literal(access) != "None":
            text = "a container that everybody can read; set publicAccess to None"
            report.find(document.file, access.line, "hardening", text)


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


def _literal(value: Value | None) -> str | None:
    match value:
        case Text(literal=literal):
            return literal
        case Choice():
            return None
        case _:
            return None
