"""What works here but may differ on Azure, or was not intended: sentences for the start, by function."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from durable_devhost.model.functions import Function, FunctionCatalog, TriggerType
from durable_devhost.model.schedule import Cron, parse_schedule


def hints(catalog: FunctionCatalog, found: Sequence[Mapping[str, Any]], only: Collection[str]) -> Iterator[str]:
    """Sentences about timers, and about `functions` of host.json, which holds the names in `only`."""
    for function in catalog.of(TriggerType.TIMER):
        yield from _of_timer(function)
    if only:
        yield from _of_names({str(each["name"]) for each in found}, only)


def _of_timer(function: Function) -> Iterator[str]:
    schedule = parse_schedule(function.trigger.text("schedule") or "")
    whose = f"The schedule '{schedule.text}' of '{function.name}'"
    if not isinstance(schedule, Cron):
        yield (
            f"{whose} is a time span, which on Azure works in dedicated (App Service) plans only: write an NCRONTAB "
            "expression for the others."
        )
    elif not schedule.ever_occurs:
        yield f"{whose} never comes, here as on Azure: none of its months has such a day."


def _of_names(there: Collection[str], only: Collection[str]) -> Iterator[str]:
    wanted = {name.lower(): name for name in only}
    left_out = sorted(name for name in there if name.lower() not in wanted)
    missing = sorted(name for lower, name in wanted.items() if lower not in {each.lower() for each in there})
    if left_out:
        yield f"'functions' in host.json leaves out {', '.join(left_out)}: they are not there, here as on Azure."
    if missing:
        yield f"'functions' in host.json names {', '.join(missing)}, which the app does not have."
