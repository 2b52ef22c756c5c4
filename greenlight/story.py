"""What the entries of a record tell, in words: who did what, when, and what came with it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from approvals.policy.rights import OWN_POLICY
from approvals.words.wording import people, size
from greenlight.texts import one_line
from greenlight.times import clock_time, moment

Data = Mapping[str, Any]

_BY_ITSELF = ("clock", "workflow")
_WAYS = {"link": "by link", "queue": "by queue", "event": "by event", "system": "named by a system"}
"""How we know who it was, where nobody was signed in."""

NOBODY = "nobody"
"""Who decided, where time did."""

LONGEST_DETAIL = 300
"""Characters; the whole text is in `greenlight audit show --json`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One entry, told."""

    number: int
    at: datetime
    who: str
    """Empty for what time and the workflow do."""
    way: str
    """How we know who; empty where they were signed in."""
    what: str
    details: tuple[str, ...]
    mood: str
    """`good`, `bad`, `ask`, `late` or `plain`: what a reader's eye should find."""


def tell(entries: Iterable[Data]) -> tuple[Event, ...]:
    """Return the entries of a record as people read them; one of an unknown kind is told by its name."""
    return tuple(_event(entry) for entry in entries)


def _event(entry: Data) -> Event:
    kind, via, data = entry["kind"], entry["via"], entry.get("data") or {}
    try:
        what, details = _TELLERS[kind]({"by": entry["by"], **data})
    except (KeyError, TypeError):
        what, details = kind, ()
    by_itself = via in _BY_ITSELF
    return Event(
        number=entry["number"],
        at=moment(entry["at"]),
        who="" if by_itself else one_line(entry["by"]),
        way=_WAYS.get(via, ""),
        what=one_line(what),
        details=tuple(_short(each) for each in details if each),
        mood=_mood(kind, data),
    )


def _short(text: str) -> str:
    text = one_line(text)
    return text if len(text) <= LONGEST_DETAIL else text[:LONGEST_DETAIL].rstrip() + " …"


def _mood(kind: str, data: Data) -> str:
    told = data.get("outcome") or data.get("effect")
    if told in ("approve", "approved"):
        return "good"
    if told in ("reject", "rejected", "expired", "failed") or kind == "withdrawn":
        return "bad"
    if kind in ("escalated", "reminded", "changesRequested"):
        return "late"
    return "ask" if kind == "stageOpened" else "plain"


Told = tuple[str, tuple[str, ...]]


def _submitted(data: Data) -> Told:
    files = [_file(each) for each in data.get("attachments", ())]
    name = data.get("policyName")
    version = f", version {data['policy']['version']}" if data.get("policy", {}).get("version") else ""
    policy = f"under a policy of its own{version}" if name == OWN_POLICY else f"under the policy {name}{version}"
    return "hands it in", (policy, people(tuple(files)))


def _checked(data: Data) -> Told:
    stages = " → ".join(each["name"] for each in data["stages"])
    early = len(data.get("void") or ())
    asked = f"{early} early yes{'' if early == 1 else 'es'} came before that: asked again" if early else ""
    return "the checks are through", (", ".join(data["findings"]), f"stages: {stages}", asked)


def _stage_opened(data: Data) -> Told:
    early = len(data.get("early") or ())
    counted = f"{early} early answer{'s count' if early > 1 else ' counts'}" if early else ""
    return f"{data['stage']}: asks {_asked(data)}", (f"until {_until(data['deadline'])}", counted)


def _decided(data: Data) -> Told:
    word = {"approve": "approves", "approved": "approves", "reject": "rejects", "rejected": "rejects"}.get(
        data["decision"], f"answers “{data['decision']}”"
    )
    stage = data.get("stage")
    early = "" if stage else "before being asked"
    return f"{word}{f' in {stage}' if stage else ''}", (early, _behalf(data), _quoted(data.get("comment")))


def _stage_closed(data: Data) -> Told:
    # An expired stage says so itself; an approved one that nobody answered would look like somebody's yes.
    silent = data.get("decidedBy") == NOBODY and data["outcome"] != "expired"
    return f"{data['stage']}: {data['outcome']}", ("nobody answered in time" if silent else "",)


def _commented(data: Data) -> Told:
    return "adds a note after the end" if data.get("afterEnd") else "comments", (_quoted(data["comment"]),)


def _comments_sent(data: Data) -> Told:
    number = len(data["comments"])
    return f"{number} comment{' is' if number == 1 else 's are'} sent on", ()


def _delegated(data: Data) -> Told:
    if data["by"] == data["to"]:
        return f"takes the task back from {data.get('from', data['seat'])}", (_quoted(data.get("comment")),)
    return f"lets {data['to']} answer", (_quoted(data.get("comment")),)


def _reassigned(data: Data) -> Told:
    return f"gives the task of {data.get('from', data['seat'])} to {data['to']}", (_quoted(data.get("comment")),)


def _reminded(data: Data) -> Told:
    return f"{data['stage']}: reminds {people(tuple(data['people']))}", ()


def _escalated(data: Data) -> Told:
    missing = people(tuple(data.get("missing", ())))
    nobody = f"no answer from {missing}" if missing else ""
    return f"{data['stage']}: escalated to {_asked(data)}", (nobody, f"until {_until(data['deadline'])}")


def _changes_requested(data: Data) -> Told:
    return "asks for changes", (_behalf(data), _quoted(data["comment"]), f"until {_until(data['until'])}")


def _resubmitted(data: Data) -> Told:
    changed = ", ".join(data.get("changed", ()))
    void = _void(data) if data.get("documentChanged") else ""
    return "hands it in again", (f"changed: {changed}" if changed else "", void, _quoted(data.get("comment")))


def _attached(data: Data) -> Told:
    verb = "replaces" if data.get("replaced") else "adds"
    return f"{verb} {_file(data['attachment'])}", (_void(data) if data.get("round", 1) > 1 else "",)


def _void(data: Data) -> str:
    kept = "the policy keeps answers over this change"
    return kept if data.get("answersKept") else "the document has changed: earlier approvals are void"


def _withdrawn(data: Data) -> Told:
    return "withdraws it", (_quoted(data.get("reason")),)


def _ended(data: Data) -> Told:
    if data["outcome"] == "withdrawn":
        return "the end: withdrawn", ()
    word = data.get("word")
    own = f"answered {word}" if word and word not in (data["outcome"], "approve", "reject") else ""
    by = data.get("decidedBy")
    decided = f"decided by {by}" if by and by != NOBODY else ""
    return f"the end: {data['outcome']}", (decided, own, data.get("reason") or "")


_TELLERS: Mapping[str, Callable[[Data], Told]] = {
    "submitted": _submitted,
    "checked": _checked,
    "stageOpened": _stage_opened,
    "decided": _decided,
    "stageClosed": _stage_closed,
    "commented": _commented,
    "commentsSent": _comments_sent,
    "delegated": _delegated,
    "reassigned": _reassigned,
    "reminded": _reminded,
    "escalated": _escalated,
    "changesRequested": _changes_requested,
    "resubmitted": _resubmitted,
    "attached": _attached,
    "withdrawn": _withdrawn,
    "ended": _ended,
}


def _asked(data: Data) -> str:
    return people(tuple(_person(each) for each in data["asked"]))


def _person(asked: Data) -> str:
    behalf = asked.get("onBehalfOf")
    return f"{asked['person']} (for {behalf})" if behalf else str(asked["person"])


def _behalf(data: Data) -> str:
    return f"for {data['onBehalfOf']}" if data.get("onBehalfOf") else ""


def _quoted(text: str | None) -> str:
    return f"“{text.strip()}”" if text and text.strip() else ""


def _file(attachment: Data) -> str:
    return f"{attachment['name']} ({size(attachment['size'])})"


def _until(text: str) -> str:
    return clock_time(moment(text))
