"""Whatever people, time, duplicates, races and restarts do to a review, it ends once, and rightly.

The checks below know the rules only from what was asked and answered, not from the code that applies them.
"""

from collections import Counter
from typing import Any

import pytest
from hypothesis import event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from approvals.directory import read_directory
from approvals.policy.policy import check_for, read_policy
from approvals.record.chain import GENESIS, read_chain, seal, verify
from approvals.record.entries import (
    Attached,
    Commented,
    Decided,
    Delegated,
    Ended,
    Kind,
    Reassigned,
    Resubmitted,
    StageOpened,
    Via,
)
from approvals.rules.acceptance import Accepted, Actor, accept
from approvals.rules.progress import counts
from approvals.rules.replay import replay
from approvals.rules.state import FINAL, Answer
from approvals.rules.verbs import (
    Attach,
    Comment,
    Decide,
    Delegate,
    Reassign,
    Remind,
    RequestChanges,
    Resubmit,
    TakeBack,
    Verb,
    Withdraw,
)
from approvals.validation import Invalid
from tests.approvals.rules.lives import asked_by, begins, openings
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


def can_be_decided(policy: dict[str, Any]) -> bool:
    """Say whether a policy has people enough for a proposal of the author's."""
    try:
        check_for(read_policy(policy).meeting(KNOWN), AUTHOR, cost=100.0, currency="EUR", department=None)
    except Invalid:
        return False
    return True


policies = st.fixed_dictionaries(
    {
        "stages": st.tuples(stages("A"), stages("B")).map(list),
        "outcomes": st.just({"if dry": "approve"}),
        "changesWindowHours": st.just(150),
        "fourEyes": st.booleans(),
        "delegateTo": st.sampled_from(["anyone", "anyone", "directory", "nobody", ["Ana", "cem@example.org"]]),
        "keepAnswersOn": st.sampled_from([[], [], ["title"], ["addedFiles", "title"]]),
    }
).filter(can_be_decided)
"""As somebody wrote them; what they are decided by has one name for each person."""

naming = st.sampled_from(["now", "now", "now", "nothing", "round", "before", "another"])
"""What an answer says that it is about."""


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
        seen = self.documents_that_may_be_meant(verb) if isinstance(verb, Decide | RequestChanges) else None
        answer = self.story.judge(verb, via)
        added = self.story.entries[before:]
        assert isinstance(answer, Accepted) == bool(added)
        if added:
            self.taken += 1
            assert 1 == sum(entry.via is via for entry in added)
            assert seen is None or seen == {self.story.review.document}

    def documents_that_may_be_meant(self, verb: Decide | RequestChanges) -> set[str]:
        """Return the documents of which an answer may be about any: what it names, else all that its person has met."""
        entries = self.story.entries
        if verb.document:
            return {verb.document}
        if verb.round:
            began = min((entry.number for entry in entries if begins(entry, verb.round)), default=1)
            over = min((entry.number for entry in entries if begins(entry, verb.round + 1)), default=len(entries) + 1)
            return {entry.document for entry in entries if began <= entry.number < over}
        who = KNOWN.name_of(verb.approver)
        first = next((entry.number for entry in entries if who in map(KNOWN.name_of, asked_by(entry))), 1)
        return {entry.document for entry in entries[first - 1 :]}

    def about(self, named: str) -> dict[str, Any]:
        """Return the fields by which an answer says what it is about."""
        documents = [entry.document for entry in self.story.entries]
        match named:
            case "now":
                return {"document": documents[-1]}
            case "before":
                return {"document": next((each for each in reversed(documents) if each != documents[-1]), documents[0])}
            case "another":
                return {"document": "ab" * 32}
            case "round":
                return {"round": self.story.review.round}
            case _:
                return {}

    @rule(
        who=person,
        word=st.sampled_from(["approve", "reject", "if dry"]),
        known=st.sampled_from([None, "d1", "d2"]),
        named=naming,
    )
    def decide(self, who: str, word: str, known: str | None, named: str) -> None:
        """Somebody answers, whoever it is, about whatever they have seen."""
        self.send(Decide(approver=who, decision=word, decision_id=known, **self.about(named)))

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
                who = data.draw(st.sampled_from(self.story.waiting))
                self.send(Decide(approver=who, decision=word, **self.about(data.draw(naming))))

    @precondition(lambda self: self.story.waiting)
    @rule(data=st.data(), other=person, for_good=st.booleans(), at_once=st.booleans())
    def hand_over(self, data: st.DataObject, other: str, for_good: bool, at_once: bool) -> None:
        """A task goes to somebody else, who may answer at once."""
        one = data.draw(st.sampled_from([*self.story.waiting, "Eve"]))
        self.send(Reassign(owner=one, to=other) if for_good else Delegate(owner=one, to=other))
        if at_once:
            self.send(Decide(approver=other, decision="approve", **self.about("now")))

    @rule(who=person)
    def take_back(self, who: str) -> None:
        """Somebody wants a task back."""
        self.send(TakeBack(by=who))

    @rule(who=person, named=naming)
    def ask_for_changes(self, who: str, named: str) -> None:
        """Back to the author."""
        self.send(RequestChanges(approver=who, comment="shorter", **self.about(named)))

    @rule(title=st.sampled_from([None, "Bench", "Longer bench"]), who=st.sampled_from([AUTHOR, "Mara"]))
    def resubmit(self, title: str | None, who: str) -> None:
        """And again."""
        self.send(Resubmit(by=who, title=title))

    @precondition(lambda self: self.story.waiting)
    @rule(title=st.sampled_from([None, "Bench", "Longer bench"]))
    def go_round(self, title: str | None) -> None:
        """Changes are asked for, come, and are checked: the whole way at once, so that lives get beyond it."""
        self.send(RequestChanges(approver=self.story.waiting[0], comment="shorter", **self.about("now")))
        self.send(Resubmit(by=AUTHOR, title=title))
        self.story.check()

    @rule(content=st.sampled_from(["one", "two"]), name=st.sampled_from(["plan", "note"]), meant=st.integers(0, 3))
    def attach(self, content: str, name: str, meant: int) -> None:
        """A file comes or changes, now and then."""
        if meant:
            return
        fields = {"blob": content, "content_type": "text/plain", "size": 3, "sha256": content}
        self.send(Attach(by=AUTHOR, name=name, **fields))

    @rule(who=person)
    def talk(self, who: str) -> None:
        """Words, and a reminder."""
        self.send(Comment(by=who, comment="why?"))
        self.send(Remind(by=who))

    @rule(who=st.sampled_from([AUTHOR, "Eve", "Mara"]), meant=st.integers(0, 9))
    def withdraw(self, who: str, meant: int) -> None:
        """The author takes it back, now and then."""
        if meant == 0 or who != AUTHOR:
            self.send(Withdraw(by=who))

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
        verbs = [Decide(approver=data.draw(person), decision="approve", **self.about("now")) for _ in range(2)]
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

    @rule(found=st.sampled_from([(), ("passed",), ("passed",), ("warnings", "text"), ("objections", "virus")]))
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
        assert sorted(entry.at for entry in entries) == [entry.at for entry in entries]
        assert self.taken == sum(entry.via is Via.SYSTEM for entry in entries)

    @invariant()
    def it_ends_at_most_once(self) -> None:
        """With its last entry, and stays as it is."""
        ends = [entry for entry in self.story.entries if isinstance(entry, Ended)]
        if ends:
            notes = [isinstance(entry, Commented) and entry.after_end for entry in self.story.entries[ends[0].number :]]
            assert len(ends) == 1
            assert all(notes)
            assert self.story.review.status in FINAL
            event(ends[0].outcome)
            self.outcomes.append(ends[0].outcome)
            assert len(set(self.outcomes)) == 1
        told = counts(self.story.review)
        assert sum(told.get(status.value, 0) for status in FINAL) == len(ends)

    @invariant()
    def one_answer_a_seat_and_person(self) -> None:
        """In each opening of a stage: nobody twice, nobody who was not asked, nobody late, not the author."""
        holders = Counter(KNOWN.name_of(each.person) for each in self.story.review.waiting_for)
        assert max(holders.values(), default=1) == 1
        for opening in openings(self.story.entries):
            assert max(Counter(entry.seat for entry in opening.answers).values(), default=1) == 1
            assert max(Counter(KNOWN.name_of(entry.by) for entry in opening.answers).values(), default=1) == 1
            for entry in opening.answers:
                assert entry.by in opening.allowed
                assert KNOWN.name_of(entry.by) != AUTHOR
                assert entry.at < opening.deadline

    @invariant()
    def escalated_once_a_rung(self) -> None:
        """In each opening, upwards."""
        for opening in openings(self.story.entries):
            assert opening.rungs == sorted(set(opening.rungs))

    @invariant()
    def approved_means_that_enough_people_agreed_to_this_document(self) -> None:
        """In every stage of the plan as many as it promised, each with one place; none of them the author."""
        review = self.story.review
        if self.story.status != "approved":
            return
        deciders = list[str]()
        for index, stage in enumerate(review.stages):
            yes = [each for each in review.answers if each.effect == "approve" and each.stage == index]
            people = {KNOWN.name_of(each.person) for each in yes}
            assert len(people) == len(yes) >= stage.needed
            assert AUTHOR not in people
            rungs = [entry for entry in self.story.of(Kind.ESCALATED) if entry.number > review.round_began]
            climbed = any(entry.stage == stage.name for entry in rungs)
            assert climbed or set(stage.required) <= {each.seat for each in yes}
            deciders += people
            assert all(self.saw_what_was_decided(each) for each in yes)
        assert not review.policy.four_eyes or len(set(deciders)) == len(deciders)

    def saw_what_was_decided(self, answer: Answer) -> bool:
        """Say whether a yes is about this document and its findings, or one that the policy takes for as good."""
        review = self.story.review
        checked = self.story.of(Kind.CHECKED)[-1]
        unseen = answer.number < checked.number and set(checked.findings) - {"passed"}
        return not unseen and (answer.document == review.document or bool(review.policy.keep_answers_on))

    @invariant()
    def a_task_goes_only_where_the_policy_lets_it(self) -> None:
        """But back to who gave it; what a system reassigns is for operators to answer for."""
        allowed = self.story.review.policy.delegate_to
        for entry in self.story.of(Kind.DELEGATED):
            back = entry.by == entry.to
            assert (
                back or allowed == "anyone" or (allowed == "directory" and entry.to in ANYBODY) or entry.to in allowed
            )

    @invariant()
    def who_was_given_a_task_keeps_it(self) -> None:
        """In all rounds, until it is handed on; with four eyes only where they have not decided elsewhere."""
        held = dict[tuple[str, str], str]()
        for entry in self.story.entries:
            match entry:
                case Delegated() | Reassigned():
                    held[entry.stage, entry.seat] = entry.to
                case StageOpened(rung=0):
                    wanted = [held.get((entry.stage, each.seat), each.seat) for each in entry.asked]
                    asked = [each.person for each in entry.asked]
                    clash = len({KNOWN.name_of(each) for each in wanted}) < len(wanted)
                    assert asked == wanted or clash or self.story.review.policy.four_eyes
                case _:
                    pass

    @invariant()
    def nobody_is_given_a_task_who_cannot_answer_it(self) -> None:
        """With four eyes nobody who has decided in another stage of that document."""
        if not self.story.review.policy.four_eyes:
            return
        decided = dict[str, str | None]()
        for entry in self.story.entries:
            match entry:
                case Attached(round=int()) | Resubmitted(document_changed=True):
                    decided = {}
                case Decided():
                    decided[entry.by] = entry.stage
                case Delegated() | Reassigned():
                    assert decided.get(entry.to) in (None, entry.stage)
                case _:
                    pass


TestMachine = Machine.TestCase
TestMachine.settings = settings(stateful_step_count=30)
TestMachine.pytestmark = [pytest.mark.timeout(1200)]  # what fails is made as short as it can be, which takes its time
