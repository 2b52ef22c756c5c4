"""Those who use the app during a soak: they ask until they are answered, and remember what they were promised."""

import random
from collections.abc import Callable, Mapping, Sequence
from http.client import HTTPException
from itertools import count
from threading import Lock
from typing import Any

from durable_devhost.testing.plugin import NOTHING, Answer, AppFailed
from tests.soak.load import EVENTS, Classic, Load, Review
from tests.workflows.conftest import Greenlight

PATIENCE_S = 180.0
"""How long one asks for the same; a killed host is back long before."""
QUEUE = "approval-queue"
_DEPUTIES = 1_000_000
_NO_HOST = (OSError, HTTPException, AppFailed, ValueError, IndexError)
"""What comes of asking one that was killed, or has no address yet."""

Act = Callable[[], None]


class Callers:
    """Everybody outside of the hosts. A verb has an id of its own or words of its own, so it may be sent again."""

    def __init__(self, load: Load, hosts: Sequence[Greenlight]) -> None:
        self._load = load
        self.hosts = hosts
        """Those that are asked, in turn; one that has gone for good is taken out."""
        self._numbers = count()
        self._lives = {each.id: random.Random(each.seed) for each in load.reviews}
        self._ended = set[str]()
        self._lock = Lock()
        self.answers = 0
        self.unanswered = 0
        """How often a host was not there, or went away."""
        self.failures: list[str] = []
        """What was answered with 5xx, and then asked again."""
        self.decided: set[str] = set()
        """The `decisionId` of each decision that was answered with 200."""
        self.said: set[str] = set()
        """The comments that were answered with 200."""
        self.strange: list[str] = []
        """Answers that nobody may get."""

    def acts(self, turn: int) -> list[Act]:
        """What is done in a turn, one thing for each instance that something is done to; in any order, side by side."""
        starts: list[Act] = [lambda each=each: self._start(each) for each in self._load.classics if each.turn == turn]  # type: ignore[misc]
        answers: list[Act] = [
            lambda each=each: self._answer(each)  # type: ignore[misc]
            for each in self._load.classics
            if each.turn == turn - 1 and each.answer is not None
        ]
        lives: list[Act] = [
            lambda each=each: self._live(each, turn)  # type: ignore[misc]
            for each in self._load.reviews
            if each.turn <= turn and each.id not in self._ended
        ]
        acts = [*starts, *answers, *lives]
        random.Random(turn).shuffle(acts)
        return acts

    def _start(self, classic: Classic) -> None:
        path = f"/api/orchestrators/{classic.workflow}?id={classic.id}"
        self._expect(self.ask("POST", path, classic.form), 202, classic.id)

    def _answer(self, classic: Classic) -> None:
        """By an event or by the queue."""
        decision = {"approved": classic.answer, "approver": "Ole"}
        if int(classic.id.partition("-")[2]) % 2:
            self.hosts[0].until(lambda: self._sent({"instanceId": classic.id, **decision}), PATIENCE_S)
            return
        path = f"/runtime/webhooks/durabletask/instances/{classic.id}/raiseEvent/{EVENTS[classic.kind]}"
        self._expect(self.ask("POST", path, decision), 202, classic.id, 410)  # 410: sent twice, and the first was heard

    def _sent(self, message: object) -> bool:
        try:
            self.hosts[0].send(QUEUE, message)
        except _NO_HOST:  # which knows where the storage is
            return False
        return True

    def _live(self, review: Review, turn: int) -> None:
        if review.turn == turn:
            self._expect(self.ask("POST", f"/api/proposals?id={review.id}", review.form), 202, review.id)
            return
        if review.is_left_alone:
            return
        chance = self._lives[review.id]
        shown = self.ask("GET", f"/api/proposals/{review.id}").body
        match shown["status"]:
            case "changesRequested":
                self._resubmit(review, chance, turn)
            case "inReview" if shown["waitingFor"]:
                self._act(review, chance, shown, turn)
            case "inReview" | "checking":
                pass
            case _:
                self._ended.add(review.id)

    def _act(self, review: Review, chance: random.Random, shown: Mapping[str, Any], turn: int) -> None:
        """Do one of the things that people do while they are waited for."""
        person, word = chance.choice(shown["waitingFor"]), f"{review.id} turn {turn}"
        seen = {"document": shown["document"]}
        deputy = f"deputy{chance.randrange(_DEPUTIES)}@example.org"
        kinds = ("decide", "pass", "comment", "delegate", "changes", "reassign", "remind", "withdraw")
        match chance.choices(kinds, (46, 12, 10, 10, 10, 4, 5, 3))[0]:
            case "decide":
                self._decide(review, person, chance.choices(("approve", "reject"), (4, 1))[0], word, seen)
            case "comment":
                if self._do(review, "comments", by=person, comment=word) == 200:
                    self.said.add(word)
            case "delegate":
                self._do(review, "delegate", **{"from": person, "to": deputy})
            case "reassign":
                self._do(review, "reassign", **{"from": person, "to": deputy})
            case "changes":
                self._do(review, "changes", approver=person, comment=word, **seen)
            case "remind":
                self._do(review, "remind", by=review.author)
            case "withdraw":
                self._do(review, "withdraw", by=review.author, reason=word)
            case _:
                pass

    def _decide(self, review: Review, person: str, decision: str, word: str, seen: Mapping[str, str]) -> None:
        status = self._do(review, "decisions", approver=person, decision=decision, decisionId=word, **seen)
        if status == 200:
            self.decided.add(word)

    def _resubmit(self, review: Review, chance: random.Random, turn: int) -> None:
        """Sometimes the same document, mostly another, now and then never."""
        match chance.choices(("other", "same", "never"), (6, 3, 2))[0]:
            case "other":
                self._do(review, "resubmit", by=review.author, summary=f"with a ramp, turn {turn}")
            case "same":
                self._do(review, "resubmit", by=review.author)
            case _:
                pass

    def _do(self, review: Review, verb: str, **body: Any) -> int:
        answer = self.ask("POST", f"/api/proposals/{review.id}/{verb}", body)
        self._expect(answer, 200, f"{review.id} {verb}", 403, 409, 429)  # somebody or time was faster
        return answer.status

    def ask(self, method: str, path: str, body: object = NOTHING) -> Answer:
        """Ask one of the hosts, and another or the same again until there is an answer that is not 5xx."""
        found: list[Answer] = []
        self.hosts[0].until(lambda: self._asked(found, method, path, body), PATIENCE_S)
        return found[0]

    def _asked(self, found: list[Answer], method: str, path: str, body: object) -> bool:
        try:
            host = self.hosts[next(self._numbers) % len(self.hosts)]
            answer = host.request(method, path, body)
        except _NO_HOST:
            with self._lock:
                self.unanswered += 1
            return False
        if answer.status >= 500:
            self.failures.append(f"{method} {path}: {answer.status} {answer.body}")
            return False
        with self._lock:
            self.answers += 1
        found.append(answer)
        return True

    def _expect(self, answer: Answer, status: int, what: str, *others: int) -> None:
        if answer.status not in (status, *others):
            self.strange.append(f"{what}: {answer.status} {answer.body}")
