"""The descendants of a process: no process of an app may stay behind."""

from pathlib import Path


def descendants(pid: int) -> list[int]:
    """The pids, the youngest generation first; empty if the system does not list them (only Linux does)."""
    children = [child for task in _tasks(pid) for child in _children(task)]
    return [each for child in children for each in (*descendants(child), child)]


def _tasks(pid: int) -> list[Path]:
    try:
        return list(Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return []


def _children(task: Path) -> list[int]:
    try:
        return [int(child) for child in (task / "children").read_text("ascii").split()]
    except OSError:
        return []
