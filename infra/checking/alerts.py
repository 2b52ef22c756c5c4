"""Alerts and the workbook ask for what the app really says: its functions, words of its code, tables with lines."""

import re

from checking.code import Code
from checking.findings import Report
from checking.syntax import Array, Constant, Document, Object, Text, Value
from checking.tree import Tree

FILE = "infra/app/alerts.bicep"
WORKBOOK = "infra/app/workbook.json"
_TABLES = frozenset({"traces", "requests", "exceptions", "StorageQueueLogs", "StorageBlobLogs", "StorageTableLogs"})
_FUNCTION = re.compile(r"\b(?:operation_Name|name|activity)\s*(?:==|=~)\s*\"([^\"]+)\"")
_FUNCTIONS = re.compile(r"\b(?:operation_Name|name|activity)\s+in\s*\(([^)]*)\)")
_WORDS = re.compile(r"\bcontains\s+\"((?:[^\"\\]|\\.)*)\"")
_PLACEHOLDER = re.compile(r"<[a-z][a-z ]*>")
_QUERY = 3
"""The type of an item of a workbook that has a query."""
_OF_THE_HUB = "-control-"
"""In names of the extension's queues, which names.py compares with the hub's."""
_KNOWN = frozenset({"<hub account>", "<app identity>"})
_PERIODS = (
    "PT1M", "PT5M", "PT10M", "PT15M", "PT30M", "PT45M", "PT1H", "PT2H", "PT3H", "PT4H", "PT5H", "PT6H", "P1D", "P2D",
)  # fmt: skip
_MUST_ASK = {
    "failed orchestrations": "Orchestrator",
    "poison messages": "poison-message",
    "the hub's own poison messages": '"109"',
    "stuck instances": "-control-",
    "reviews that are late": "could not be mended",
    "escalations": "Escalate",
    "refused requests": '"401"',
    "server errors": ">= 500",
    "strangers in the hub": "RequesterObjectId",
}


def check_alerts(tree: Tree, code: Code, report: Report) -> None:
    """Look at every rule in the variable rules of alerts.bicep, and at every query of the workbook."""
    _check_workbook(tree, code, report)
    document = tree.documents.get(FILE)
    rules = document.variable("rules") if document else None
    listed = [each for each in rules.items if isinstance(each, Object)] if isinstance(rules, Array) else []
    report.count("alert rules", len(listed))
    if document is None:
        return
    queries = dict[str, str]()
    for rule in listed:
        name, query = _text(rule.get("name")) or "?", rule.get("query")
        if name in queries:
            report.find(FILE, rule.line, "alert", f"two rules are called {name}; give one another name")
        words = _text(query)
        if words is None or query is None:
            report.find(FILE, rule.line, "alert", f"{name} has no query that can be read here")
            continue
        queries[name] = words
        _check_query(FILE, name, words, query.line, code, report)
        _check_times(document, rule, name, report)
    everything = "\n".join(queries.values())
    for about, sign in _MUST_ASK.items():
        if sign not in everything:
            report.find(FILE, 1, "alert", f"no rule asks for {about} ({sign}); people would hear of it from each other")


def _check_workbook(tree: Tree, code: Code, report: Report) -> None:
    asked = {each["name"]: each["content"]["query"] for each in tree.json(WORKBOOK)["items"] if each["type"] == _QUERY}
    report.count("queries of the workbook", len(asked))
    for name, query in asked.items():
        _check_query(WORKBOOK, name, query, tree.line_of(WORKBOOK, f'"name": "{name}"'), code, report)


def _check_query(file: str, name: str, query: str, line: int, code: Code, report: Report) -> None:
    first = query.lstrip().split(maxsplit=1)[0] if query.strip() else ""
    if first not in ("union", "let") and first not in _TABLES:
        report.find(file, line, "alert", f"{name} begins with {first!r}, which is no table of these logs")
    functions = _FUNCTION.findall(query) + [each for group in _FUNCTIONS.findall(query) for each in _quoted(group)]
    report.count("functions in alerts", len(functions))
    for function in functions:
        if function not in code.functions:
            text = f"{name} asks for the function {function}, which the app does not have; the rule would never fire"
            report.find(file, line, "alert", text)
    phrases = [each.replace('\\"', '"') for each in _WORDS.findall(query)]
    report.count("words in alerts", len(phrases))
    for phrase in phrases:
        if phrase not in code.texts and _OF_THE_HUB not in phrase:
            text = f"{name} looks for {phrase!r}, which no line of the app says; the rule would never fire"
            report.find(file, line, "alert", text)
    for placeholder in _PLACEHOLDER.findall(query):
        if placeholder not in _KNOWN:
            report.find(file, line, "alert", f"{name} has {placeholder}, which nothing fills in")


def _quoted(group: str) -> list[str]:
    return re.findall(r'"([^"]+)"', group)


def _check_times(document: Document, rule: Object, name: str, report: Report) -> None:
    every, window = _text(rule.get("every")), _text(rule.get("window"))
    if every not in _PERIODS or window not in _PERIODS or _PERIODS.index(window) < _PERIODS.index(every):
        text = f"{name} looks every {every} at {window}; use known periods, and look at no less than the time between"
        report.find(document.file, rule.line, "alert", text)
    severity = rule.get("severity")
    if not (isinstance(severity, Constant) and severity.value in (0, 1, 2, 3, 4)):
        report.find(document.file, rule.line, "alert", f"the severity of {name} is a number from 0, the worst, to 4")


def _text(value: Value | None) -> str | None:
    return value.literal if isinstance(value, Text) else None
