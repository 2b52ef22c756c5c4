"""The rules of the house that no linter has."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OURS = ["*.py", *(f"{folder}/**/*.py" for folder in (
    "activities", "approvals", "clients", "devhost", "entities", "examples", "gateways", "orchestrators", "tests", "tools",
))]  # fmt: skip


def test_no_module_is_longer_than_400_lines():
    """Where a module is longer it has stopped being one idea."""
    lengths = {path: len(path.read_text("utf-8").splitlines()) for pattern in OURS for path in ROOT.glob(pattern)}
    assert len(lengths) > 100
    assert {str(path.relative_to(ROOT)): lines for path, lines in lengths.items() if lines > 400} == {}
