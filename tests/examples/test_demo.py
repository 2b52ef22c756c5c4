"""The demo does what the README promises, also twice at once, and leaves nothing behind."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def start():
    """Start a demo."""
    return subprocess.Popen(
        [sys.executable, str(EXAMPLES / "demo.py")], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


@pytest.mark.timeout(240)
def test_two_demos_at_once_show_both_outcomes():
    """Each on ports and in a folder of its own."""
    demos = [start(), start()]
    for demo in demos:
        output, _ = demo.communicate(timeout=200)
        assert demo.returncode == 0, output
        assert "approved" in output
        assert "escalated" in output


@pytest.mark.timeout(120)
def test_ctrl_c_stops_the_demo_and_its_host():
    """The host is gone when the demo is; nothing keeps the pipe open."""
    demo = start()
    assert demo.stdout
    demo.stdout.readline()
    demo.send_signal(signal.SIGINT)
    demo.communicate(timeout=60)
    assert demo.returncode == 130


def test_the_pictures_are_small_and_real():
    """They are attached to the example proposal."""
    from PIL import Image

    for name in ("elevation.png", "site-plan.png"):
        path = EXAMPLES / "footbridge" / name
        assert path.stat().st_size < 60_000
        with Image.open(path) as picture:
            assert picture.size > (800, 400)
