"""All that is wrong with a policy that somebody wrote, at once: each fault with its place, in a sentence.

A model checks its fields one by one, and stops there. What does not go together is looked for here, also in a policy
that has wrong fields: in as much of it as can be read, and only as far as a policy may be long.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from itertools import chain, islice
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from approvals.described import Described
from approvals.directory import Directory
from approvals.names import UNSEEN, among, is_seen, key
from approvals.policy.coverage import ALWAYS, band_of
from approvals.policy.lookalikes import looks
from approvals.policy.reach import reach_faults
from approvals.policy.stages import (
    BUDGET_OWNERS,
    BUDGET_STAGE,
    MOST_PEOPLE,
    MOST_STAGES,
    MOST_WORDS,
    Condition,
    Effect,
    Rates,
    Rung,
    Stage,
)
from approvals.reserved_names import NOBODIES
from approvals.validation import MOST_FAULTS, Invalid
from approvals.visible import one_line

LONGEST_TEXT = 400
"""Characters of the sum of all faults; each is also told singly."""

Fault = tuple[str, str]
"""The place inside a stage, and the sentence. Names of people are left out: the place says whom it is about."""

KNOWN_WORDS: Mapping[str, Effect] = MappingProxyType(
    {"approve": "approve", "approved": "approve", "reject": "reject", "rejected": "reject", "changes": "changes"}
)
"""Words that mean the same under every policy, whatever words of its own it has."""

_SHOWN: Mapping[str, Effect] = MappingProxyType({**KNOWN_WORDS, "ask for changes": "changes"})
"""Those, and what the decision page calls `changes`: what a reader may take another word for."""

_STAND_INS: Mapping[str, Any] = MappingProxyType({"name": "?", "approvers": ["?"]})
"""For what a stage must have, where it cannot be read; nothing is said about them."""

_TAGS = frozenset({"(bool)", "(people)", "(word)", "(stage)", "[key]"})
"""Steps of pydantic's own in the place of an error; nobody wrote them."""

_SENTENCES: Mapping[str, str] = MappingProxyType(
    {
        "missing": "is missing",
        "extra_forbidden": "is not known here",
        "value_error": "{error}",
        "model_type": "must be an object",
        "dict_type": "must be an object",
        "tuple_type": "must be a list",
        "string_type": "must be a text",
        "bool_type": "must be true or false",
        "int_type": "must be a whole number",
        "int_from_float": "must be a whole number",
        "float_type": "must be a number",
        "finite_number": "must be a finite number",
        "literal_error": "must be {expected}",
        "greater_than": "must be greater than {gt:g}",
        "greater_than_equal": "must be greater than or equal to {ge:g}",
        "less_than_equal": "must be less than or equal to {le:g}",
        "too_short": "must have at least {min_length} item{s}, not {actual_length}",
        "too_long": "must have at most {max_length} item{s}, not {actual_length}",
        "string_too_short": "must have at least {min_length} character{s}",
        "string_too_long": "must have at most {max_length} character{s}",
        "string_pattern_mismatch": "must match the pattern {pattern}",
    }
)
"""By pydantic's types of errors (pydantic, "Validation Errors"), with what their contexts hold; in words of people who
write JSON."""


def find_faults(model: type[Described], value: object) -> tuple[str, ...]:
    """Return every fault of a policy as plain JSON data; none where it can be used. `model` is that of a policy."""
    return tuple(islice(chain(_contradictions(value), _wrong_fields(model, value)), MOST_FAULTS))


def find_strangers(policy: Mapping[str, Any], directory: Directory) -> Iterator[str]:
    """Yield a fault for each person of a policy without faults who is an address that no letter may go to."""
    named = policy["delegateTo"]
    lists = {"budgetOwners": policy["budgetOwners"], "delegateTo": named if isinstance(named, list) else []}
    stages = {f"stages.{index}": stage for index, stage in enumerate(policy["stages"])}
    if isinstance(policy["otherwise"], Mapping):
        stages["otherwise"] = policy["otherwise"]
    for where, stage in stages.items():
        lists[f"{where}.approvers"] = stage["approvers"]
        lists |= {f"{where}.escalateTo.{step}.to": rung["to"] for step, rung in enumerate(stage["escalateTo"])}
    for place, people in lists.items():
        for index, person in enumerate(people):
            if not directory.allows(person):
                yield f"{place}.{index}: is an address outside of the directory and of the domains in MAIL_DOMAINS"


def refuse(faults: Iterable[str]) -> None:
    """Raise `Invalid` with every fault, where there is any."""
    found = tuple(faults)
    if found:
        raise Invalid("; ".join(found)[:LONGEST_TEXT], found)


def _wrong_fields(model: type[Described], value: object) -> Iterator[str]:
    known = [
        field.alias or "" for each in (model, Stage, Condition, Rung, Rates) for field in each.model_fields.values()
    ]
    try:
        model.model_validate(value, by_alias=True, by_name=False)
    except ValidationError as error:
        for item in error.errors(include_url=False, include_input=False):
            place = ".".join(str(step)[:40] for step in item["loc"] if step not in _TAGS)
            yield _at(place, _sentence(item, known))


def _sentence(error: ErrorDetails, known: list[str]) -> str:
    """Return what is wrong in words; pydantic's own where a type of error is not known here."""
    match error["type"]:
        case "extra_forbidden" if near := get_close_matches(str(error["loc"][-1]), known, n=1):
            return f"is not known here; did you mean {near[0]}?"
        case "literal_error" if error["loc"][0] == "otherwise" and "(word)" in error["loc"]:
            return "must be 'refuse' or a stage"
        case "model_type" if "escalateTo" in error["loc"]:
            return "must be a name or an object"
        case "literal_error" if "(word)" in error["loc"]:
            return "must be 'nobody', 'directory', 'anyone' or a list of people"
        case "bool_type" if "(bool)" in error["loc"]:
            return "must be true, false or a list of people"
        case kind:
            context = error.get("ctx", {})
            several = context.get("min_length", context.get("max_length")) != 1
            return _SENTENCES.get(kind, "{msg}").format(**context, s="s" * several, msg=error["msg"])


def _contradictions(value: object) -> Iterator[str]:
    if not isinstance(value, Mapping):
        return
    stages, outcomes, owners = value.get("stages"), value.get("outcomes"), value.get("budgetOwners")
    limited = value.get("budgetLimit") is not None
    yield from _places("outcomes", _check_words(outcomes))
    yield from _places("budgetOwners", _people_faults(owners))
    yield from _places("delegateTo", _people_faults(value.get("delegateTo")))
    if not limited and owners not in (None, BUDGET_OWNERS, list(BUDGET_OWNERS)):
        yield "budgetOwners: nobody asks them without a budgetLimit"
    names = {BUDGET_STAGE} if limited else set[str]()
    read = {
        f"stages.{index}": _read(each)
        for index, each in enumerate(stages[:MOST_STAGES] if isinstance(stages, list | tuple) else ())
    }
    rest = {"otherwise": _read(value["otherwise"])} if isinstance(value.get("otherwise"), Mapping) else {}
    for place, (stage, readable) in (*read.items(), *rest.items()):
        name = {key(stage.name)} if "name" in readable else set[str]()
        if not is_seen(stage.name):
            yield f"{place}.name: {UNSEEN}"
        if name & names:
            yield f"{place}.name: is taken, by another stage or by the one that budgetLimit adds"
        names |= name
        yield from _places(place, _stage_faults(stage, readable))
    if rest and rest["otherwise"][0].when:
        yield "otherwise.when: it is asked where no condition holds, and has none itself"
    if read and all("when" in readable and not list(_check_condition(stage)) for stage, readable in read.values()):
        yield from reach_faults([stage.when or ALWAYS for stage, _ in read.values()], value)


def _places(where: str, faults: Iterator[Fault]) -> Iterator[str]:
    return (f"{where}.{place}: {sentence}" for place, sentence in faults)


def _check_words(outcomes: object) -> Iterator[Fault]:
    seen, read = set[str](), {looks(word): word for word in _SHOWN}
    for word, effect in islice(outcomes.items(), MOST_WORDS) if isinstance(outcomes, Mapping) else ():
        like = read.setdefault(looks(word), word)
        if word and not is_seen(word):
            yield one_line(word)[:40], UNSEEN
        elif _SHOWN.get(key(word), effect) != effect:
            yield word[:40], f"always means {_SHOWN[key(word)]!r}; choose another word"
        elif key(word) in seen:
            yield word[:40], "is there already, in other letters or with other spaces"
        elif key(like) != key(word):
            yield word[:40], f"reads like {like[:40]!r}; choose another word"
        seen.add(key(word))


def _people_faults(people: object) -> Iterator[Fault]:
    seen = set[str]()
    for index, person in enumerate(people[:MOST_PEOPLE] if isinstance(people, list | tuple) else ()):
        name = key(person) if isinstance(person, str) else ""
        if name and not is_seen(person):
            yield str(index), UNSEEN
        elif among(name, NOBODIES):
            yield str(index), "stands for nobody; name a person"
        elif name and name in seen:
            yield str(index), "is somebody who is named before"
        seen.add(name)


def _read(value: object) -> tuple[Stage, frozenset[str]]:
    """Return a stage with as much as can be read of it, and which of its fields that are, by their Python names."""
    given = {name: each for name, each in value.items() if isinstance(name, str)} if isinstance(value, Mapping) else {}
    try:
        return Stage.model_validate(given, by_alias=True, by_name=False), frozenset(Stage.model_fields)
    except ValidationError as error:
        wrong = {item["loc"][0] for item in error.errors()}
    rest = {name: each for name, each in given.items() if name not in wrong}
    stage = Stage.model_validate({**_STAND_INS, **rest}, by_alias=True, by_name=False)
    return stage, frozenset(name for name, field in Stage.model_fields.items() if field.alias not in wrong)


def _stage_faults(stage: Stage, readable: frozenset[str]) -> Iterator[Fault]:
    for fields, check in _CHECKS:
        if readable.issuperset(fields):
            yield from check(stage)


def _check_rule(stage: Stage) -> Iterator[Fault]:
    if stage.rule == "quorum" and stage.quorum is None:
        yield "quorum", "is missing: say how many must agree"
    # What the rule asks for anyway may be said once more.
    implied = {"first": 1, "all": len(stage.approvers)}.get(stage.rule, stage.quorum)
    if stage.quorum is not None and stage.quorum != implied:
        yield "quorum", f"belongs to the rule 'quorum', and the rule here is {stage.rule!r}"


def _check_quorum(stage: Stage) -> Iterator[Fault]:
    if stage.quorum is not None and stage.quorum > len(stage.approvers):
        yield "quorum", f"{stage.quorum} of {len(stage.approvers)} people cannot answer"


def _check_people(stage: Stage) -> Iterator[Fault]:
    lists = {"approvers": stage.approvers, "required": stage.required, "veto": stage.veto}
    rungs = {f"escalateTo.{index}.to": rung.to for index, rung in enumerate(stage.escalate_to)}
    for where, people in (*lists.items(), *rungs.items()):
        for index, sentence in _people_faults(people):
            yield f"{where}.{index}", sentence


def _check_required(stage: Stage) -> Iterator[Fault]:
    for index, person in enumerate(stage.required):
        if not among(person, stage.approvers):
            yield f"required.{index}", "is not among the approvers"


def _check_veto(stage: Stage) -> Iterator[Fault]:
    for index, person in enumerate(stage.veto if isinstance(stage.veto, tuple) else ()):
        if not among(person, stage.approvers):
            yield f"veto.{index}", "is not among the approvers"


def _check_reminders(stage: Stage) -> Iterator[Fault]:
    for index, hours in enumerate(stage.remind_after_hours):
        if hours >= stage.window_hours:
            yield f"remindAfterHours.{index}", f"comes too late: the window is {stage.window_hours:g} hours"
        if index and hours <= stage.remind_after_hours[index - 1]:
            yield f"remindAfterHours.{index}", "must come later than the one before it"


def _check_ladder(stage: Stage) -> Iterator[Fault]:
    asked = stage.approvers
    for index, rung in enumerate(stage.escalate_to):
        if all(among(person, asked) for person in rung.to):
            yield f"escalateTo.{index}", "escalates to nobody else: all of them have been asked before"
        asked += rung.to


def _check_timeout(stage: Stage) -> Iterator[Fault]:
    if stage.escalate_to and stage.on_timeout != "escalate":
        yield "escalateTo", f"is never used, as onTimeout is {stage.on_timeout!r}"


def _check_condition(stage: Stage) -> Iterator[Fault]:
    when = stage.when or ALWAYS
    if when.cost_above is not None and when.cost_from is not None:
        yield "when.costFrom", "means the same as costAbove but for one amount; give one of them"
    if band_of(when).low >= band_of(when).high:
        least = f"above {when.cost_above:g}" if when.cost_above is not None else f"{when.cost_from:g} or more"
        yield "when", f"no cost is both {least} and up to {when.cost_up_to:g}"


def _check_kind(stage: Stage) -> Iterator[Fault]:
    if stage.kind != "review":
        yield "kind", "is set by the plan; to ask for money, give a budgetLimit"


_CHECKS: tuple[tuple[frozenset[str], Callable[[Stage], Iterator[Fault]]], ...] = (
    (frozenset(), _check_people),
    (frozenset({"rule", "quorum", "approvers"}), _check_rule),
    (frozenset({"quorum", "approvers"}), _check_quorum),
    (frozenset({"required", "approvers"}), _check_required),
    (frozenset({"veto", "approvers"}), _check_veto),
    (frozenset({"remind_after_hours", "window_hours"}), _check_reminders),
    (frozenset({"escalate_to", "approvers"}), _check_ladder),
    (frozenset({"escalate_to", "on_timeout"}), _check_timeout),
    (frozenset({"when"}), _check_condition),
    (frozenset({"kind"}), _check_kind),
)
"""What each check looks at, by Python name: it is left out where one of these cannot be read."""


def _at(place: str, sentence: str) -> str:
    return f"{place}: {sentence}" if place else sentence
