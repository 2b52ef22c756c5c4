"""Sessions live until they are dropped, in threads of their own."""

# Orchestrators must have the context, used or not.
# ruff: noqa: ARG001

import queue
import threading
from typing import Any

import azure.durable_functions as df
import pytest

from durable_devhost.worker.functions import Binding, Function
from durable_devhost.worker.invocation import current_invocation
from durable_devhost.worker.sessions import Session, Sessions
from packages.devhost.tests.worker.driver import beginning, started, task_completed

pytestmark = pytest.mark.filterwarnings("ignore:azure.functions")


class Desk:
    """Sessions over some orchestrators, and their answers."""

    def __init__(self, **orchestrators: Any) -> None:
        self._answers: queue.Queue[dict[str, Any]] = queue.Queue()
        trigger = Binding(type="orchestrationTrigger", name="context")
        functions = {
            name: Function(name=name, call=df.Orchestrator.create(function), trigger=trigger)
            for name, function in orchestrators.items()
        }
        functions["work"] = Function(name="work", call=print, trigger=Binding(type="activityTrigger", name="x"))
        self.departed: queue.Queue[int] = queue.Queue()
        self.sessions = Sessions(functions, lambda message: self._answers.put(dict(message)) is None, self.departed.put)

    def answer(self) -> dict[str, Any]:
        """The next answer."""
        return self._answers.get(timeout=10)

    def advance(self, events: list[Any], begin: Any = None, session: str = "s1") -> dict[str, Any]:
        """A step and its answer."""
        self.start(events, begin, session)
        return self.answer()

    def start(self, events: list[Any], begin: Any = None, session: str = "s1") -> None:
        """Begin a step."""
        message = {"id": 1, "session": session, "name": "Big Story", "begin": begin, "events": events}
        self.sessions.advance(message)


def chain(context):
    """An activity and its result."""
    return (yield context.call_activity("one"))


def test_a_session_lives_until_it_is_dropped():
    """Afterwards it is lost, and the host begins it again with the whole history."""
    desk = Desk(chain=chain)
    first = desk.advance(started("chain"), beginning("chain"))
    assert (first["kind"], first["id"], len(first["actions"])) == ("script", 1, 1)
    assert desk.advance(task_completed(0, "7"))["output"] == "7"
    desk.sessions.drop("s1")
    desk.sessions.drop("s1")
    assert desk.advance(task_completed(0, "7")) == {"kind": "lost", "id": 1}
    whole = [*started("chain"), *task_completed(0, "8")]
    assert desk.advance(whole, beginning("chain"))["output"] == "8"


def careful(closed):
    """An orchestrator that sets the event where its generator is closed."""

    def orchestrator(context):
        try:
            yield context.call_activity("one")
        finally:
            closed.set()

    return orchestrator


def test_a_new_session_replaces_the_one_of_that_name_and_closes_its_generator():
    """A new execution of the same instance."""
    closed = threading.Event()

    desk = Desk(careful=careful(closed))
    desk.advance(started("careful"), beginning("careful"))
    assert len(desk.advance(started("careful"), beginning("careful"))["actions"]) == 1
    assert closed.wait(10)


def test_dropping_a_session_whose_function_has_ended_takes_no_thread(monkeypatch):
    """There is no user code left to end, and most sessions are dropped at their end."""
    desk, closed = Desk(chain=chain), []
    desk.advance(started("chain"), beginning("chain"))
    desk.advance(started("chain"), beginning("chain"), session="s2")
    desk.advance(task_completed(0, "7"))
    monkeypatch.setattr(desk.sessions, "_submit", closed.append)
    desk.sessions.drop("s1")
    assert closed == []
    desk.sessions.drop("s2")
    assert len(closed) == 1


def test_dropping_a_session_before_its_first_step_closes_the_generator_after_that_step(monkeypatch):
    """At that moment there is no generator yet, but there will be one."""
    closed, kept = threading.Event(), list[Session]()

    def held(function, begin):
        kept.append(Session(function, begin))  # so that the garbage collector does not close it
        kept[0]._lock.acquire()
        return kept[0]

    desk = Desk(careful=careful(closed))
    monkeypatch.setattr("durable_devhost.worker.sessions.Session", held)
    desk.start(started("careful"), beginning("careful"))
    desk.sessions.drop("s1")
    kept[0]._lock.release()
    desk.answer()
    assert closed.wait(10)


def test_a_session_that_is_closed_before_its_first_step_closes_the_generator_of_that_step():
    """Two threads have the two, so either may be first."""
    closed = threading.Event()

    desk = Desk(careful=careful(closed))
    session = desk.sessions._session(beginning("careful"))
    session.close()
    session.advance(started("careful"), "careful")
    assert closed.is_set()


@pytest.mark.parametrize("name", ["nobody", "work"])
def test_an_unknown_orchestrator_fails(name):
    """The host asks only for known ones; still it gets an answer."""
    script = Desk().advance(started(name), beginning(name))
    assert script["done"]
    assert script["error"] == f"the app has no orchestrator '{name}' that can run"


def test_a_step_runs_in_an_episode_thread_and_belongs_to_its_instance():
    """The host gives the name for logs."""

    def who(context):
        found = current_invocation()
        return [threading.current_thread().name[:8], found.id, found.function_name]
        yield

    assert Desk(who=who).advance(started("who"), beginning("who"))["output"] == '["episode_","i1","Big Story"]'


def test_a_script_that_cannot_be_sent_is_a_failure(monkeypatch):
    """It is too big for a frame."""
    answers: list[Any] = []

    def send(message: Any) -> bool:
        if message["actions"]:
            raise TypeError("too odd")
        answers.append(message)
        done.set()
        return True

    done = threading.Event()
    desk = Desk(chain=chain)
    monkeypatch.setattr(desk.sessions, "_send", send)
    desk.start(started("chain"), beginning("chain"))
    assert done.wait(10)
    assert (answers[0]["done"], answers[0]["error"]) == (True, "TypeError: too odd")


def test_a_quiet_session_logs_nothing():
    """The host begins one to check that an ended instance would do the same again."""
    seen = []

    def watching(context):
        seen.append(current_invocation().is_quiet)
        return "x"
        yield

    desk = Desk(watching=watching)
    for is_quiet in (False, True):
        desk.advance(started("watching"), {**beginning("watching"), "is_quiet": is_quiet})
    assert seen == [False, True]


def test_a_call_of_exit_ends_the_process_once_it_is_answered():
    """As on Azure, where all functions of a worker go with it; a quiet session has nobody leave."""

    def leaves(context):
        raise SystemExit(3)
        yield

    desk = Desk(leaves=leaves)
    for is_quiet in (True, False):
        script = desk.advance(started("leaves"), {**beginning("leaves"), "is_quiet": is_quiet})
        assert "exited with code 3 (0x3)" in script["error"]
    assert desk.departed.get(timeout=10) == 3
    assert desk.departed.empty()
