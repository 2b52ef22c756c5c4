"""Reviews that were really judged: the pure core plays them, so that what is shown is what the app would show."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from approvals.policy.policy import read_policy
from approvals.record.chain import GENESIS, seal
from approvals.record.documents import Attachment
from approvals.record.entries import Via
from approvals.rules import acceptance, progress, view
from approvals.rules.acceptance import Accepted, Actor
from approvals.rules.forms import SubmissionForm
from approvals.rules.replay import replay
from approvals.rules.verbs import VERBS, Attach

REVIEWS = Path(__file__).resolve().parents[2] / "examples" / "reviews"
BEGUN = datetime(2026, 11, 21, 9, 4, 3, tzinfo=UTC)
ID = "3f2a1b9c4e0d4c0f8f0f1b2a3c4d5e6f"
PLAN = Attachment(name="site-plan.png", blob="b/1.png", content_type="image/png", size=41_200, sha256="ab" * 32)


class Played:
    """One proposal of the examples, from its submission on, in a time of its own."""

    def __init__(self, name, *, files=(), via=Via.PERSON, **words):
        form = SubmissionForm.from_dict({**json.loads((REVIEWS / f"{name}.json").read_text("utf-8")), **words})
        self.now = BEGUN
        self.via = via
        self.entries = progress.begin(
            ID,
            form.words,
            author=form.author,
            via=via,
            policy=read_policy(form.policy),
            policy_name=name,
            attachments=files,
            now=self.now,
        )

    @property
    def review(self):
        return replay(self.entries)

    @property
    def raw(self):
        """The entries as the API's audit has them."""
        return [json.loads(line) for line in self.record.splitlines()]

    @property
    def record(self):
        """The bytes in storage."""
        return seal(self.entries, head=GENESIS)

    @property
    def shown(self):
        """The answer to `GET /api/proposals/{id}`, as JSON has it."""
        return json.loads(json.dumps(view.show(self.review, now=self.review.last_at)))

    def checked(self, *findings):
        """The checks are through."""
        review = self.review
        self._add(progress.checked(review, findings, document=review.document, now=self.now))
        return self

    def wait(self, **length):
        """Time passes, and what it brings."""
        self.now += timedelta(**length)
        self._add(progress.settle(self.review, self.now))
        return self

    def do(self, verb, via=None, **body):
        """Somebody does something, and it is taken down."""
        model = Attach if verb == "attach" else VERBS[verb]
        acted = model.from_dict(body)
        self.now += timedelta(minutes=5)
        answer = acceptance.accept(self.review, acted, Actor(name=acted.actor_name, via=via or self.via), self.now)
        assert isinstance(answer, Accepted), answer
        self._add(answer.entries)
        return self

    def _add(self, entries):
        self.entries = (*self.entries, *entries)
