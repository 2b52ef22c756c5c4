"""The host gets every function as it was declared, and the worker those that can be called."""

import pytest


def test_functions_of_registered_blueprints_are_listed_in_order_of_registration(load):
    """A blueprint in another module counts only because the app registers it."""
    index = load(
        """
        from pieces import bp
        app = df.DFApp()
        app.register_functions(bp)

        @app.route()
        async def own(req: func.HttpRequest, context: func.Context) -> str:
            return ""
        """,
        pieces="""
        import azure.durable_functions as df
        bp = df.Blueprint()

        @bp.orchestration_trigger(context_name="context", orchestration="Big Story", input_type=dict)
        def story(context: df.DurableOrchestrationContext):
            yield context.call_activity("x")
        """,
    )
    story, own = index.entries
    assert story == {
        "name": "story",
        "bindings": [{"direction": "IN", "type": "orchestrationTrigger", "name": "context",
                      "orchestration": "Big Story"}],
        "trigger": {"name": "context", "type": "orchestrationTrigger"},
        "file": "pieces.py", "line": 5, "is_async": False, "wants_context": False,
        "problems": [], "hints": [], "retry": None, "streams": False,
    }  # fmt: skip
    assert [own[key] for key in ("name", "file", "line", "is_async", "wants_context")] == [
        "own", "function_app.py", 8, True, True,
    ]  # fmt: skip
    assert index.functions["story"].input_type is dict
    assert index.functions["story"].orchestrator.__name__ == "story"
    assert index.complaint is None


def test_every_trigger_and_binding_of_the_sdk_is_indexed(load):
    """The host decides which ones it supports."""
    index = load(
        """
        from typing import List
        app = func.FunctionApp()

        @app.blob_trigger(arg_name="blob", path="in/{name}", connection="")
        def on_blob(blob: func.InputStream): ...

        @app.event_hub_message_trigger(arg_name="events", event_hub_name="h", connection="", cardinality="many")
        @app.cosmos_db_output(arg_name="doc", database_name="d", container_name="c", connection="")
        def on_events(events: List[func.EventHubEvent], doc: func.Out[func.Document]): ...

        @app.generic_trigger(arg_name="context", type="mcpToolTrigger", toolName="t")
        @app.generic_input_binding(arg_name="row", type="someTable")
        def on_tool(context, row: str) -> None: ...
        """
    )
    assert [(entry["trigger"]["type"], entry["problems"]) for entry in index.entries] == [
        ("blobTrigger", []),
        ("eventHubTrigger", []),
        ("mcpToolTrigger", []),
    ]
    assert index.entries[2]["bindings"][1]["toolName"] == "t"
    assert index.entries[2]["wants_context"] is False


def test_a_function_with_problems_is_listed_and_cannot_be_called(load):
    """The host reports all of them at once."""
    index = load(
        """
        app = df.DFApp()

        @app.route()
        @app.durable_client_input(client_name="client")
        def c(req: func.HttpRequest, client): ...

        @app.orchestration_trigger(context_name="ctx")
        def d(ctx): ...

        @app.route(route="two")
        def a(req: func.HttpRequest) -> dict[str, int]: ...

        @app.activity_trigger(input_name="n")
        def e(n: "int | None", other): ...
        """
    )
    assert list(index.functions) == ["c"]
    (hints,) = [entry["hints"] for entry in index.entries if entry["name"] == "c"]
    problems = {entry["name"]: " ".join(entry["problems"]) for entry in index.entries}
    assert (problems["c"], len(hints)) == ("", 1)
    assert "a function with a durable client must be declared with 'async def'" in hints[0]
    assert "context_name is 'ctx'" in problems["d"]
    assert "the return annotation dict[str, int] is no plain class" in problems["a"]
    assert "the parameter 'other' has no binding" in problems["e"]
    assert "'n' is annotated with int | None" in problems["e"]


@pytest.mark.parametrize(
    "declaration",
    [
        "req: func.HttpRequest) -> None",
        "req: dict) -> str",
        "req: func.Out[str]) -> str",
        "req: func.HttpRequest) -> 'Missing'",
        "request: func.HttpRequest) -> str",
        "req: func.HttpRequest, context: int) -> str",
    ],
)
def test_signatures_that_the_real_worker_refuses_are_problems(load, declaration):
    """Its FunctionLoadError, already at the start."""
    index = load(f"app = func.FunctionApp()\n@app.route()\ndef one({declaration}: ...\n")
    assert index.entries[0]["problems"]


def test_a_name_used_twice_is_an_error_of_the_sdk_and_both_are_listed(load):
    """The SDK's message has no place."""
    index = load(
        """
        app = func.FunctionApp()

        @app.route(route="a")
        def same(req: func.HttpRequest) -> str: ...
        @app.route(route="b")
        def same(req: func.HttpRequest) -> str: ...
        """
    )
    assert "same" in index.complaint
    assert [(entry["name"], entry["line"]) for entry in index.entries] == [("same", 6), ("same", 8)]


def test_a_function_without_a_trigger_is_listed_without_one(load):
    """The SDK refuses to return it; the host reports it."""
    index = load(
        """
        app = func.FunctionApp()

        @app.blob_output(arg_name="target", path="a/b", connection="")
        def lost(target: func.Out[str]): ...
        """
    )
    assert (index.entries[0]["trigger"], index.functions) == (None, {})
    assert "lost" in index.complaint


def test_a_retry_policy_is_passed_on_as_declared(load):
    """The host parses the intervals."""
    index = load(
        """
        app = func.FunctionApp()

        @app.retry(strategy="fixed_delay", max_retry_count="2", delay_interval="00:00:03")
        @app.timer_trigger(arg_name="tick", schedule="0 */5 * * * *")
        def tick(tick: func.TimerRequest): ...
        """
    )
    retry = index.entries[0]["retry"]
    assert (retry["strategy"], retry["max_retry_count"], retry["delay_interval"]) == ("fixed_delay", "2", "00:00:03")
