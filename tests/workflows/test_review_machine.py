"""Random lives of proposals on a real host, held against a model: whatever people, time and crashes do to them.

A seed decides what is done; `LONG=1` gives more lives, and longer ones.
"""

import json
import random
from collections import Counter
from datetime import datetime
from itertools import count

import pytest

from tests.long import LONG
from tests.workflows.conftest import ROOT, SETTINGS, Greenlight
from tests.workflows.review_model import ALL_OF, ONE_OF, TWO_OF, Model, Plan
from tests.workflows.reviews import Reviews, counted, sweeping

SEEDS, STEPS = (range(1, 13), 60) if LONG else (range(1, 2), 14)
OPEN = 2
"""Proposals at a time; those that have ended still get late answers."""
MARGIN = 0.06
"""Hours around a deadline in which nothing is asked: the model's clock and the host's differ by seconds."""
MOMENT = 0.001
JUMPS = (0.7, 7.3, 23.1, 51.7, 101.3, 199.7)

POLICIES = (
    [Plan(name="board", people=["Mara", "Jonas"], rule=ONE_OF, window=72, ladder=["Olga", "Pia"])],
    [
        Plan(name="design", people=["Mara", "Jonas"], rule=ALL_OF, window=24),
        Plan(name="release", people=["Vera"], rule=ONE_OF, window=48, ladder=["Olga"]),
    ],
    [
        Plan(name="jury", people=["Mara", "Jonas", "Vera"], rule=TWO_OF, window=96, ladder=["Pia"]),
        Plan(name="legal", people=["Lena"], rule=ONE_OF, window=24, silence="approved"),
        Plan(name="board", people=["Amara", "Cem"], rule=ONE_OF, window=24, silence="rejected"),
    ],
)
PEOPLE = ("Mara", "Jonas", "Vera", "Lena", "Amara", "Cem", "Olga", "Pia", "Ines", "Eve")

pytestmark = pytest.mark.timeout(1200 if LONG else 240)


@pytest.fixture(scope="module")
def app(tmp_path_factory, app_storage):
    """A host that forgets nothing, however many months of virtual time go by."""
    environ = {**SETTINGS, "RETENTION_DAYS": "3650"}
    with Greenlight(
        ROOT, tmp_path_factory.mktemp("greenlight"), ("--clock", "virtual"), environ, app_storage
    ) as running:
        yield running


class Life:
    """One seed's proposals, each with its model, on one host."""

    def __init__(self, reviews, seed):
        self.reviews, self.app, self.seed = reviews, reviews.app, seed
        self.chance = random.Random(seed)
        self.deputies = count(1)
        self.done = []
        self.before = reviews.counters()
        self.models = {}
        self._submit()

    def step(self):
        """Do something, let everything that follows from it happen, and compare."""
        if any(model.near_a_deadline(model.now, MARGIN) for model in self.models.values()):
            self._jump(MARGIN)
        if sum(not model.over for model in self.models.values()) < OPEN:
            self._submit()
        kind = self.chance.choices(
            ("decide", "jump", "delegate", "changes", "resubmit", "withdraw", "noise", "kill"),
            (44, 14, 8, 7, 12, 2, 10, 3),
        )[0]
        proposal, model = self.chance.choice(list(self.models.items())[-2 * OPEN :])
        self.done.append((kind, proposal))
        getattr(self, f"_{kind}")(proposal, model)
        self._settle()

    def _submit(self):
        plans = self.chance.choice(POLICIES)
        proposal = self.reviews.submit(*[plan.as_policy() for plan in plans])
        self.reviews.waits(proposal, *plans[0].people)
        self.models[proposal] = Model(plans=plans, now=self._hours())

    def compare(self, latest=2 * OPEN):
        """Hold the latest proposals, which are those that something is done to, against their models."""
        for proposal, model in list(self.models.items())[-latest:]:
            shown = self.reviews.show(proposal)
            kinds = self.reviews.kinds(proposal)
            told = (shown["status"], shown["round"], shown["waitingFor"], shown["escalations"], kinds.count("decided"))
            expected = (model.outcome, model.round, model.waiting, model.escalations, model.decisions)
            assert told == expected, (self.seed, proposal, self.done)
            assert kinds.count("ended") == model.over

    def end(self):
        """Let time end what people have not, and add everything up."""
        while not all(model.over for model in self.models.values()):
            self._jump(self.chance.choice(JUMPS[2:]))
            self._settle()
        self.compare(len(self.models))
        for proposal, model in self.models.items():
            assert self.reviews.ended(proposal) == model.outcome
            self._check_record(proposal, model)
        self.app.until(lambda: counted(self.before, self.reviews.counters()) == self._outcomes())

    def check_counters(self):
        """One more sweep changes nothing: the counters are what the records add up to."""
        self.app.trigger("SweepReviews")
        self.app.advance(hours=MOMENT)
        assert counted(self.before, self.reviews.counters()) == self._outcomes()

    def _outcomes(self):
        """What the counters must show of this life."""
        known = Counter({"submitted": len(self.models)})
        for model in self.models.values():
            known.update({model.outcome: 1, "escalated": model.escalations})
        return dict(+known)

    def _check_record(self, proposal, model):
        """What must hold of any record, whatever the model says."""
        entries = self.reviews.app.request("GET", f"/api/proposals/{proposal}/audit").body["entries"]
        names = {person for plan in model.plans for person in (*plan.people, *plan.ladder)}
        names |= {entry["data"]["to"] for entry in entries if entry["kind"] == "delegated"}
        assert [entry["by"] for entry in entries if entry["kind"] == "decided" and entry["by"] not in names] == []
        assert [entry["number"] for entry in entries] == list(range(1, len(entries) + 1))
        assert [entry["at"] for entry in entries] == sorted(entry["at"] for entry in entries)
        assert entries[-1]["kind"] == "ended"
        rounds, rungs = 1, []
        for entry in entries:
            rounds += entry["kind"] == "resubmitted"
            if entry["kind"] == "escalated":
                rungs.append((rounds, entry["data"]["stage"], entry["data"]["rung"]))
        assert len(rungs) == len(set(rungs))
        letters = self.reviews.app.container("outbox").list_blobs(name_starts_with=f"{proposal}/")
        assert len(list(letters)) > 0

    # What is done

    def _decide(self, proposal, model):
        """Answer by one way or several, once or twice; mostly somebody who is asked."""
        likely = model.waiting or PEOPLE
        person = self.chance.choice(likely if self.chance.random() < 0.7 else PEOPLE)
        yes = self.chance.random() < 0.75
        for way in self.chance.sample(("api", "queue", "instance", "event"), self.chance.randint(1, 3)):
            self._send(proposal, way, person, yes)
            # What has come by one way is through before it comes by the next, so that there is one order to compare.
            self._settle(compare=False)
            model.decide(person, yes)

    def _send(self, proposal, way, person, yes):
        word = "approve" if yes else "reject"
        seen = {"document": self.reviews.show(proposal)["document"]}
        match way:
            case "api":
                self.reviews.decide(proposal, person, word, **seen)
            case "queue":
                message = {"proposalId": proposal, "approver": person, "decision": word, **seen}
                self.app.send("approval-queue", message)
            case "instance":
                self.app.send("approval-queue", {"instanceId": proposal, "approver": person, "approved": yes, **seen})
            case _:
                self._raise(proposal, "ApprovalEvent", {"approver": person, "approved": yes, **seen})

    def _raise(self, proposal, event, payload):
        """Raise an event; one that has ended cannot hear it."""
        path = f"/runtime/webhooks/durabletask/instances/{proposal}/raiseEvent/{event}"
        assert self.app.request("POST", path, payload).status in (202, 410)

    def _jump(self, *asked):
        """Let up to 200 hours go by, to a time at which nothing is due."""
        hours = asked[0] if len(asked) == 1 else self.chance.choice(JUMPS)
        while any(model.near_a_deadline(model.now + hours, MARGIN) for model in self.models.values()):
            hours += 2 * MARGIN
        self.app.advance(hours=hours)

    def _delegate(self, proposal, model):
        person, to = self.chance.choice(PEOPLE[:-2]), f"Deputy {next(self.deputies)}"
        for _ in range(self.chance.randint(1, 2)):
            self.reviews.do(proposal, "delegate", from_=person, to=to)
        model.delegate(person, to)

    def _changes(self, proposal, model):
        person = self.chance.choice(model.waiting or PEOPLE)
        seen = self.reviews.show(proposal)["document"]
        for _ in range(self.chance.randint(1, 2)):
            self.reviews.do(proposal, "changes", approver=person, comment="a ramp", document=seen)
        model.ask_for_changes(person)

    def _resubmit(self, proposal, model):
        changed = self.chance.random() < 0.6
        words = {"summary": f"with a ramp, {len(self.done)}"} if changed else {}
        for _ in range(self.chance.randint(1, 2)):
            self.reviews.do(proposal, "resubmit", by="Ines", **words)
        model.resubmit(changed=changed)

    def _withdraw(self, proposal, model):
        self.reviews.do(proposal, "withdraw", by="Eve")
        for _ in range(2):
            self.reviews.do(proposal, "withdraw", by="Ines")
        model.withdraw()

    def _noise(self, proposal, model):
        """What changes nothing: comments, reminders, nonsense, and waking for no reason."""
        self.reviews.do(proposal, "comments", by="Eve", comment=f"hm {len(self.done)}")
        self.reviews.do(proposal, "remind", by="Ines")
        self.app.send("approval-queue", {"proposalId": proposal, "decision": "perhaps", "approver": "Mara"})
        for event in ("Wake", "Wake", "ApprovalEvent", "Approval"):
            self._raise(proposal, event, json.loads(self.chance.choice(('{"approved": "yes"}', "[]", '"x"', "null"))))

    def _kill(self, proposal, model):
        """Kill the host, with an answer in its hands."""
        self.app.send("approval-queue", {"proposalId": proposal, "decision": "perhaps", "approver": "Mara"})
        self.app.kill()
        self.app.restart()

    # How one waits

    def _settle(self, *, compare=True):
        """Wait until the host has nothing to do, and move the models to its time."""
        self.app.advance(hours=MOMENT)
        now = self._hours()
        for model in self.models.values():
            model.pass_time(now)
        if compare:
            self.compare()

    def _hours(self):
        return datetime.fromisoformat(self.app.info()["clock"]["now"]).timestamp() / 3600


@pytest.mark.parametrize("seed", SEEDS)
def test_random_reviews_follow_the_model(app, seed):
    """After each step every proposal has the model's state, and at the end all counters are right.

    The sweep runs all the time.
    """
    life = Life(Reviews(app), seed)
    with sweeping(app):
        for _ in range(STEPS):
            life.step()
        life.end()
    life.check_counters()
