"""The benchmark runs. What it measures on a busy machine means nothing, so no figure is tested."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]


def test_it_prints_a_row_for_what_it_has_measured() -> None:
    """With its storage beside it, which has no events."""
    command = [sys.executable, "-m", "packages.devhost.bench", "--quick", "--rounds", "1", "--no-peers"]
    done = subprocess.run([*command, "--only", "p50"], cwd=ROOT, capture_output=True, text=True, check=True)
    _, heading, _, chain, event = done.stdout.splitlines()
    assert heading == "| | devhost | storage alone |"
    measured = [float(found) for found in re.findall(r"\| \**([0-9.]+)", chain)]
    assert len(measured) == 2
    assert min(measured) > 0
    assert event.endswith("| - |")
