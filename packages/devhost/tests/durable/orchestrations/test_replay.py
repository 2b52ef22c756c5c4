"""An orchestrator that would not survive a replay is told apart from one that would."""

from pathlib import Path
from textwrap import dedent

import pytest

from durable_devhost.testing.plugin import AppUnderTest, StartApp

APP = """
    import itertools

    import azure.durable_functions as df
    import azure.functions as func

    app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
    calls = itertools.count()


    @app.orchestration_trigger(context_name="context")
    def steady(context: df.DurableOrchestrationContext):
        first = yield context.call_activity("one", 1)
        second = yield context.call_activity("two", first)
        return second


    @app.orchestration_trigger(context_name="context")
    def shaky(context: df.DurableOrchestrationContext):
        name = ("one", "two")[next(calls) % 2]
        return (yield context.call_activity(name, 1))


    @app.orchestration_trigger(context_name="context")
    def counting(context: df.DurableOrchestrationContext):
        yield context.call_activity("one", 1)
        return next(calls)


    @app.orchestration_trigger(context_name="context")
    def odd(context: df.DurableOrchestrationContext):
        yield context.call_activity("one", 1)
        yield 5


    @app.activity_trigger(input_name="n")
    def one(n: int) -> int:
        return n


    @app.activity_trigger(input_name="n")
    def two(n: int) -> int:
        return n
"""


@pytest.fixture
def app(start_app: StartApp, tmp_path: Path) -> AppUnderTest:
    """A host with one steady orchestrator and two that depend on more than their input."""
    (tmp_path / "function_app.py").write_text(dedent(APP))
    (tmp_path / "host.json").write_text('{"version": "2.0"}')
    return start_app(tmp_path)


def warnings_of(app: AppUnderTest, instance_id: str) -> list[str]:
    """What the host warned of an instance, as soon as a later one has been replayed too."""
    return [
        record["text"]
        for record in app.records
        if record["event"] == "warning" and record.get("instance") == instance_id
    ]


@pytest.mark.parametrize(
    ("orchestrator", "warning"),
    [("shaky", "Non-Deterministic workflow detected"), ("counting", "its replay ended with another result")],
)
def test_a_nondeterministic_orchestrator_is_named_in_a_warning(
    app: AppUnderTest, orchestrator: str, warning: str
) -> None:
    """The instance completes here; the warning says what production would do."""
    instance = app.start(orchestrator)

    assert app.wait(instance)["runtimeStatus"] == "Completed"
    app.until(lambda: warnings_of(app, instance))
    assert f"Orchestrator '{orchestrator}' is not deterministic" in warnings_of(app, instance)[0]
    assert warning in warnings_of(app, instance)[0]


def test_a_deterministic_orchestrator_is_not_named(app: AppUnderTest) -> None:
    """A replay that does the same again says nothing, nor one that fails as before outside the generator.

    The shaky one behind them shows that the replays have run.
    """
    steady, odd = app.start("steady"), app.start("odd")
    assert app.wait(steady)["runtimeStatus"] == "Completed"
    assert "One or more errors occurred. " in app.wait(odd)["output"]
    shaky = app.start("shaky")

    app.until(lambda: warnings_of(app, shaky))
    assert (warnings_of(app, steady), warnings_of(app, odd)) == ([], [])
