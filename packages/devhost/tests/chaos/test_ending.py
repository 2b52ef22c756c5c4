"""A sweep that is ended leaves nothing behind, also where it is killing hosts."""

import os
import signal
import sys

from packages.devhost.tests.chaos.controls import ROOT
from packages.devhost.tests.outside.processes import Program, all_gone, family, until


def test_a_cancelled_sweep_leaves_no_host(tmp_path):
    """A host that a fault kills is restarted, but not while the sweep ends."""
    command = (sys.executable, "-m", "packages.devhost.tests.chaos", "--part", "kills", "--hosts", "2")
    with Program(*command, cwd=ROOT, environ={"TMPDIR": str(tmp_path)}) as sweep:
        hosts = until(lambda: _hosts(sweep.pid), "no host was started")
        started = family(sweep.pid) | hosts
        os.kill(sweep.pid, signal.SIGTERM)
        sweep.ends(60.0)
        all_gone(started)
        until(lambda: not _over(str(tmp_path)), lambda: f"still running: {_over(str(tmp_path))}")


def _hosts(pid: int) -> set[int]:
    return {each for each in family(pid) if "durable_devhost start" in _command(each)}


def _over(folder: str) -> list[int]:
    """The processes that name the folder, in which this sweep alone has its data."""
    everything = (int(name) for name in os.listdir("/proc") if name.isdigit())
    return [each for each in everything if folder in _command(each)]


def _command(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""
