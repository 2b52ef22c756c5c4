"""The rules of the house that no linter has."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = (
    "activities", "approvals", "clients", "entities", "examples", "gateways", "greenlight", "infra",
    "orchestrators", "packages", "services", "tests", "tools",
)  # fmt: skip


def test_no_module_is_longer_than_400_lines():
    """Where a module is longer it has stopped being one idea."""
    modules = [*ROOT.glob("*.py"), *(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))]
    lengths = {str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in modules}
    assert len(lengths) > 100
    assert {name: lines for name, lines in lengths.items() if lines > 400} == {}
