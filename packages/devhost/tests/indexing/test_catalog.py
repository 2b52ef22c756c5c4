"""Every fault of an app is named at once, with file, line and function, before anything runs."""

import azure.functions as func
import pytest

from durable_devhost.errors import AppError
from durable_devhost.indexing.catalog import build_catalog
from durable_devhost.model.functions import TriggerType
from durable_devhost.retry_policy import RetryPolicy
from packages.devhost.tests.local import catalog_of


def test_a_trigger_without_a_listener_is_accepted(load):
    """It can be called by hand, and its position is known; the same holds for bindings."""
    (function,) = load(
        """
        app = func.FunctionApp()

        @app.service_bus_queue_trigger(arg_name="message", queue_name="in", connection="")
        @app.generic_output_binding(arg_name="row", type="sql")
        def on_bus(message: func.ServiceBusMessage, row: func.Out[str]): ...
        """
    ).functions
    assert (function.kind, function.trigger.type) == (TriggerType.OTHER, "serviceBusTrigger")
    assert function.where == "function_app.py:6"
    assert [binding.type for binding in function.outputs] == ["sql"]


def test_an_invalid_blob_path_or_table_name_is_refused(load):
    """In the words of the extension; a URL from an event counts as a path."""
    with pytest.raises(AppError) as caught:
        load(
            """
            app = func.FunctionApp()

            @app.blob_trigger(arg_name="blob", path="in/{name", connection="")
            def a(blob: func.InputStream): ...

            @app.blob_trigger(arg_name="blob", path="{day}/x", connection="")
            def b(blob: func.InputStream): ...

            @app.event_grid_trigger(arg_name="event")
            @app.blob_input(arg_name="blob", path="{data.url}", connection="")
            @app.table_output(arg_name="row", table_name="bad-name", connection="")
            def c(event: func.EventGridEvent, blob: str, row: func.Out[str]): ...
            """
        )
    text = str(caught.value)
    for expected in (
        "these 3 things need fixing",
        "a: Invalid template 'in/{name'. Missing closing bracket at position 4",
        "b: Invalid blob trigger path '{day}/x'. Container paths cannot contain {resolve} tokens",
        "c: 'bad-name' is no table name",
    ):
        assert expected in text


def test_all_problems_come_in_one_message(load):
    """Nobody wants to start ten times to see ten mistakes."""
    with pytest.raises(AppError) as caught:
        load(
            """
            app = df.DFApp()

            @app.timer_trigger(arg_name="tick", schedule="%WHEN%")
            def a(tick: func.TimerRequest): ...

            @app.queue_trigger(arg_name="msg", queue_name="Bad_Name", connection="")
            def b(msg: func.QueueMessage): ...

            @app.orchestration_trigger(context_name="ctx")
            def d(ctx): ...

            @app.route(route="two")
            def A(req: func.HttpRequest) -> dict[str, int]: ...

            @app.activity_trigger(input_name="n")
            def e(n: "int | None", other): ...
            """
        )
    text = str(caught.value)
    for expected in (
        "these 8 things need fixing",
        "a: %WHEN% is no app setting",
        "b: 'bad_name' is no queue name",
        "d: context_name is 'ctx'",
        "another function has this name too",
        "A: the return annotation dict[str, int] is no plain class",
        "e: the parameter 'other' has no binding",
        "e: 'n' is annotated with int | None",
        "AzureWebJobs.NAME.Disabled=true",
    ):
        assert expected in text


def test_a_function_name_used_twice_is_reported_with_both_places(load):
    """The SDK's message has no place."""
    with pytest.raises(AppError, match=r"function_app\.py:8 same: another function has this name too \(function_app"):
        load(
            """
            app = func.FunctionApp()

            @app.route(route="a")
            def same(req: func.HttpRequest) -> str: ...
            @app.route(route="b")
            def same(req: func.HttpRequest) -> str: ...
            """
        )


def test_a_durable_name_used_twice_is_refused(load):
    """The extension refuses it too; the name ignores case."""
    with pytest.raises(AppError, match="'WORK' is already the activityTrigger name of a"):
        load(
            """
            app = df.DFApp()

            @app.activity_trigger(input_name="x", activity="Work")
            def a(x): ...
            @app.activity_trigger(input_name="x", activity="WORK")
            def b(x): ...
            """
        )


def test_settings_are_resolved_in_bindings_but_not_in_connection_names(load):
    """A connection is itself the name of a setting."""
    catalog = load(
        """
        app = func.FunctionApp()

        @app.queue_trigger(arg_name="msg", queue_name="%QUEUE%", connection="%RAW%")
        def a(msg: func.QueueMessage): ...
        """,
        {"QUEUE": "orders"},
    )
    assert dict(catalog.functions[0].trigger.properties) == {"queueName": "orders", "connection": "%RAW%"}


def test_a_disabled_function_is_left_out_and_its_mistakes_are_ignored(load):
    """So an app can run without it; a correct one can still be run by hand."""
    catalog = load(
        """
        app = func.FunctionApp()

        @app.queue_trigger(arg_name="msg", queue_name="Bad_Name", connection="")
        def on_message(msg: func.QueueMessage, what): ...

        @app.queue_trigger(arg_name="msg", queue_name="sound", connection="")
        def sound(msg: func.QueueMessage): ...

        @app.route()
        def here(req: func.HttpRequest) -> str: ...
        """,
        {"AzureWebJobs.On_Message.Disabled": "TRUE", "AzureWebJobs.sound.Disabled": "1"},
    )
    assert ([f.name for f in catalog.functions], catalog.disabled) == (["here"], ("on_message", "sound"))
    assert (catalog.idle, catalog.get("on_message")) == ((catalog.get("SOUND"),), None)


def test_a_disabled_durable_function_is_known_but_does_not_run(load):
    """As on Azure, where a call of it fails instead of waiting for ever."""
    catalog = load(
        """
        app = df.DFApp()

        @app.activity_trigger(input_name="x", activity="Work")
        def a(x): ...
        @app.orchestration_trigger(context_name="context")
        def b(context): ...
        """,
        {"AzureWebJobs_a_Disabled": "1"},
    )
    assert (catalog.activity("work"), catalog.is_off(TriggerType.ACTIVITY, "WORK")) == (None, True)
    assert (catalog.known_activities(), catalog.known_orchestrators()) == (("Work",), ("b",))


def test_routes_methods_and_levels_are_normalised(load):
    """Slashes cut, methods in capitals, the app's level if the function has none."""
    catalog = load(
        """
        app = func.FunctionApp(http_auth_level=func.AuthLevel.ADMIN)

        @app.route(route="/a/{id:int}/", methods=["get", func.HttpMethod.POST])
        def one(req: func.HttpRequest) -> func.HttpResponse: ...

        @app.route(auth_level=func.AuthLevel.ANONYMOUS)
        def two(req: func.HttpRequest): ...
        """
    )
    assert [dict(f.trigger.properties) for f in catalog.of(TriggerType.HTTP)] == [
        {"route": "a/{id:int}", "methods": ["GET", "POST"], "authLevel": "admin"},
        {"route": "two", "authLevel": "anonymous"},
    ]


def test_the_workers_error_about_a_signature_is_reported_with_place_and_function(load):
    """The real worker's FunctionLoadError, already at the start; a correct signature is accepted."""
    source = """
        app = func.FunctionApp()
        @app.route()
        def one({}: ...
        """
    with pytest.raises(AppError, match=r"function_app\.py:5 one: the httpTrigger binding is called 'req'"):
        load(source.format("request: func.HttpRequest) -> str"))
    assert load(source.format("req: func.HttpRequest, context: func.Context) -> func.HttpResponse")).get("one")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("app = df.DFApp()\n", "no functions are registered; decorate some"),
        ("app = func.FunctionApp()\n@app.blob_output(arg_name='b', path='a/b', connection='')\ndef f(b): ...\n",
         "f: it has no trigger"),
    ],
)  # fmt: skip
def test_an_app_without_a_runnable_function_is_refused(load, source, expected):
    """An empty app, and a function without a trigger."""
    with pytest.raises(AppError, match=expected):
        load(source)


def test_the_sdks_error_is_reported_only_if_nothing_else_is_wrong(tmp_path):
    """It has no place, so any other finding is better."""
    found = {"name": "f", "bindings": [{"type": "httpTrigger", "name": "req", "direction": "IN"}],
             "trigger": {"type": "httpTrigger", "name": "req"}, "file": "function_app.py", "line": 3, "problems": [],
             "retry": None}  # fmt: skip
    with pytest.raises(AppError, match="it is full"):
        build_catalog([found], "it is full", tmp_path, {})
    with pytest.raises(AppError, match="f: it is odd") as caught:
        build_catalog([{**found, "problems": ["it is odd"]}], "it is full", tmp_path, {})
    assert "it is full" not in str(caught.value)


def test_the_catalog_finds_durable_functions_by_name_in_any_case(load):
    """Three tables: an orchestrator, an activity and an entity may share a name."""
    catalog = load(
        """
        app = df.DFApp()
        blueprint = df.Blueprint()

        @app.orchestration_trigger(context_name="context", orchestration="Same", input_type=dict)
        def a(context): ...

        @blueprint.activity_trigger(input_name="x", activity="Same")
        async def b(x): ...

        @app.entity_trigger(context_name="context", entity_name="Same")
        def c(context): ...

        app.register_functions(blueprint)
        """
    )
    orchestrator, activity, entity = catalog.orchestrator("SAME"), catalog.activity("same"), catalog.entity("sAME")
    assert orchestrator is not None
    assert activity is not None
    assert entity is not None
    assert [each.name for each in (orchestrator, activity, entity)] == ["a", "b", "c"]
    assert [function.where for function in catalog.functions] == [
        "function_app.py:7", "function_app.py:13", "function_app.py:10",
    ]  # fmt: skip
    assert (catalog.known_orchestrators(), catalog.known_entities()) == (("Same",), ("Same",))
    assert catalog.activity("b") is None


def test_a_valid_retry_policy_is_read_and_an_invalid_one_refused(load):
    """Intervals are HH:MM:SS."""
    source = """
        app = func.FunctionApp()

        @app.retry(strategy="fixed_delay", max_retry_count="2", delay_interval="{}")
        @app.timer_trigger(arg_name="tick", schedule="0 */5 * * * *")
        def tick(tick: func.TimerRequest): ...
        """
    policy = load(source.format("00:00:03")).functions[0].retry_policy
    assert policy is not None
    assert (policy.max_retry_count, policy.wait_before(1).total_seconds()) == (2, 3.0)


def test_the_retry_policy_of_host_json_applies_to_functions_without_one():
    """The function's own wins."""
    app = func.FunctionApp()

    @app.route()
    def one(req: func.HttpRequest) -> str: ...

    @app.retry(strategy="fixed_delay", max_retry_count="1", delay_interval="00:00:03")
    @app.route()
    def own(req: func.HttpRequest) -> str: ...

    everywhere = RetryPolicy(strategy="fixed_delay", max_retry_count=7)
    functions = catalog_of(app, retry=everywhere).functions
    counts = {each.name: each.retry_policy and each.retry_policy.max_retry_count for each in functions}
    assert counts == {"one": 7, "own": 1}


def test_an_invalid_retry_interval_is_refused(load):
    """The message quotes it."""
    with pytest.raises(AppError, match="'soon', which is not of the form HH:MM:SS"):
        load(
            """
            app = func.FunctionApp()

            @app.retry(strategy="fixed_delay", max_retry_count="2", delay_interval="soon")
            @app.timer_trigger(arg_name="tick", schedule="0 */5 * * * *")
            def tick(tick: func.TimerRequest): ...
            """
        )


@pytest.mark.parametrize(
    ("decorator", "expected"),
    [
        ('timer_trigger(arg_name="x", schedule="now")', "neither an NCRONTAB"),
        ('queue_trigger(arg_name="x", queue_name="a--b", connection="")', "'a--b' is no queue name"),
        ('orchestration_trigger(context_name="context", orchestration="@x")', "must not begin with '@'"),
    ],
)
def test_invalid_names_and_schedules_are_refused(load, decorator, expected):
    """At the start, not by the first request to storage."""
    name = "context" if "context" in decorator else "x"
    with pytest.raises(AppError, match=expected):
        load(f"app = df.DFApp()\n@app.{decorator}\ndef one({name}): ...\n")


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("0 0 0 * * 7", "7 is no day of week, which goes from 0 to 6; write 0 for Sunday"),
        ("0 0 9 ? * MON#1", "L, W, # and ? are Quartz's"),
        ("0 0 9 * * * 2026", "has seven fields; NCRONTAB has six, and no year"),
    ],
)
def test_a_schedule_that_ncrontab_refuses_is_refused_with_its_function(load, schedule, expected):
    """And with what would happen on Azure; a setting is resolved first."""
    with pytest.raises(AppError) as refused:
        load(
            """
            app = func.FunctionApp()

            @app.timer_trigger(arg_name="tick", schedule="%WHEN%")
            def weekly(tick: func.TimerRequest): ...
            """,
            {"WHEN": schedule},
        )
    text = str(refused.value)
    assert "weekly: the schedule '" in text
    assert expected in text
    assert "On Azure the function would not be indexed, and never run." in text


def test_only_the_functions_named_in_host_json_exist(tmp_path):
    """Names ignore case; mistakes of the others are ignored."""
    found = [
        {"name": name, "bindings": [raw], "trigger": raw, "file": "a.py", "line": 1, "problems": [], "retry": None}
        for name, raw in (
            ("Kept", {"name": "t", "type": "timerTrigger", "direction": "in", "schedule": "0 0 * * * *"}),
            ("other", {"name": "t", "type": "timerTrigger", "direction": "in", "schedule": "never"}),
        )
    ]
    assert [each.name for each in build_catalog(found, None, tmp_path, {}, only=["kept"]).functions] == ["Kept"]
    assert build_catalog(found, None, tmp_path, {}, only=["nothing"]).functions == ()
