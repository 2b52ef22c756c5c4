"""The table of a soak: what was asked for, what was found, and whether that is right."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_MOST_EXAMPLES = 5
_WIDTH = 46


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One question, answered rightly where `found` is `wanted`; without `wanted` it is a figure for the reader."""

    what: str
    found: Any
    wanted: Any = None
    examples: Sequence[str] = ()

    @property
    def is_right(self) -> bool:
        """Whether it came as it should."""
        return self.wanted is None or bool(self.wanted == self.found)

    @classmethod
    def of_none(cls, what: str, wrong: Collection[str]) -> "Line":
        """Return the line of what there must be none of."""
        return cls(what=what, wanted=0, found=len(wrong), examples=sorted(wrong)[:_MOST_EXAMPLES])

    @classmethod
    def of_same(cls, what: str, wanted: Mapping[str, Any], found: Mapping[str, Any]) -> "Line":
        """Return the line of two mappings that must be the same: how many there are, and where they differ."""
        names = sorted({*wanted, *found})
        wrong = [
            f"{name}: wanted {wanted.get(name)}, found {found.get(name)}"
            for name in names
            if wanted.get(name) != found.get(name)
        ]
        found_right = f"{len(wrong)} differ" if wrong else len(wanted)
        return cls(what=what, wanted=len(wanted), found=found_right, examples=wrong[:_MOST_EXAMPLES])


def table(lines: Sequence[Line]) -> str:
    """Return the lines as text, each wrong one with some examples."""
    rows = [f"{'':7} {'what':{_WIDTH}} {'asked for':>22} {'found':>22}"]
    for line in lines:
        wanted = "" if line.wanted is None else str(line.wanted)
        verdict = "" if line.wanted is None else "right" if line.is_right else "WRONG"
        rows.append(f"{verdict:7} {line.what:{_WIDTH}} {wanted:>22} {line.found!s:>22}")
        rows += [f"{'':7}   {example}" for example in line.examples]
    return "\n".join(rows)
