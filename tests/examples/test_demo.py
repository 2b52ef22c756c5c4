"""The demo does what the README promises, also twice at once, and leaves nothing behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from approvals.workflows import WORKFLOWS
from tests.long import long

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def start(script="demo.py", *names, **environ):
    """Start a demo, as a terminal does: where tests run in the background, Ctrl-C would be ignored."""
    return subprocess.Popen(
        [sys.executable, str(EXAMPLES / script), *names],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **environ},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


@pytest.mark.timeout(240)
def test_two_demos_at_once_show_both_outcomes():
    """Each has its own ports and folder."""
    demos = [start(), start()]
    for demo in demos:
        output, _ = demo.communicate(timeout=200)
        assert demo.returncode == 0, output
        assert "approved" in output
        assert "escalated" in output


@pytest.mark.timeout(120)
def test_ctrl_c_stops_the_demo_and_its_host(tmp_path):
    """During the start; afterwards the host is gone, nothing keeps the pipe open, and the folder is removed."""
    demo = start(TMPDIR=str(tmp_path))
    give_up = time.monotonic() + 60
    while not any(tmp_path.glob("greenlight-demo-*/*")):
        assert time.monotonic() < give_up, "the host never began"
        time.sleep(0.01)
    demo.send_signal(signal.SIGINT)
    demo.communicate(timeout=60)
    assert demo.returncode == 130
    assert list(tmp_path.glob("greenlight-demo-*")) == []


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    "names",
    [
        ("Chaining", "TryGetQuote", "tree-avenue"),
        pytest.param((), marks=long),
    ],
)
def test_workflows_and_reviews_end_as_expected_on_real_input(names):
    """One timeline each, with its outcome. Without names everything runs."""
    demo = start("demo_all.py", *names)
    output, _ = demo.communicate(timeout=200)
    assert demo.returncode == 0, output
    assert "NO" not in output.partition("All of them")[2]
    played = set(names) - {"tree-avenue"} or {workflow.name for workflow in WORKFLOWS.values()}
    assert played <= set(output.split())


def test_an_unknown_scene_is_reported():
    """Before anything is started."""
    demo = start("demo_all.py", "Chainning")
    output, _ = demo.communicate(timeout=60)
    assert (demo.returncode, output.split(";")[0]) == (2, "There is no scene Chainning")


def test_the_pictures_are_small_and_valid():
    """They are attached to the example proposal."""
    from PIL import Image

    for name in ("elevation.png", "site-plan.png"):
        path = EXAMPLES / "footbridge" / name
        assert path.stat().st_size < 60_000
        with Image.open(path) as picture:
            assert picture.size > (800, 400)
