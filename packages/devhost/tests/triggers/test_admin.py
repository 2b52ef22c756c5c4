"""The host's page that warms an app up."""

import azure.functions as func
import pytest

from packages.devhost.tests.triggers.conftest import Serve


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_the_warm_up_function_runs_on_request(serve_app: Serve, method: str) -> None:
    """Its caller waits for it."""
    seen: list[object] = []
    app = func.FunctionApp()

    @app.warm_up_trigger(arg_name="warmup")
    def warm(warmup) -> None:
        seen.append(warmup)

    async with serve_app(app) as client, client.request(method, "/admin/warmup") as answer:
        assert (answer.status, len(seen)) == (200, 1)


async def test_a_failed_warm_up_is_500_and_an_app_without_one_is_200(serve_app: Serve) -> None:
    """As on the real host, which has the page for every app."""
    app, without = func.FunctionApp(), func.FunctionApp()

    @app.warm_up_trigger(arg_name="warmup")
    def warm(warmup) -> None:
        raise LookupError(warmup)

    @without.route()
    def other(req: func.HttpRequest) -> str:
        return req.method

    async with serve_app(app) as client, client.get("/admin/warmup") as answer:
        assert answer.status == 500
    async with serve_app(without) as client, client.get("/admin/warmup") as answer:
        assert answer.status == 200
