"""How letters and pages write points in time, money, sizes, names and comments."""

from datetime import datetime, timedelta

from approvals.currencies import decimals_of, fits
from approvals.policy.rights import OWN_POLICY
from approvals.policy.stages import Stage
from approvals.record.entries import (
    ChangesRequested,
    Commented,
    Decided,
    Delegated,
    Entry,
    Reassigned,
    Resubmitted,
    Withdrawn,
)
from approvals.visible import one_line

_UNITS = ((timedelta(days=1), "day"), (timedelta(hours=1), "hour"), (timedelta(minutes=1), "minute"))

LONGEST_EXCERPT = 1_200
"""Characters of a summary or comment in a letter. The page shows all of it."""


def moment(when: datetime) -> str:
    """Return a point in time in UTC for people: `Tuesday 24 November 2026, 09:04 UTC`."""
    return f"{when:%A} {when.day} {when:%B} {when.year}, {when:%H:%M} UTC"


def short_moment(when: datetime) -> str:
    """Return a point in time in UTC for where there are many: `24 Nov 2026, 09:04 UTC`."""
    return f"{when.day} {when:%b} {when.year}, {when:%H:%M} UTC"


def time_left(until: datetime, now: datetime) -> str:
    """Return how long it is until then; `until` may have passed."""
    return f"{span(until - now)} left" if until > now else "no time left"


def span(length: timedelta) -> str:
    """Return a length of time in its two largest units, rounded down: `1 day 23 hours`."""
    parts, rest = list[tuple[int, str]](), abs(length)
    for unit, name in _UNITS:
        count, rest = divmod(rest, unit)
        if count or parts:
            parts.append((count, name))
    return " ".join(_count_of(count, name) for count, name in parts[:2] if count) or "less than a minute"


def ago(when: datetime, now: datetime) -> str:
    """Return how long ago something was; clocks of two machines may put it into the future."""
    return f"{span(now - when)} ago" if now - when >= timedelta(minutes=1) else "just now"


def hours(number: float) -> str:
    """Return a policy's hours as people say them: `3 days`, `36 hours`, `30 minutes`."""
    length = timedelta(hours=number)
    if length >= timedelta(days=2) and length % timedelta(days=1) == timedelta():
        return f"{length.days} days"
    if length % timedelta(hours=1) == timedelta():
        return f"{number:.0f} hour{'' if number == 1 else 's'}"
    return span(length)


def money(amount: float, currency: str) -> str:
    """Return an amount with its currency, in that currency's decimals or none: `148,500 EUR`, `12.50 EUR`, `1.250 KWD`.

    Old records may have an amount with too many decimals; it is shown unchanged.
    """
    whole = amount == int(amount)
    digits = (
        f"{amount:,.{0 if whole else decimals_of(currency)}f}" if whole or fits(amount, currency) else f"{amount:,}"
    )
    return f"{digits} {currency}"


def size(number: int) -> str:
    """Return a number of bytes for people: `820 bytes`, `3.3 KB`, `1.2 MB`."""
    if number < 1_000:
        return _count_of(number, "byte")
    if number < 999_950:
        return f"{number / 1_000:.1f} KB"
    return f"{number / 1_000_000:.1f} MB"


def people(names: tuple[str, ...]) -> str:
    """Return names as a list in a sentence: `Ana`, `Ana and Ben`, `Ana, Ben and Cem`."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def excerpt(text: str) -> str:
    """Return the beginning of a text; a long text is cut between words."""
    if len(text) <= LONGEST_EXCERPT:
        return text
    # A text without a space is not split.
    return text[:LONGEST_EXCERPT].rsplit(" ", maxsplit=1)[0] + " …"


def comment_of(entry: Entry) -> str:
    """Return a person's comment on their action, unchanged; empty if there is none."""
    match entry:
        case Decided() | Commented() | Delegated() | Reassigned() | ChangesRequested() | Resubmitted():
            return entry.comment
        case Withdrawn():
            return entry.reason
        case _:
            return ""


def stage_name(stage: Stage) -> str:
    """Return the name of a stage for a sentence."""
    return "the budget stage" if stage.kind == "budget" else f"stage “{one_line(stage.name)}”"


def rule_name(name: str, version: str) -> str:
    """Return the name of a policy for a list of facts; `own` means one that came with the proposal."""
    return one_line(f"{'its own' if name == OWN_POLICY else name}, version {version}")


def _count_of(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
