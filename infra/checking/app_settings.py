"""Every setting that the app reads is set where it runs, every setting that is set there is read by somebody."""

from collections.abc import Iterable, Mapping

from checking.code import Code, is_setting_name
from checking.findings import Report
from checking.syntax import Array, Call, Choice, Document, Name, Object, Property, Text, Value
from checking.tree import Tree

LOCAL = "local.settings.json"
SITE = "avm/res/web/site:"

NOT_IN_BICEP: Mapping[str, str] = {
    "CLOCK_OFFSET_SECONDS": "set by devhost, whose clock can be moved; production has none",
    "WEBSITE_HOSTNAME": "set by the platform",
    "WEBSITE_AUTH_ENABLED": "set by the platform, and only by it: the app believes sign-in headers because of it",
    "WEBSITE_INSTANCE_ID": "set by the platform",
    "WEBSITE_SITE_NAME": "set by the platform",
    "WEBSITE_SKU": "set by the platform",
    "LEGION_SERVICE_HOST": "set by the platform",
}
"""Settings that the app reads and that Bicep does not set, with the reason."""

_DEFAULTS = (
    "REGISTER_CONTAINER",
    "RECORDS_CONTAINER",
    "OUTBOX_CONTAINER",
    "HEADS_CONTAINER",
    "REPORTS_CONTAINER",
    "RETENTION_LIMIT",
    "LETTERS_PER_PROPOSAL",
    "LETTERS_PER_SENDER",
    "REQUESTS_PER_MINUTE",
)
NOT_LOCAL: Mapping[str, str] = {
    **NOT_IN_BICEP,
    **dict.fromkeys(_DEFAULTS, "the code's own default is the one of production"),
    "RECORD_KEYS": "a secret; this machine makes a key of its own",
    "RECORDS_SIGNED_SINCE": "this machine's key knows by itself when it was made",
    "MAIL_DOMAINS": "as SMTP_HOST; whoever is to be asked by an address says which domains",
    "PUBLIC_URL": "the code's own default is the address of the host",
    "REPORT_READERS": "the code's own default is the one of production: nobody",
    "POLICY_AUTHORS": "the code's own default is the one of production: nobody",
    "LINK_KEYS": "a secret; this machine makes a key of its own",
    "AUTH_MODE": "whoever starts the app locally says how people are known; the code's default asks for keys",
    "SMTP_HOST": "no mail leaves a developer's machine: the local host names its mail catcher",
    "SMTP_PORT": "as SMTP_HOST",
    "SMTP_USER": "as SMTP_HOST",
    "SMTP_PASSWORD": "a secret, and as SMTP_HOST",
}
"""Settings that local.settings.json may leave out, with the reason."""

OF_THE_PLATFORM: Mapping[str, str] = {
    "APPLICATIONINSIGHTS_CONNECTION_STRING": "read by the host",
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING": "read by the host",
    "AZURE_FUNCTIONS_DURABLE_STRICT_TYPING": "read by the durable SDK",
    "PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY": "read by the worker",
    "PYTHON_AZURE_MONITOR_LOGGER_NAME": "read by the worker",
    "PYTHON_THREADPOOL_THREAD_COUNT": "read by the worker",
    "DURABLE_TASK_SCHEDULER_CONNECTION_STRING": "named by host.dts.json",
    "TASKHUB_NAME": "named by host.dts.json",
    "OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID": "read by the platform's sign-in",
    "WEBSITE_AUTH_AAD_ALLOWED_TENANTS": "read by the platform's sign-in",
}
"""Settings that are set and that no code of the app reads, with who does."""

REFUSED_BY_FLEX = frozenset(
    {
        "ENABLE_ORYX_BUILD",
        "FUNCTIONS_EXTENSION_VERSION",
        "FUNCTIONS_WORKER_PROCESS_COUNT",
        "FUNCTIONS_WORKER_RUNTIME",
        "FUNCTIONS_WORKER_RUNTIME_VERSION",
        "SCM_DO_BUILD_DURING_DEPLOYMENT",
        "WEBSITE_CONTENTAZUREFILECONNECTIONSTRING",
        "WEBSITE_CONTENTOVERVNET",
        "WEBSITE_CONTENTSHARE",
        "WEBSITE_MAX_DYNAMIC_APPLICATION_SCALE_OUT",
        "WEBSITE_RUN_FROM_PACKAGE",
        "WEBSITE_VNET_ROUTE_ALL",
    }
)
"""What functionAppConfig says on this plan instead."""

_PARTS = ("blobServiceUri", "queueServiceUri", "tableServiceUri", "credential", "clientId")
_MUST_BE: Mapping[str, str] = {"AZURE_FUNCTIONS_DURABLE_STRICT_TYPING": "1", "APPROVALS_ALLOW_BARE": "0"}
_HOST = "AzureWebJobsStorage"
_DYNAMIC = frozenset({"gateways/connections.py"})
"""Reads the settings of connections, whose names the triggers say."""


def settings_of(tree: Tree) -> tuple[Document, dict[str, Property]] | None:
    """Return the file that sets the app's settings, and each of them; None where there is none."""
    for document in tree.documents.values():
        for module in document.declared:
            params = module.body.get("params") if SITE in module.target and module.body else None
            configs = params.get("configs") if isinstance(params, Object) else None
            for config in configs.items if isinstance(configs, Array) else ():
                if isinstance(config, Object) and _is(config.get("name"), "appsettings"):
                    found = _flat(document, config.get("properties"))
                    return document, {each.name: each for each in found if each.name}
    return None


def _is(value: Value | None, text: str) -> bool:
    return isinstance(value, Text) and value.literal == text


def _flat(document: Document, value: Value | None) -> Iterable[Property]:
    """Return the properties of everything that an object is put together from."""
    match value:
        case Object(properties=properties):
            return properties
        case Name(symbol=symbol):
            return _flat(document, document.variable(symbol))
        case Call(function="union", arguments=arguments):
            return [each for part in arguments for each in _flat(document, part)]
        case Choice(yes=yes, no=no):
            return [*_flat(document, yes), *_flat(document, no)]
        case _:
            return ()


def check_settings(tree: Tree, code: Code, report: Report) -> None:
    """Compare the code, Bicep and local.settings.json, each with the others."""
    report.count("settings read by the code", len(code.settings))
    report.count("connections of triggers", len(code.connections))
    found = settings_of(tree)
    report.count("settings in Bicep", len(found[1]) if found else 0)
    if found is None:
        return
    document, given = found
    local = tree.json(LOCAL).get("Values", {})
    report.count("settings in local.settings.json", len(local))
    for place in code.unclear:
        if place.file not in _DYNAMIC:
            text = (
                "the name of this setting is put together at run time, so nobody can check it; write it as a constant"
            )
            report.find(place.file, place.line, "setting-name", text)
    _check_read(code, document, given, local, report)
    _check_connections(code, document, given, local, report)
    _check_given(code, document, given, report)
    _check_reasons(code, report)


def _check_read(
    code: Code, document: Document, given: Mapping[str, Property], local: Mapping[str, str], report: Report
) -> None:
    for name, place in code.settings.items():
        if name not in given and name not in NOT_IN_BICEP:
            text = f"{name} is read here and not set in {document.file}; set it there"
            report.find(place.file, place.line, "setting-missing", text)
        if name not in local and name not in NOT_LOCAL:
            text = f"{name} is read here and is not in {LOCAL}; add it there, or a reason to NOT_LOCAL"
            report.find(place.file, place.line, "setting-local", text)


def _check_connections(
    code: Code, document: Document, given: Mapping[str, Property], local: Mapping[str, str], report: Report
) -> None:
    """A connection by identity has five parts; and one that is a plain string beside them would win."""
    places = dict.fromkeys([_HOST, *code.connections])
    for name in places:
        missing = [f"{name}__{part}" for part in _PARTS if f"{name}__{part}" not in given]
        if missing:
            report.find(document.file, 1, "connection", f"the connection {name} lacks {', '.join(missing)}; set them")
        if name in given:
            text = f"{name} is a connection string with a key, and wins over {name}__…; leave it out"
            report.find(document.file, given[name].line, "connection", text)
        if name not in local:
            report.find(LOCAL, 1, "connection", f'{name} is missing; add "{name}": "UseDevelopmentStorage=true"')
    for name, setting in given.items():
        if name.endswith("__credential") and not _is(setting.value, "managedidentity"):
            report.find(document.file, setting.line, "connection", f"{name} must be managedidentity")
        if name.endswith("__managedIdentityResourceId"):
            text = f"durable functions do not understand {name}; use __clientId"
            report.find(document.file, setting.line, "connection", text)


def _check_given(code: Code, document: Document, given: Mapping[str, Property], report: Report) -> None:
    for name, setting in given.items():
        if name in REFUSED_BY_FLEX:
            text = f"Flex Consumption refuses {name}; functionAppConfig says it there"
            report.find(document.file, setting.line, "setting-refused", text)
        elif is_setting_name(name) and name not in code.settings and name not in OF_THE_PLATFORM:
            text = f"nobody reads {name}; mend the name, leave it out, or say in OF_THE_PLATFORM who does"
            report.find(document.file, setting.line, "setting-unread", text)
        if name in _MUST_BE and not _is(setting.value, _MUST_BE[name]):
            text = f"{name} must be '{_MUST_BE[name]}' in production"
            report.find(document.file, setting.line, "setting-value", text)
        if name in ("LINK_KEYS", "RECORD_KEYS", "SMTP_PASSWORD") and not _is_reference(setting.value):
            text = f"{name} must be empty or a reference to the vault, nothing else"
            report.find(document.file, setting.line, "secret", text)
    for name, value in _MUST_BE.items():
        if name not in given:
            report.find(document.file, 1, "setting-missing", f"{name} must be set, to '{value}'")


def _is_reference(value: Value) -> bool:
    match value:
        case Text(pieces=pieces):
            return pieces == ("",) or pieces[0].startswith("@Microsoft.KeyVault(")
        case Choice(yes=yes, no=no):
            return _is_reference(yes) and _is_reference(no)
        case _:
            return False


def _check_reasons(code: Code, report: Report) -> None:
    """A reason that outlives its setting hides the next one of that name."""
    here = "infra/checking/app_settings.py"
    for name in NOT_LOCAL.keys() - code.settings.keys():
        text = f"{name} has a reason here and is read by nobody any more; take the reason out"
        report.find(here, 1, "setting-reason", text)
