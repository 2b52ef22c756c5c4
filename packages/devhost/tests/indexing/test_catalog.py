"""Every fault of an app is named at once, with file, line and function, before anything runs."""

import pytest

from durable_devhost.errors import AppError
from durable_devhost.model.functions import TriggerType


def test_an_unsupported_binding_is_named_with_function_and_type_and_what_is_supported(load):
    """The issue demands file and function."""
    with pytest.raises(AppError) as caught:
        load(
            """
            app = func.FunctionApp()

            @app.blob_trigger(arg_name="blob", path="in/{name}", connection="")
            def on_blob(blob: func.InputStream): ...
            """
        )
    text = str(caught.value)
    assert "function_app.py:6 on_blob: devhost does not support the trigger binding 'blob' of type blobTrigger" in text
    assert "httpTrigger" in text


def test_all_problems_come_in_one_text(load):
    """Nobody wants to start ten times to see ten faults."""
    with pytest.raises(AppError) as caught:
        load(
            """
            app = df.DFApp()

            @app.timer_trigger(arg_name="tick", schedule="%WHEN%")
            def a(tick: func.TimerRequest): ...

            @app.queue_trigger(arg_name="msg", queue_name="Bad_Name", connection="")
            @app.table_output(arg_name="row", table_name="t", connection="")
            def b(msg: func.QueueMessage, row: func.Out[str]): ...

            @app.route()
            @app.durable_client_input(client_name="client")
            def c(req: func.HttpRequest, client): ...

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
        "things need mending",
        "a: %WHEN% is no app setting",
        "output binding 'row' of type table",
        "c: a function with a durable client must be declared with 'async def'",
        "d: context_name is 'ctx'",
        "another function has this name too",
        "A: the return annotation dict[str, int] is no plain class",
        "e: the parameter 'other' has no binding",
        "e: 'n' is annotated with int | None",
    ):
        assert expected in text


def test_a_name_used_twice_is_told_with_both_places(load):
    """The SDK's own message has no place."""
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
    """The extension refuses it too, whatever the case."""
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


def test_settings_are_resolved_in_bindings_but_names_of_connections_stay(load):
    """A connection names a setting by itself."""
    catalog = load(
        """
        app = func.FunctionApp()

        @app.queue_trigger(arg_name="msg", queue_name="%QUEUE%", connection="%RAW%")
        def a(msg: func.QueueMessage): ...
        """,
        {"QUEUE": "orders"},
    )
    assert dict(catalog.functions[0].trigger.properties) == {"queueName": "orders", "connection": "%RAW%"}


def test_a_disabled_function_is_left_out_and_not_even_checked(load):
    """So an app with an unsupported binding can still be run without it."""
    catalog = load(
        """
        app = func.FunctionApp()

        @app.blob_trigger(arg_name="blob", path="in/{name}", connection="")
        def on_blob(blob: func.InputStream): ...

        @app.route()
        def here(req: func.HttpRequest) -> str: ...
        """,
        {"AzureWebJobs.On_Blob.Disabled": "TRUE"},
    )
    assert ([f.name for f in catalog.functions], catalog.disabled) == (["here"], ("on_blob",))


def test_routes_methods_and_levels_come_in_one_form(load):
    """Slashes cut, methods in capitals, the app's level where the function has none."""
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
def test_signatures_that_the_worker_would_refuse_are_refused(load, declaration):
    """The worker's FunctionLoadError, told at the start."""
    with pytest.raises(AppError, match="one: "):
        load(f"app = func.FunctionApp()\n@app.route()\ndef one({declaration}: ...\n")


@pytest.mark.parametrize(
    "declaration",
    [
        "req: func.HttpRequest, context: func.Context) -> func.HttpResponse",
        "req, context)",
        "req: func.HttpRequest) -> str",
    ],
)
def test_signatures_that_the_worker_takes_are_taken(load, declaration):
    """With a context, without annotations, with a text result."""
    catalog = load(f"app = func.FunctionApp()\n@app.route()\ndef one({declaration}: ...\n")
    assert catalog.functions[0].wants_context == ("context" in declaration)


def test_a_retry_policy_is_read_and_a_senseless_one_refused(load):
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


def test_a_senseless_retry_interval_is_refused(load):
    """With the text as it was written."""
    with pytest.raises(AppError, match="'soon' is not of the form HH:MM:SS"):
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
        ('timer_trigger(arg_name="x", schedule="now")', "neither NCRONTAB"),
        ('queue_trigger(arg_name="x", queue_name="a--b", connection="")', "'a--b' is no queue name"),
        ('orchestration_trigger(context_name="context", orchestration="@x")', "must not begin with '@'"),
    ],
)
def test_impossible_names_and_schedules_are_refused(load, decorator, expected):
    """Told at the start, not by the first request to storage."""
    name = "context" if "context" in decorator else "x"
    with pytest.raises(AppError, match=expected):
        load(f"app = df.DFApp()\n@app.{decorator}\ndef one({name}): ...\n")
