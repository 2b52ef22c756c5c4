"""What the doctor prints: a table of findings, questions, and results."""

import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

from rich.box import SIMPLE_HEAD
from rich.console import Console as Terminal
from rich.table import Table
from rich.text import Text

from durable_devhost.doctor.examination import Examination
from durable_devhost.doctor.findings import Finding, Remedy
from durable_devhost.host.printable import printable

_PIPE_WIDTH = 160
_LETTERS = {remedy.value[0]: remedy for remedy in Remedy}
_YES = ("y", "yes")


class Printer:
    """Prints, and asks a user at a terminal."""

    def __init__(self, stream: TextIO | None = None, *, answers: TextIO | None = None) -> None:
        target = stream or sys.stdout
        width = None if target.isatty() else _PIPE_WIDTH
        self._terminal = Terminal(file=target, highlight=False, width=width)
        self._answers = answers or sys.stdin
        self.can_ask = target.isatty() and self._answers.isatty()

    def say(self, text: str, style: str = "") -> None:
        """Print a line."""
        self._terminal.print(Text(printable(text, lines=True), style))

    def show(self, found: Examination, hub: str, storage: str) -> None:
        """Print what was examined and a row for each finding."""
        self.say(f"The task hub {hub} at {storage}: {_count(found.instances, 'instance')}, {found.alive} alive.")
        if found.findings:
            self._terminal.print(_table(found.findings))
        else:
            self.say("Every one that is alive can go on.", "green")
        for note in found.notes:
            self.say(f"Note: {note}", "dim")

    def choose(self, finding: Finding) -> Remedy | None:
        """Ask what to do about a finding; None leaves it alone."""
        ways = {letter: remedy for letter, remedy in _LETTERS.items() if remedy in finding.ways_out}
        offered = ", ".join(f"[{remedy[0]}]{remedy[1:]}" for remedy in finding.ways_out)
        while True:
            answer = self._ask(f"{finding.instance_id}: {offered}, or Enter to leave it: ").lower()
            if not answer:
                return None
            if answer[0] in ways and ways[answer[0]].value.startswith(answer):
                return ways[answer[0]]

    def agrees(self, remedy: Remedy, finding: Finding) -> bool:
        """Ask whether to do what an option requested."""
        return self._ask(f"{remedy.capitalize()} {finding.instance_id}? [y/N] ").lower() in _YES

    def _ask(self, question: str) -> str:
        with _interruptible():
            self._terminal.print(Text(printable(question)), end="")
            self._terminal.file.flush()
            return self._answers.readline().strip()


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let Ctrl-C end a wait for input: the event loop's own handler would only set a flag."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _table(findings: Sequence[Finding]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    table.add_column("Instance", style="cyan", overflow="fold")
    table.add_column("Orchestrator", style="magenta", overflow="fold")
    table.add_column("What is wrong", ratio=1, overflow="fold")
    table.add_column("Ways out", style="green", overflow="fold")
    for finding in findings:
        cells = (finding.instance_id, finding.name, finding.damage.text, ", ".join(finding.ways_out))
        table.add_row(*(Text(printable(cell)) for cell in cells))
    return table


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
