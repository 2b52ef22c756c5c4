"""A story of a review: what people and time do to it, without storage, hosts or clocks."""

from datetime import UTC, datetime, timedelta
from typing import Any

from approvals.directory import NOBODY_KNOWN, Directory
from approvals.policy.policy import Policy
from approvals.record.entries import Entry, Kind, Via
from approvals.rules.acceptance import Accepted, Actor, accept
from approvals.rules.eligibility import ActionRefused, AlreadyRecorded
from approvals.rules.links import Link
from approvals.rules.progress import EDIT_PAUSE, begin, checked, settle
from approvals.rules.replay import apply, replay
from approvals.rules.state import Review
from approvals.rules.verbs import VERBS, Attach, Verb

BEGUN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
AUTHOR = "Ines"


class Story:
    """One review; each verb returns what it came to, and what was accepted is in `entries`."""

    directory: Directory = NOBODY_KNOWN
    """Who is who."""

    def __init__(
        self,
        policy: dict[str, Any],
        *,
        author: str = AUTHOR,
        cost: float = 100.0,
        currency: str = "EUR",
        department: str | None = None,
    ) -> None:
        self.now = BEGUN
        self._sum: Review | None = None
        words = {"title": "Bench", "summary": "", "cost": cost, "currency": currency, "department": department}
        self.entries: tuple[Entry, ...] = begin(
            "p1",
            words,
            author=author,
            via=Via.PERSON,
            policy=Policy.from_dict(policy),
            policy_name="of its own",
            attachments=(),
            now=BEGUN,
        )

    @property
    def review(self) -> Review:
        """What the entries add up to; entries are only added, so the sum goes on from where it was."""
        if self._sum is None:
            self._sum = replay(self.entries)
        for entry in self.entries[self._sum.number :]:
            self._sum = apply(self._sum, entry)
        return self._sum

    def forget(self) -> None:
        """Add the entries up from the first one: some have been exchanged."""
        self._sum = None

    @property
    def status(self) -> str:
        """The API's word for it."""
        return self.review.status.value

    @property
    def waiting(self) -> list[str]:
        """Who is waited for."""
        return [each.person for each in self.review.waiting_for]

    def kinds(self, after: int = 0) -> list[str]:
        """The kinds of the entries behind that number."""
        return [entry.kind.value for entry in self.entries[after:]]

    def of(self, kind: Kind) -> list[Any]:
        """All entries of one kind."""
        return [entry for entry in self.entries if entry.kind is kind]

    def check(self, *findings: str, waits: bool = True) -> "Story":
        """Let the checks come through, and mostly wait until the author may be taken to be through as well."""
        self.entries += checked(self.review, findings, document=self.review.document, now=self.now)
        if waits and self.review.edited_at:
            self.now = max(self.now, self.review.edited_at + EDIT_PAUSE)
            self.passes(0)
        return self

    def passes(self, hours: float) -> "Story":
        """Let time go by, and the workflow look at its end."""
        self.now += timedelta(hours=hours)
        self.entries += settle(self.review, self.now)
        return self

    def waits(self, hours: float) -> "Story":
        """Let time go by without anybody looking."""
        self.now += timedelta(hours=hours)
        return self

    def does(self, verb: str, via: Via = Via.SYSTEM, link: Link | None = None, **fields: Any) -> Any:
        """Do something as `fields` say; returns Accepted, Repeated or Refused."""
        return self.judge(VERBS[verb].from_dict(fields), via, link)

    def judge(
        self, verb: Verb, via: Via = Via.SYSTEM, link: Link | None = None
    ) -> Accepted | AlreadyRecorded | ActionRefused:
        """Judge a verb now, and write it down where it is accepted."""
        actor = Actor(name=verb.actor_name, via=via, link=link)
        answer = accept(self.review, verb, actor, self.now, directory=self.directory)
        if isinstance(answer, Accepted):
            self.entries += answer.entries
        return answer

    def decides(self, person: str, decision: str = "approve", **fields: Any) -> Any:
        """Let somebody decide."""
        via, link = fields.pop("via", Via.SYSTEM), fields.pop("link", None)
        return self.does("decisions", via, link, approver=person, decision=decision, **fields)

    def attaches(self, name: str, content: str, by: str = AUTHOR) -> Any:
        """Let the author add a file; its content stands for its hash."""
        fields = {"blob": f"p1/{content}", "content_type": "text/plain", "size": len(content), "sha256": content}
        return self.judge(Attach(by=by, name=name, **fields))

    def link(self, person: str, **changes: Any) -> Link:
        """Return the link that this person was sent now."""
        stage, plan = self.review.stage, self.review.open_stage
        assert stage
        assert plan
        fields = {"round": self.review.round, "stage": plan.name, "rung": stage.rung, "expires": 2_000_000_000}
        return Link(**{"proposal": "p1", "person": person, "id": f"link-of-{person}", **fields, **changes})


def policy(*stages: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return a policy's data; a stage without a name gets a letter."""
    named = [{"name": letter, **stage} for letter, stage in zip("ABCDEFG", stages, strict=False)]
    return {"stages": named, **fields}
