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


def test_the_youngest_generation_comes_first() -> None:
    """So that none is orphaned before it is ended."""
    process = subprocess.Popen([sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout
        grandchild = int(process.stdout.readline())
        found = [pid for pid in descendants(os.getpid()) if pid in (grandchild, process.pid)]
        assert found == [grandchild, process.pid]
        assert descendants(process.pid) == [grandchild]


def test_a_process_that_is_gone_has_none() -> None:
    """Nor one that never was."""
    assert descendants(2**22 + 1) == []
