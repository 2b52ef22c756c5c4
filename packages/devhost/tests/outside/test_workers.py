"""The worker as the app sees it: how many there are, what runs at once, what passes, and the process around it."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import azure.functions
import pytest

from durable_devhost.testing.plugin import AppUnderTest, Storage
from packages.devhost.tests.outside.hosts import APPS, Make, copy_of, workers
from packages.devhost.tests.outside.processes import Program, environment_without_pip, until

pytestmark = pytest.mark.timeout(120)

MIB = 1 << 20
LARGE = 100 * MIB
SITE_PACKAGES = Path(azure.functions.__file__).parents[2]


@pytest.fixture(scope="module")
def crew(make: Make) -> Iterator[AppUnderTest]:
    """An app with three workers."""
    with make("crew", environ={"FUNCTIONS_WORKER_PROCESS_COUNT": "3"}) as app:
        until(lambda: len(workers(app)) == 3, lambda: f"three never came:\n{app.output}")
        yield app


def test_three_workers_share_the_calls(crew: AppUnderTest) -> None:
    """FUNCTIONS_WORKER_PROCESS_COUNT sets their number; they take turns."""
    pids = [crew.request("GET", "/api/pid").body for _ in range(6)]
    assert set(workers(crew)) == set(pids)
    assert pids[:3] == pids[3:]


def test_one_dead_worker_of_three_is_replaced(crew: AppUnderTest) -> None:
    """The others go on without it."""
    before = set(workers(crew))
    gone = before.pop()
    os.kill(gone, 9)
    until(lambda: len(now := workers(crew)) == 3 and gone not in now, "no third one came")
    assert before < set(workers(crew))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The app with packages that its deployment carries, in an environment that devhost is not installed in."""
    folder = copy_of("crew", tmp_path_factory.mktemp("crew"))
    carried = folder / ".python_packages" / "lib" / "site-packages" / "carried"
    carried.mkdir(parents=True)
    (carried / "__init__.py").touch()
    (folder / "local.settings.json").write_text('{"Values": {"FROM_SETTINGS": "yes", "BOTH": "settings"}}', "utf-8")
    environment_without_pip(sys.executable, folder / ".venv", [SITE_PACKAGES])
    return folder


@pytest.fixture(scope="module")
def single(make: Make, folder: Path) -> Iterator[AppUnderTest]:
    """That app with one worker that has one thread."""
    environ = {"PYTHON_THREADPOOL_THREAD_COUNT": "1", "BOTH": "environment"}
    with make(folder, ["--python", str(folder / ".venv")], environ) as app:
        yield app


@pytest.fixture(scope="module")
def itself(single: AppUnderTest) -> dict[str, Any]:
    """What the worker says of its process."""
    found: dict[str, Any] = single.request("GET", "/api/self").body
    return found


def test_with_one_thread_sync_functions_run_one_at_a_time(single: AppUnderTest) -> None:
    """PYTHON_THREADPOOL_THREAD_COUNT; async functions share the loop all the same."""
    assert ["alone", "alone"] == _at_once(single, "company?patience=0.3", calls=2)
    assert ["together", "together"] == _at_once(single, "async-company", calls=2)


def test_without_a_limit_sync_functions_run_side_by_side(crew: AppUnderTest) -> None:
    """Six calls are two for each worker."""
    assert ["together"] * 6 == _at_once(crew, "company?patience=10", calls=6)


def test_a_body_of_a_hundred_mebibytes_passes_both_ways(single: AppUnderTest) -> None:
    """Unchanged, and the host answers others meanwhile."""
    body = os.urandom(MIB) * (LARGE // MIB)
    with ThreadPoolExecutor(max_workers=1) as pool:
        answer = pool.submit(_echo, single, body)
        answered = 0
        while not answer.done():
            assert single.request("GET", "/admin/host/status", timeout=5.0).status == 200
            answered += 1
        digest, came_back = answer.result()
    assert (hashlib.sha256(body).hexdigest(), body == came_back, answered > 1) == (digest, True, True)


def test_the_environment_is_the_one_that_func_gives(single: AppUnderTest, folder: Path, itself: dict[str, Any]) -> None:
    """The variables of host and Core Tools, the app's settings, and over them the environment."""
    expected = {
        "AZURE_FUNCTIONS_ENVIRONMENT": "Development",
        "AzureWebJobsScriptRoot": str(folder),
        "FUNCTIONS_WORKER_RUNTIME": "python",
        "WEBSITE_HOSTNAME": single.url.removeprefix("http://"),
        "FROM_SETTINGS": "yes",
        "BOTH": "environment",
        "PYTHON_THREADPOOL_THREAD_COUNT": "1",
        "HOME": os.environ["HOME"],
    }
    assert expected == {name: itself["environ"].get(name) for name in expected}


def test_the_app_gets_the_storage_of_the_host(single: AppUnderTest, itself: dict[str, Any]) -> None:
    """On whatever port, so that the app's own SDK clients reach it."""
    assert single.connection_string == itself["environ"]["AzureWebJobsStorage"]


def test_the_app_sees_its_own_folders_and_none_of_devhost(folder: Path, itself: dict[str, Any]) -> None:
    """Working directory, arguments, and a search path that begins with its folder and then its packages."""
    carried = folder / ".python_packages" / "lib" / "site-packages"
    assert str(folder) == itself["cwd"]
    assert [str(folder), str(carried)] == itself["path"][:2]
    assert not [path for path in itself["path"] if "devhost" in path.removeprefix(str(folder))]
    assert not [path for path in itself["path"] if (Path(path) / "durable_devhost").exists()]
    assert itself["argv"][1::2] == [
        "--host", "--port", "--workerId", "--requestId", "--grpcMaxMessageLength", "--functions-uri",
        "--functions-worker-id", "--functions-request-id", "--functions-grpc-max-message-length",
    ]  # fmt: skip


def test_packages_inside_the_deployment_are_found(single: AppUnderTest, folder: Path) -> None:
    """Azure's remote build puts them there."""
    expected = folder / ".python_packages" / "lib" / "site-packages" / "carried" / "__init__.py"
    assert str(expected) == single.request("GET", "/api/package").body


@pytest.mark.parametrize(
    ("active", "folders", "taken"),
    [("active", [".venv"], "active"), (None, ["venv", ".venv", "env"], "app/.venv"), (None, ["env"], "app/env")],
)
def test_the_app_runs_in_the_python_of_its_environment(
    app_storage: Storage, tmp_path: Path, active: str | None, folders: list[str], taken: str
) -> None:
    """An active one, else one in the app's folder. Those here have no SDK, and the error names them."""
    app = shutil.copytree(APPS / "small", tmp_path / "app")
    environments = [app / name for name in folders] + ([tmp_path / active] if active else [])
    for environment in environments:
        environment_without_pip(sys.executable, environment)
    app_storage.give_to(app / ".azurite")
    environ = {"VIRTUAL_ENV": str(tmp_path / active) if active else None}
    command = (sys.executable, "-m", "durable_devhost", "start", "--port", "0")
    with Program(*command, cwd=app, environ=environ) as host:
        assert host.ends() == 2
        python = tmp_path / taken / "bin" / "python"
        assert host.output.startswith(f"devhost: azure-functions is not installed in {python}. Install")


@pytest.mark.parametrize("count", ["11", "many"])
def test_an_invalid_number_of_workers_is_a_one_sentence_error(make: Make, count: str) -> None:
    """From 1 to 10 are valid."""
    app = make("small", environ={"FUNCTIONS_WORKER_PROCESS_COUNT": count})
    with pytest.raises(AssertionError, match=r"devhost: .*FUNCTIONS_WORKER_PROCESS_COUNT"):
        app.launch()
    assert app.exit_status == 2


def _at_once(app: AppUnderTest, path: str, *, calls: int) -> list[str]:
    with ThreadPoolExecutor(max_workers=calls) as pool:
        answers = list(pool.map(lambda _: app.request("GET", f"/api/{path}"), range(calls)))
    return [answer.body for answer in answers]


def _echo(app: AppUnderTest, body: bytes) -> tuple[str, bytes]:
    with urlopen(Request(f"{app.url}/api/echo", data=body, method="POST"), timeout=60) as answer:
        return answer.headers["X-Digest"], answer.read()
