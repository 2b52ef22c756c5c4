"""OPERATIONS.md shows the alerts and profiles that are deployed, and every query looks for what is logged."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/OPERATIONS.md").read_text("utf-8")
BICEP = (ROOT / "infra/app/alerts.bicep").read_text("utf-8")
PROFILES = ("dev", "prod-cheap", "prod-secure")
MINUTES = {"PT5M": "5 min", "PT15M": "15 min", "PT30M": "30 min", "PT1H": "1 h", "P1D": "1 day"}


def shown(page: str) -> dict[str, tuple[str, str, str]]:
    """Title, condition and query of each alert on the page, by its name."""
    return {name: (title, when, query) for name, title, when, _, query in _sections(page)}


def deployed(bicep: str) -> dict[str, tuple[str, str, str]]:
    """The same of each rule in Bicep, in the page's words."""
    rules = {}
    for part in bicep.partition("var rules = [")[2].split("\n  {\n")[1:]:
        lines, _, rest = part.partition("    query: '''\n")
        head = dict(re.findall(r"^    (\w+): '?(.*?)'?$", lines, re.MULTILINE))
        rules[head["name"]] = (head["title"], _condition(head), rest.partition("'''")[0])
    return rules


def _sections(page: str) -> list[tuple[str, str, str, str, str]]:
    """Name, title, condition, advice and query of each section that has a query."""
    found = []
    for section in re.split(r"^(?=#{2,3} )", page, flags=re.MULTILINE):
        before, fence, after = section.partition("```kusto\n")
        if fence:
            title, _, rest = before.removeprefix("### ").partition("\n\n")
            name, when, advice = re.findall(r"\A`([\w-]+)`: (.+)\.\n((?:.+\n)+)\n\Z", rest)[0]
            found.append((name, title, when, advice, after.partition("```")[0]))
    return found


def _condition(head: dict[str, str]) -> str:
    match head["count"], head["operator"], head["threshold"]:
        case "rows", "GreaterThan", "0":
            condition = "any row"
        case "rows", "GreaterThan", number:
            condition = f"more than {number} rows"
        case column, "LessThan", number:
            condition = f"{column} below {number}"
        case other:
            raise AssertionError(f"the page has no words for {other}")
    where = "" if head["logs"] == "app" else ", *storage*"
    often = f"every {MINUTES[head['every']]} over {MINUTES[head['window']]}"
    return f"severity {head['severity']}, {often}, {condition}{where}"


def unlogged(query: str, sources: str) -> set[str]:
    """What a query looks for in the app's own lines that no line of the app has."""
    names = re.findall(r"(?:operation_Name|\bname) == \"(\w+)\"", query)
    texts = re.findall(r"contains \"((?:[^\"\\]|\\.)*)\"", query)
    words = [word for text in texts for word in re.findall(r"[\w' -]+", text.replace('\\"', '"')) if word.strip()]
    own = [word.strip() for word in (*names, *words) if not word.startswith("greenlighthub")]
    return {word for word in own if word not in sources and word not in ("control-", "-control-")}


def test_the_page_of_alerts_equals_the_deployed_ones() -> None:
    """Title, severity, period, condition and query; an alert on one side only is a difference."""
    assert deployed(BICEP) == shown(PAGE)


def test_no_alert_is_missed_by_the_patterns() -> None:
    """They could overlook one that is written in another way."""
    assert len(deployed(BICEP)) == len(re.findall(r"^    query: '''$", BICEP, re.MULTILINE)) > 8
    assert len(shown(PAGE)) == PAGE.count("```kusto")


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("severityLevel >= 2", "severityLevel >= 3"),
        ("### A workflow has failed", "### Workflows fail"),
        ("severity 1, every 5 min over 5 min", "severity 2, every 5 min over 5 min"),
        ("more than 20 rows", "more than 10 rows"),
        ("`links-forged`", "`forged-links`"),
    ],
)
def test_a_seeded_difference_is_found(right: str, wrong: str) -> None:
    """Each of these is easy to overlook in reading."""
    assert right in PAGE
    assert deployed(BICEP) != shown(PAGE.replace(right, wrong, 1))


@pytest.mark.parametrize("name", deployed(BICEP))
def test_the_lines_that_alerts_search_for_are_logged(name: str) -> None:
    """A query for a line that nothing writes never fires."""
    assert set() == unlogged(deployed(BICEP)[name][2], _sources())


def test_a_line_that_nothing_writes_is_found() -> None:
    """Negative control of the test above."""
    query = 'traces | where operation_Name == "SweepReviewz" and message contains "could not be mendet"'
    assert {"SweepReviewz", "could not be mendet"} == unlogged(query, _sources())


def test_every_alert_says_what_to_do() -> None:
    """With a runbook or a sentence; otherwise it is noise."""
    assert [] == [name for name, _, _, advice, _ in _sections(PAGE) if len(advice) < 40]


def test_the_table_of_profiles_has_the_deployed_values() -> None:
    """Every parameter that a profile sets, in all three."""
    columns = [json.loads((ROOT / f"infra/profiles/{name}.parameters.json").read_text("utf-8")) for name in PROFILES]
    values = [{key: _text(entry["value"]) for key, entry in column["parameters"].items()} for column in columns]
    expected = {key: tuple(column[key] for column in values) for key in values[0] if key != "profile"}
    rows = re.findall(r"^\| `(\w+)` \| (\S+) \| (\S+) \| (\S+) \|", PAGE, re.MULTILINE)
    assert expected == {key: tuple(cells) for key, *cells in rows}


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _sources() -> str:
    folders = ("clients", "services", "gateways", "activities", "orchestrators", "approvals")
    text = "\n".join(path.read_text("utf-8") for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return text + re.sub(r"\.value\b", "", text)
