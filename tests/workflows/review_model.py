"""A small model of a review, written from what a review is to do and not from the code that does it.

It knows stages of one rule each, ladders, early answers, delegation, changes and time in hours; `outcome` is what the
proposal must have come to. It is slow in nothing and clever in nothing: one person after the other, one hour after the
other.
"""

import copy
from dataclasses import dataclass, field

ONE_OF, ALL_OF, TWO_OF = "first", "all", "quorum"
CHANGES_WINDOW = 720.0


@dataclass(kw_only=True)
class Plan:
    """A stage as its policy has it; everybody is in one stage only."""

    name: str
    people: list[str]
    rule: str
    window: float
    ladder: list[str] = field(default_factory=list)
    silence: str = "expired"

    def as_policy(self) -> dict[str, object]:
        """The stage in the policy's words."""
        timeout = {"expired": "escalate", "rejected": "reject", "approved": "approve"}[self.silence]
        quorum = {"quorum": 2} if self.rule == TWO_OF else {}
        return {
            "name": self.name,
            "approvers": self.people,
            "rule": self.rule,
            **quorum,
            "windowHours": self.window,
            "escalateTo": self.ladder if timeout == "escalate" else [],
            "onTimeout": timeout,
        }


@dataclass(kw_only=True)
class Model:
    """Where a proposal must stand."""

    plans: list[Plan]
    now: float
    outcome: str = "inReview"
    index: int = 0
    round: int = 1
    asked: list[str] = field(default_factory=list)
    said: dict[str, bool] = field(default_factory=dict)
    early: dict[str, bool] = field(default_factory=dict)
    deadline: float = 0.0
    rung: int = 0
    needed: int = 1
    agreed: int = 0
    left: float = 0.0
    escalations: int = 0
    decisions: int = 0

    def __post_init__(self) -> None:
        self._open(0, self.now)

    @property
    def over(self) -> bool:
        """Whether nothing follows."""
        return self.outcome not in ("inReview", "changesRequested")

    @property
    def waiting(self) -> list[str]:
        """Who is asked and has not answered, while somebody is asked at all."""
        return [person for person in self.asked if person not in self.said] if self.outcome == "inReview" else []

    def near_a_deadline(self, at: float, margin: float) -> bool:
        """Whether, when it has become `at`, something has just happened or is about to."""
        later, early = copy.deepcopy(self), copy.deepcopy(self)
        later.pass_time(at + margin)
        early.pass_time(at - margin)
        return (later.outcome, later.index, later.rung) != (early.outcome, early.index, early.rung)

    # What happens

    def decide(self, person: str, yes: bool) -> None:
        """Somebody answers; whoever is not asked, or has answered, changes nothing."""
        later = [name for plan in self.plans[self.index + 1 :] for name in plan.people]
        if person in self.waiting:
            self.decisions += 1
            self.said[person] = yes
            self._judge(self.now)
        elif self.outcome == "inReview" and person in later and person not in self.early:
            self.decisions += 1
            self.early[person] = yes

    def delegate(self, person: str, to: str) -> None:
        """Somebody hands their task over."""
        if person in self.waiting:
            self.asked[self.asked.index(person)] = to

    def ask_for_changes(self, person: str) -> None:
        """The clock stops."""
        if person in self.waiting:
            self.outcome, self.left = "changesRequested", self.deadline - self.now
            self.deadline = self.now + CHANGES_WINDOW

    def resubmit(self, *, changed: bool) -> None:
        """Another document begins from the start; the same one goes on where it was."""
        if self.outcome != "changesRequested":
            return
        self.outcome, self.round = "inReview", self.round + 1
        if changed:
            self.early = {}
            self._open(0, self.now)
        else:
            self.deadline = self.now + self.left

    def withdraw(self) -> None:
        """The author takes it back."""
        if not self.over:
            self.outcome = "withdrawn"

    def pass_time(self, until: float) -> None:
        """Let time go by, from deadline to deadline."""
        while not self.over and self.deadline <= until:
            at, plan = self.deadline, self.plans[self.index]
            if self.outcome == "changesRequested":
                self.outcome = "expired"
            elif plan.silence == "approved":
                self._open(self.index + 1, at)
            elif plan.silence == "expired" and self.rung < len(plan.ladder):
                self.rung, self.escalations = self.rung + 1, self.escalations + 1
                # One person on the ladder takes one place: where more are missing, who was silent is asked on.
                promised = {ONE_OF: 1, ALL_OF: len(plan.people), TWO_OF: 2}[plan.rule]
                self.agreed += sum(self.said.values())
                self.needed = max(1, promised - self.agreed)
                silent = [person for person in self.asked if person not in self.said]
                self.asked = [plan.ladder[self.rung - 1], *(silent if self.needed > 1 else [])]
                self.said = {}
                self.deadline = at + plan.window
            else:
                self.outcome = plan.silence
        self.now = max(self.now, until)

    def _open(self, index: int, at: float) -> None:
        self.index = index
        if index == len(self.plans):
            self.outcome = "approved"
            return
        plan = self.plans[index]
        self.asked, self.rung, self.deadline, self.agreed = list(plan.people), 0, at + plan.window, 0
        self.said = {person: self.early[person] for person in plan.people if person in self.early}
        self._judge(at)

    def _judge(self, at: float) -> None:
        plan = self.plans[self.index]
        needed = self.needed if self.rung else {ONE_OF: 1, ALL_OF: len(self.asked), TWO_OF: 2}[plan.rule]
        yes = sum(self.said.values())
        no = len(self.said) - yes
        refused = self.rung and self.said.get(plan.ladder[self.rung - 1]) is False
        if refused or (no and plan.rule != TWO_OF) or len(self.asked) - no < needed:
            self.outcome = "rejected"
        elif yes >= needed:
            self._open(self.index + 1, at)
