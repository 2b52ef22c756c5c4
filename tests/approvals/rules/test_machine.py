"""Whatever people, time, duplicates, races and restarts do to a review, it ends once, and rightly.

The checks below know the rules only from what was asked and answered, not from the code that applies them.
"""

from collections import Counter
from datetime import datetime
from typing import Any

import pytest
from hypothesis import event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from approvals.directory import read_directory
from approvals.policy.policy import read_policy
from approvals.record.chain import GENESIS, read_chain, seal, verify
from approvals.record.entries import Entry, Kind, Via
from approvals.rules.acceptance import Accepted, Actor, accept
from approvals.rules.progress import counts
from approvals.rules.replay import replay
from approvals.rules.state import FINAL
from approvals.rules.verbs import Attach, Comment, Decide, Delegate, Reassign, Remind, RequestChanges, Resubmit, Verb
from approvals.rules.verbs import Withdraw as TakeBack
from tests.approvals.story import AUTHOR, Story

PEOPLE = ["Mara", "Jonas", "Ana", "Cem"]
ANYBODY = [*PEOPLE, AUTHOR, "Eve"]

KNOWN = read_directory({name: {"mail": f"{name}@example.org"} for name in (*ANYBODY, "Olga", "Pia")})


def by_any_name(names: list[str]) -> st.SearchStrategy[str]:
    """Draw a person by name or by address."""
    return st.sampled_from([*names, *(f"{name.upper()}@example.org" for name in names)])


person = by_any_name(ANYBODY)
lists = st.lists(by_any_name(PEOPLE), min_size=1, max_size=3, unique_by=KNOWN.name_of)


@st.composite
def stages(draw: st.DrawFn, letter: str) -> dict[str, Any]:
    """Draw a stage that can pass."""
    approvers = draw(lists)
    rule_ = draw(st.sampled_from(["first", "all", "quorum"]))
    stage: dict[str, Any] = {"name": letter, "approvers": approvers, "rule": rule_, "veto": draw(st.booleans())}
    if rule_ == "quorum":
        stage["quorum"] = draw(st.integers(1, len(approvers)))
        stage["required"] = draw(st.lists(st.sampled_from(approvers), max_size=stage["quorum"], unique=True))
    stage["windowHours"] = draw(st.sampled_from([1, 24, 72]))
    if draw(st.booleans()):
        stage["escalateTo"] = draw(st.lists(st.sampled_from(["Olga", "Pia"]), min_size=1, max_size=2, unique=True))
    else:
        stage["onTimeout"] = draw(st.sampled_from(["escalate", "reject"]))
    return stage


policies = st.tuples(stages("A"), stages("B"), st.booleans()).map(
    lambda drawn: {"stages": list(drawn[:2]), "outcomes": {"if dry": "approve"}, "changesWindowHours": 150}
)
"""As somebody wrote them; what they are decided by has one name for each person."""


class Machine(RuleBasedStateMachine):
    """Random lives of a proposal."""

    @initialize(policy=policies, early=st.sampled_from([False, False, True]))
    def submit(self, policy: dict[str, Any], early: bool) -> None:
        """Hand it in; mostly the checks are quicker than people."""
        met = read_policy(policy).meeting(KNOWN).to_dict()
        self.story = Story(met) if early else Story(met).check()
        self.story.directory = KNOWN
        self.sent = list[tuple[Verb, Via]]()
        self.taken = 0
        self.outcomes = list[str]()

    def send(self, verb: Verb, via: Via = Via.SYSTEM) -> None:
        """Send a verb, and expect that it adds entries only where it is accepted."""
        self.sent.append((verb, via))
        before = len(self.story.entries)
        answer = self.story.judge(verb, via)
        added = self.story.entries[before:]
        assert isinstance(answer, Accepted) == bool(added)
        if added:
            self.taken += 1
            assert 1 == sum(entry.via is via for entry in added)

    @rule(who=person, word=st.sampled_from(["approve", "reject", "if dry"]), known=st.sampled_from([None, "d1", "d2"]))
    def decide(self, who: str, word: str, known: str | None) -> None:
        """Somebody answers, whoever it is."""
        self.send(Decide(approver=who, decision=word, decision_id=known))

    @precondition(lambda self: self.story.waiting)
    @rule(
        data=st.data(),
        word=st.sampled_from(["approve", "approve", "approve", "reject"]),
        later=st.sampled_from([0, 0, 0, 1, 24, 72]),
    )
    def answer(self, data: st.DataObject, word: str, later: int) -> None:
        """Some who are asked answer, perhaps after the deadline while the workflow sleeps."""
        self.story.waits(later)
        for _ in range(data.draw(st.integers(1, 3))):
            if self.story.waiting:
                self.send(Decide(approver=data.draw(st.sampled_from(self.story.waiting)), decision=word))

    @precondition(lambda self: self.story.waiting)
    @rule(data=st.data(), other=person, for_good=st.booleans(), at_once=st.booleans())
    def hand_over(self, data: st.DataObject, other: str, for_good: bool, at_once: bool) -> None:
        """A task goes to somebody else, who may answer at once."""
        one = data.draw(st.sampled_from([*self.story.waiting, "Eve"]))
        self.send(Reassign(owner=one, to=other) if for_good else Delegate(owner=one, to=other))
        if at_once:
            self.send(Decide(approver=other, decision="approve"))

    @rule(who=person)
    def ask_for_changes(self, who: str) -> None:
        """Back to the author."""
        self.send(RequestChanges(approver=who, comment="shorter"))

    @rule(title=st.sampled_from([None, "Bench", "Longer bench"]), who=st.sampled_from([AUTHOR, "Mara"]))
    def resubmit(self, title: str | None, who: str) -> None:
        """And again."""
        self.send(Resubmit(by=who, title=title))

    @precondition(lambda self: self.story.waiting)
    @rule(title=st.sampled_from([None, "Bench", "Longer bench"]))
    def go_round(self, title: str | None) -> None:
        """Changes are asked for, come, and are checked: the whole way at once, so that lives get beyond it."""
        self.send(RequestChanges(approver=self.story.waiting[0], comment="shorter"))
        self.send(Resubmit(by=AUTHOR, title=title))
        self.story.check()

    @rule(content=st.sampled_from(["one", "two"]), meant=st.integers(0, 3))
    def attach(self, content: str, meant: int) -> None:
        """A file comes or changes, now and then."""
        if meant:
            return
        fields = {"blob": content, "content_type": "text/plain", "size": 3, "sha256": content}
        self.send(Attach(by=AUTHOR, name="plan", **fields))

    @rule(who=person)
    def talk(self, who: str) -> None:
        """Words, and a reminder."""
        self.send(Comment(by=who, comment="why?"))
        self.send(Remind(by=who))

    @rule(who=st.sampled_from([AUTHOR, "Eve", "Mara"]), meant=st.integers(0, 9))
    def withdraw(self, who: str, meant: int) -> None:
        """The author takes it back, now and then."""
        if meant == 0 or who != AUTHOR:
            self.send(TakeBack(by=who))

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def deliver_again(self, data: st.DataObject) -> None:
        """A message comes a second time, however late."""
        self.send(*data.draw(st.sampled_from(self.sent)))

    @precondition(lambda self: self.story.waiting)
    @rule(data=st.data())
    def race(self, data: st.DataObject) -> None:
        """Two are judged on the same record; one is written, the other is judged again."""
        review = self.story.review
        verbs = [Decide(approver=data.draw(person), decision="approve") for _ in range(2)]
        judged = [
            accept(review, verb, Actor(name=verb.approver, via=Via.SYSTEM), self.story.now, directory=KNOWN)
            for verb in verbs
        ]
        if all(isinstance(each, Accepted) for each in judged):
            assert {each.entries[0].number for each in judged} == {review.number + 1}
        for verb in verbs:
            self.send(verb)

    @rule(hours=st.one_of(st.integers(0, 200), st.sampled_from([0, 1, 24, 72])), looked=st.booleans())
    def time_goes_by(self, hours: int, looked: bool) -> None:
        """With the workflow awake, or not."""
        if looked:
            self.story.passes(hours)
        else:
            self.story.waits(hours)

    @rule(hours=st.integers(1, 3))
    def clocks_disagree(self, hours: int) -> None:
        """The next host's clock is behind."""
        self.story.waits(-hours)

    @rule(found=st.sampled_from([(), ("passed",)]))
    def checks_come_through(self, found: tuple[str, ...]) -> None:
        """As often as they like."""
        self.story.check(*found)

    @rule()
    def restart(self) -> None:
        """Everything in memory is lost; the record is read again."""
        content = seal(self.story.entries, head=GENESIS)
        assert verify(content).sound
        self.story.entries = read_chain(content).entries
        assert replay(self.story.entries) == self.story.review

    @invariant()
    def the_record_is_whole(self) -> None:
        """Numbered from 1, in the order of time, with everything that was accepted."""
        entries = self.story.entries
        assert [entry.number for entry in entries] == list(range(1, len(entries) + 1))
        assert sorted(entry.time for entry in entries) == [entry.time for entry in entries]
        assert self.taken == sum(entry.via is Via.SYSTEM for entry in entries)

    @invariant()
    def it_ends_at_most_once(self) -> None:
        """With its last entry, and stays as it is."""
        ends = [entry for entry in self.story.entries if entry.kind is Kind.ENDED]
        if ends:
            assert [self.story.entries[-1]] == ends
            assert self.story.review.status in FINAL
            event(ends[0].data["outcome"])
            self.outcomes.append(ends[0].data["outcome"])
            assert len(set(self.outcomes)) == 1
        told = counts(self.story.review)
        assert sum(told.get(status.value, 0) for status in FINAL) == len(ends)

    @invariant()
    def one_answer_a_seat_and_person(self) -> None:
        """In each opening of a stage: nobody twice, nobody who was not asked, nobody late, not the author."""
        for opening in openings(self.story.entries):
            assert max(Counter(entry.data["seat"] for entry in opening.answers).values(), default=1) == 1
            assert max(Counter(KNOWN.name_of(entry.by) for entry in opening.answers).values(), default=1) == 1
            for entry in opening.answers:
                assert entry.by in opening.allowed
                assert KNOWN.name_of(entry.by) != AUTHOR
                assert entry.time < opening.deadline

    @invariant()
    def escalated_once_a_rung(self) -> None:
        """In each opening, upwards."""
        for opening in openings(self.story.entries):
            assert opening.rungs == sorted(set(opening.rungs))

    @invariant()
    def approved_means_that_enough_agreed_to_this_document(self) -> None:
        """In every stage of the plan, in time."""
        if self.story.status != "approved":
            return
        document = self.story.entries[-1].document
        for stage in self.story.review.stages:
            yes = {
                each.seat
                for each in self.story.review.answers
                if each.effect == "approve" and each.document == document and each.stage is not None
                if self.story.review.stages[each.stage].name == stage.name
            }
            climbed = {who for rung in stage.escalate_to for who in rung.to}
            enough = {"first": 1, "all": len(stage.approvers), "quorum": stage.quorum}[stage.rule]
            assert yes & climbed or (len(yes) >= (enough or 0) and set(stage.required) <= yes)


class Opening:
    """One time that a stage was open: who might answer then, and who did."""

    def __init__(self, entry: Entry) -> None:
        self.answers = list[Entry]()
        self.allowed = set[str]()
        self.rungs = list[int]()
        self.ask(entry)

    def ask(self, entry: Entry) -> None:
        """Take in who is asked, and until when."""
        self.deadline = datetime.fromisoformat(entry.data["deadline"])
        self.allowed |= {each["person"] for each in entry.data["asked"]}

    def take(self, entry: Entry) -> None:
        """Take in one entry of the time that it was open."""
        match entry.kind:
            case Kind.ESCALATED:
                assert entry.time >= self.deadline
                self.rungs.append(entry.data["rung"])
                self.ask(entry)
            case Kind.DELEGATED | Kind.REASSIGNED:
                self.allowed.add(entry.data["to"])
            case Kind.DECIDED:
                self.answers.append(entry)
            case _:
                pass


def openings(entries: tuple[Entry, ...]) -> list[Opening]:
    """Return every time that a stage was open. Early answers are not among its answers: they came before."""
    found = list[Opening]()
    current: Opening | None = None
    for entry in entries:
        if entry.kind is Kind.STAGE_OPENED:
            current = Opening(entry)
            found.append(current)
        elif entry.kind in (Kind.STAGE_CLOSED, Kind.CHANGES_REQUESTED, Kind.ATTACHED, Kind.ENDED):
            current = None
        elif current and (entry.kind is not Kind.DECIDED or entry.data["seat"] is not None):
            current.take(entry)
    return found


TestMachine = Machine.TestCase
TestMachine.settings = settings(stateful_step_count=30)
TestMachine.pytestmark = [pytest.mark.timeout(1200)]  # what fails is made as short as it can be, which takes its time
