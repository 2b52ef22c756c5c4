"""durabletask with its backend in memory, as a peer. It keeps nothing, so it cannot finish what another began."""

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from durabletask import client, task, worker
from durabletask.testing import create_test_backend
from serving import STEPS, NothingKept, free_port, serve

PATIENCE_S = 600


def add_one(_: task.ActivityContext, number: int) -> int:
    """Do as little as there is."""
    return number + 1


def give_back(_: task.ActivityContext, number: int) -> int:
    """Give the number back: one part of a fan-out."""
    return number


def count_to(context: task.OrchestrationContext, steps: int) -> Any:
    """Add one, so many times."""
    total = 0
    for _ in range(steps):
        total = yield context.call_activity(add_one, input=total)
    return total


def fan_out(context: task.OrchestrationContext, count: int) -> Any:
    """Run `count` activities at once and add up what they give."""
    return sum((yield task.when_all([context.call_activity(give_back, input=number) for number in range(count)])))


def wait_for_event(context: task.OrchestrationContext, _: None) -> Any:
    """Wait for one event."""
    return (yield context.wait_for_external_event("go"))


class DurableTask:
    """Backend, worker and client in one process."""

    def __init__(self) -> None:
        """Start all three."""
        # More than a loop of 2,000 leaves: its default refuses longer histories.
        port = free_port()
        create_test_backend(port=port, max_history_size=100_000)
        address = f"localhost:{port}"
        quiet = logging.getLogger("bench")
        quiet.setLevel(logging.ERROR)
        self._worker = worker.TaskHubGrpcWorker(host_address=address, logger=quiet)
        for each in (count_to, fan_out, wait_for_event):
            self._worker.add_orchestrator(each)
        for activity in (add_one, give_back):
            self._worker.add_activity(activity)
        self._worker.start()
        self._client = client.TaskHubGrpcClient(host_address=address, logger=quiet)

    def chain(self) -> int:
        """See `Peer`."""
        return self._run(count_to, STEPS)

    def chains(self, count: int, ids: str) -> list[int]:
        """See `Peer`."""
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda number: self._start(count_to, STEPS, f"{ids}-{number}"), range(count)))
        return [self._result(f"{ids}-{number}") for number in range(count)]

    def begin(self, count: int, ids: str) -> None:  # noqa: ARG002 - there is nothing to begin
        """See `Peer`."""
        raise NothingKept

    def finish(self, count: int, ids: str) -> list[int]:  # noqa: ARG002 - nor to finish
        """See `Peer`."""
        raise NothingKept

    def fan_out(self, count: int) -> int:
        """See `Peer`."""
        return self._run(fan_out, count)

    def loop(self, count: int) -> int:
        """See `Peer`."""
        return self._run(count_to, count)

    def event(self) -> float:
        """See `Peer`."""
        instance_id = self._start(wait_for_event, None)
        self._client.wait_for_orchestration_start(instance_id)
        time.sleep(0.05)  # until it waits, so that what is measured is the way from an event to an end
        began = time.perf_counter()
        self._client.raise_orchestration_event(instance_id, "go", data=1)
        if self._result(instance_id) != 1:
            raise RuntimeError("the event did not arrive")
        return time.perf_counter() - began

    def _start(self, orchestrator: Any, given: Any, instance_id: str | None = None) -> str:
        return self._client.schedule_new_orchestration(orchestrator, input=given, instance_id=instance_id)

    def _result(self, instance_id: str) -> int:
        state = self._client.wait_for_orchestration_completion(instance_id, timeout=PATIENCE_S)
        if state is None or state.serialized_output is None:
            raise RuntimeError(f"it ended as {state and state.runtime_status}")
        return int(state.serialized_output)

    def _run(self, orchestrator: Any, given: int) -> int:
        return self._result(self._start(orchestrator, given))


if __name__ == "__main__":
    serve(DurableTask())
