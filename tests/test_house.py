"""The rules of the house that no linter has."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = (
    "activities", "approvals", "clients", "entities", "examples", "gateways", "greenlight", "infra",
    "orchestrators", "packages", "pages", "services", "tests", "tools",
)  # fmt: skip


def test_no_module_is_longer_than_400_lines():
    """A longer module has more than one idea."""
    modules = [*ROOT.glob("*.py"), *(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))]
    lengths = {str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in modules}
    assert len(lengths) > 100
    assert {name: lines for name, lines in lengths.items() if lines > 400} == {}


def test_responses_are_made_in_one_place():
    """The function that makes them sets what every response needs."""
    app = ("activities", "clients", "entities", "gateways", "orchestrators", "pages", "services")
    sources = {path: path.read_text("utf-8") for folder in app for path in (ROOT / folder).rglob("*.py")}
    makers = {str(path.relative_to(ROOT)): text.count("HttpResponse(") for path, text in sources.items()}
    assert {name: count for name, count in makers.items() if count} == {"clients/web/responses.py": 1}
