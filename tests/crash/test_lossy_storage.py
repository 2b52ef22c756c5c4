"""The whole app while its storage loses answers: every call had its effect, and some of them nobody hears of."""

import asyncio
import random
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from durable_devhost.storage.account import StorageAccount
from durable_devhost.testing.plugin import Answer
from packages.devhost.tests.lossy import losing
from tests.gateways.mail_server import mail_server
from tests.long import LONG
from tests.workflows.conftest import ROOT, SETTINGS, Greenlight
from tests.workflows.reviews import Reviews, stage, sweeping

PROPOSALS, RESERVATIONS, FIT = (60, 40, 9) if LONG else (8, 8, 3)
LOST = 0.04
"""Of all answers; reading, too. Real storage loses far fewer."""
PEOPLE = ("mara@example.org", "jonas@example.org")
"""Names to which mail can be sent, without a directory."""
ASKED, LETTERS = 3, 5
"""The entry with which both are asked; they are written to then, and with the author when it has ended."""
MOST_SENDINGS = 20

pytestmark = pytest.mark.timeout(900 if LONG else 240)


@contextmanager
def lossy(connection_string: str) -> Iterator[str]:
    """The connection string of the same account through a proxy that loses answers, in a thread of its own."""
    chance, ready, loop = random.Random(7), threading.Event(), asyncio.new_event_loop()
    found, done = list[str](), asyncio.Event()

    async def run() -> None:
        account = StorageAccount.parse(connection_string)
        async with losing(account, connection_string, lambda _, path: _is_own(path) and chance.random() < LOST) as text:
            found.append(text)
            ready.set()
            await done.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()))
    thread.start()
    assert ready.wait(30)
    try:
        yield found[0]
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join()
        loop.close()


def _is_own(path: str) -> bool:
    """Whether a call is the app's, and not the host's that polls its queue."""
    return "approval-queue" not in path


@pytest.fixture(scope="module")
def server():
    """The mail server that takes the letters."""
    with mail_server() as running:
        yield running


@pytest.fixture(scope="module")
def app(tmp_path_factory, app_storage, server):
    """A host on real time; the app reaches its own storage through the proxy."""
    folder = tmp_path_factory.mktemp("greenlight")
    mail = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(server.port), "MAIL_FROM": "Greenlight <g@example.org>"}
    mail["MAIL_DOMAINS"] = "example.org"
    with Greenlight(ROOT, folder, (), SETTINGS, app_storage) as plain:
        account = plain.connection_string
    with (
        lossy(account) as through,
        Greenlight(ROOT, folder, (), {**SETTINGS, **mail, "ApprovalsStorage": through}, app_storage) as running,
    ):
        yield running


def sent(send: Callable[[], Answer]) -> Answer:
    """Send the same again until there is an answer, as the problem says one may."""
    for _ in range(MOST_SENDINGS):
        answer = send()
        if answer.status != 503:
            return answer
        assert (answer.body["sendAgain"], answer.headers["Retry-After"]) == (True, "5")
    raise AssertionError(answer)


def review(app) -> str:
    """Hand in a proposal, let both people decide when they have been asked, and return its id."""
    name = f"p-{uuid.uuid4().hex}"
    form = {"title": "Footbridge", "author": "Ines", "policy": {"stages": [stage(*PEOPLE, rule="all")]}}
    assert sent(lambda: app.request("POST", f"/api/proposals?id={name}", form)).status == 202
    app.until(lambda: ((app.status(name) or {}).get("customStatus") or {}).get("entries", 0) >= ASKED, timeout=120)
    for person in PEOPLE:
        body = {"approver": person, "decision": "approve"}
        assert sent(lambda body=body: app.request("POST", f"/api/proposals/{name}/decisions", body)).status == 200
    assert app.result(name, timeout=120)["status"] == "approved"
    return name


def test_records_letters_and_counters_survive_lost_answers(app, server):
    """Each decision is recorded once, each letter sent once, each proposal counted once; sweeps run too."""
    with sweeping(app), ThreadPoolExecutor(8) as pool:
        proposals = list(pool.map(lambda _: review(app), range(PROPOSALS)))
    for name in proposals:
        audit = sent(lambda name=name: app.request("GET", f"/api/proposals/{name}/audit?verify=true")).body
        kinds = Counter(entry["kind"] for entry in audit["entries"])
        assert audit["verdict"]["ok"]
        assert (kinds["decided"], kinds["stageOpened"], kinds["ended"]) == (2, 1, 1)
    counters = {name: value for name, value in Reviews(app).counters().items() if value}
    assert counters == {"submitted": PROPOSALS, "approved": PROPOSALS}
    letters = Counter(message["Message-ID"] for message in server.letters)
    assert set(letters.values()) == {1}
    threads = Counter(message["References"] for message in server.letters)
    assert sorted(threads.values()) == [LETTERS] * PROPOSALS


def test_a_budget_is_spent_exactly_despite_lost_answers(app):
    """Each reservation is started once under its id, and booked once, or refused."""
    budget = f"bridges-{uuid.uuid4().hex[:8]}"
    form = {"title": "Footbridge", "budget": budget, "amount": 100, "limit": 100 * FIT}

    def reserve(_):
        name = uuid.uuid4().hex
        started = sent(lambda: app.request("POST", f"/api/orchestrators/ReserveBudget?id={name}", form))
        assert started.status == 202, started
        return app.result(name, timeout=120)["outcome"]

    with ThreadPoolExecutor(8) as pool:
        outcomes = Counter(pool.map(reserve, range(RESERVATIONS)))
    assert outcomes == {"booked": FIT, "refused": RESERVATIONS - FIT}
    rows = [row for row in app.rows("Ledger") if row["Budget"] == budget]
    assert (len(rows), {row["State"] for row in rows}) == (FIT, {"booked"})
    state = app.request("GET", f"/runtime/webhooks/durabletask/entities/Budget/{budget}").body
    assert (state["spent"], state["holds"]) == (10_000 * FIT, {})
