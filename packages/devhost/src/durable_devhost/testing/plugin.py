"""A pytest plugin that tests any v2 app as a black box: a real host, a real task hub, and a clock that can be moved.

Install durable-devhost beside the app and ask for the fixture `start_app`:

    def test_nobody_answers(start_app):
        app = start_app("path/to/app")
        instance = app.start("ApprovalWorkflow", {"title": "A bridge", "submittedBy": "Ines Carvalho"})
        app.wait(instance, until=lambda status: (status["customStatus"] or {}).get("state") == "waiting")
        app.advance(hours=72)
        assert app.wait(instance)["output"]["outcome"] == "escalated"

Each host gets a data folder, a storage account and a virtual clock of its own. One Azurite holds the accounts of all
hosts of a session, as it takes a second to start. Hosts run in journal mode, which needs fewer than half of the storage
calls; `storage_mode="standard"` is for tests that look at the hub's queues, or that let two hosts share a hub. What the
host printed is shown when the test fails.
"""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from durable_devhost.azurite.process import running_azurite
from durable_devhost.errors import DevhostError
from durable_devhost.storage_mode import StorageMode
from durable_devhost.testing.app import NOTHING, Answer, AppFailed, AppUnderTest, Storage

__all__ = ["NOTHING", "Answer", "AppFailed", "AppUnderTest", "StartApp", "Storage"]

_MOST_HOSTS = 1000
StartApp = Callable[..., AppUnderTest]
_RUNNING = pytest.StashKey[list[AppUnderTest]]()


@pytest.fixture(scope="session")
def app_storage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storage]:
    """The Azurite of the session, with an account for each of a thousand hosts."""
    accounts = [f"app{number}" for number in range(_MOST_HOSTS)]
    try:
        with running_azurite(tmp_path_factory.mktemp("azurite"), request.config.rootpath, accounts) as azurite:
            yield Storage(azurite, accounts)
    except DevhostError as error:
        pytest.fail(f"{error} The tests run on it.", pytrace=False)


@pytest.fixture
def start_app(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, app_storage: Storage
) -> Iterator[StartApp]:
    """A function that starts an app: `start_app(folder, clock="virtual", storage_mode="journal", options=[...])`.

    Without a folder it is the app at pytest's root. `environ` is added to the environment. With `own_azurite` the host
    starts an Azurite for itself, which a test may then stop. Everything is stopped after the test.
    """
    running = request.node.stash.setdefault(_RUNNING, [])

    def start(
        app_dir: str | Path | None = None,
        *,
        clock: str = "virtual",
        storage_mode: str = StorageMode.JOURNAL,
        options: Sequence[str] = (),
        environ: Mapping[str, str] | None = None,
        own_azurite: bool = False,
    ) -> AppUnderTest:
        app = AppUnderTest(
            Path(app_dir or request.config.rootpath).resolve(),
            tmp_path_factory.mktemp("devhost"),
            ("--clock", clock, "--storage-mode", storage_mode, *options),
            environ or {},
            None if own_azurite else app_storage,
        )
        running.append(app)
        return app.launch()

    yield start
    for app in reversed(running):
        app.stop()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add what the hosts of a failed test have printed to its report."""
    report = yield
    if report.failed:
        report.sections += [(f"devhost of {app.app_dir}", app.output) for app in item.stash.get(_RUNNING, [])]
    return report
