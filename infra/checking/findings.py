"""What a check says: how many things it looked at, and what is wrong with which line."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Finding:
    """One thing that is wrong; `text` says what, and what to do about it."""

    file: str
    """Path from the top of the repository."""
    line: int
    rule: str
    """One word, so that a test can tell which rule has seen something."""
    text: str

    def __str__(self) -> str:
        """Return the finding as editors and build logs link it."""
        return f"{self.file}:{self.line}: {self.text} [{self.rule}]"


@dataclass(frozen=True, slots=True)
class Report:
    """What the rules have looked at, and what they have found. Rules write into it; nothing is taken out again."""

    looked_at: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)

    def count(self, what: str, number: int = 1) -> None:
        """Say that `number` things of a kind were looked at; 0 makes the kind appear, so that its absence is seen."""
        self.looked_at[what] += number

    def find(self, file: str, line: int, rule: str, text: str) -> None:
        """Add a finding."""
        self.findings.append(Finding(file=file, line=line, rule=rule, text=text))

    @property
    def unseen(self) -> list[str]:
        """Kinds of which there was not a single one: what is checked there proves nothing."""
        return sorted(what for what, number in self.looked_at.items() if number == 0)
