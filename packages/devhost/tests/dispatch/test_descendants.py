"""Children and grandchildren of a process are found."""

import os
import subprocess
import sys

from durable_devhost.dispatch.descendants import descendants

PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=sys.stdin)
print(child.pid, flush=True)
child.wait()
"""


def test_the_youngest_generation_of_processes_comes_first() -> None:
    """So that none becomes an orphan before it is ended."""
    process = subprocess.Popen([sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout
        grandchild = int(process.stdout.readline())
        found = [pid for pid in descendants(os.getpid()) if pid in (grandchild, process.pid)]
        assert found == [grandchild, process.pid]
        assert descendants(process.pid) == [grandchild]


def test_a_dead_process_has_no_descendants() -> None:
    """Nor has a pid that never existed."""
    assert descendants(2**22 + 1) == []
