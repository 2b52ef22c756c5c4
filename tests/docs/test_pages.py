"""The pages in docs/ say what is true, and each rule is seen to fail on a page that does not."""

from collections.abc import Callable, Iterator

import pytest

from tests.docs import page_rules as rules
from tests.docs.page_rules import ROOT, RULES, Page

PAGES = sorted(path.name for path in (ROOT / "docs").glob("*.md"))

GOOD = """# A page

## What it has

A [link](../README.md), [one to a place](../CONTRIBUTING.md#the-four-replay-rules), [one in here](#what-it-has),
[one elsewhere](https://example.org/x), the path `approvals/decision.py`, the setting `RETENTION_DAYS`,
`GET /api/orchestrations/{instanceId}?showHistory=true`, `greenlight show <id>` and `approval-queue`.

1. In a list:

   ```
   make check
   ```

```sh
# what to do
make test
export KEY="$(az functionapp keys list -g "$RG")"
.venv/bin/python tools/smoke.py --url "$URL" \\
   --storage "$STORAGE"
greenlight list --status inReview | cd <a folder>
azd env get-value AZURE_FUNCTION_NAME && azd env set ALERT_EMAIL <address>
az deployment sub create --parameters location=<region>
curl -d @examples/footbridge/proposal.json "$URL/runtime/webhooks/durabletask/instances/<id>"
```
"""

MISTAKES = [
    (rules.short, "# A page\n", "# A page\n" * rules.LONGEST, "lines are more than"),
    (rules.linked, "../README.md", "README.md", "README.md leads nowhere"),
    (rules.linked, "#the-four-replay-rules", "#the-five-replay-rules", "no such heading"),
    (rules.linked, "#what-it-has", "#what-it-had", "#what-it-had: there is no such heading"),
    (rules.named_files, "`approvals/decision.py`", "`approvals/decisions.py`", "there is no approvals/decisions.py"),
    (rules.known_languages, "```sh", "```powershell", "a code block is in powershell"),
    (rules.parsable, 'keys list -g "$RG")"', 'keys list -g "$RG"', "bash cannot read"),
    (rules.known_programs, "make test", "gmake test", "gmake is not among the known programs"),
    (rules.known_programs, "| cd", "| tac", "tac is not among the known programs"),
    (rules.known_programs, "$(az ", "$(azz ", "azz is not among the known programs"),
    (rules.real_targets, "make test", "make tests", "there is no make target tests"),
    (rules.real_targets, "make check", "make checks", "there is no make target checks"),
    (rules.real_files, "tools/smoke.py", "tools/smokes.py", "there is no tools/smokes.py"),
    (rules.real_files, "--storage", "--store", "tools/smoke.py has no --store"),
    (rules.real_files, "@examples/footbridge/", "@examples/bridge/", "there is no examples/bridge/proposal.json"),
    (rules.real_greenlight_commands, "greenlight show", "greenlight shown", "greenlight has no shown"),
    (rules.real_greenlight_commands, "--status", "--state", "greenlight list has no --state"),
    (rules.real_routes, "/api/orchestrations/", "/api/orchestration/", "there is no route /api/orchestration/"),
    (rules.real_routes, "/instances/", "/instance/", "there is no /instance/something in the durable API"),
    (rules.real_settings, "`RETENTION_DAYS`", "`RETENTION_YEARS`", "nothing reads RETENTION_YEARS"),
    (rules.real_outputs, "AZURE_FUNCTION_NAME", "AZURE_FUNCTION", "infra/main.bicep has no output AZURE_FUNCTION"),
    (rules.real_parameters, "ALERT_EMAIL", "ALERTEMAIL", "infra/main.parameters.json reads no ALERTEMAIL"),
    (rules.real_parameters, "location=", "region=", "infra/main.bicep has no parameter region"),
    (rules.real_words, "`approval-queue`", "`approvals-queue`", "nothing is called approvals-queue"),
    (rules.on_any_machine, "<a folder>", "/home/mara/greenlight", "/home/mara/greenlight"),
]


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_page_follows_every_rule(rule: Callable[[Page], Iterator[str]], name: str) -> None:
    """Each rule has its reason in its docstring."""
    page = Page(name=f"docs/{name}", text=(ROOT / "docs" / name).read_text("utf-8"))
    assert [] == list(rule(page))


def test_the_page_for_seeded_mistakes_breaks_no_rule() -> None:
    """Otherwise a rule could fail for another reason than the seeded mistake."""
    assert [] == [finding for rule in RULES for finding in rule(Page(name="docs/page.md", text=GOOD))]


@pytest.mark.parametrize(("rule", "right", "wrong", "finding"), MISTAKES)
def test_a_seeded_mistake_is_found_by_its_rule(
    rule: Callable[[Page], Iterator[str]], right: str, wrong: str, finding: str
) -> None:
    """A rule that cannot fail proves nothing."""
    assert right in GOOD
    found = list(rule(Page(name="docs/page.md", text=GOOD.replace(right, wrong, 1))))
    assert any(finding in one for one in found), found


def test_every_rule_has_a_seeded_mistake() -> None:
    """A new rule needs its own."""
    assert set(RULES) == {mistake[0] for mistake in MISTAKES}


def test_the_pages_exist() -> None:
    """The rules above also pass for an empty folder."""
    assert {"DEPLOY.md", "OPERATIONS.md", "SECURITY.md"} <= set(PAGES)
