"""Too many requests: each caller has a bucket of their own, 429 says when to come again, and nothing is taken down."""

import json
import logging

import pytest

from clients.web.identity import Caller
from clients.web.rates import admit, slow_down
from gateways.rates import DEFAULT, MOST_CALLERS, Buckets, open_buckets, requests_per_minute
from gateways.review_records import open_review_records
from tests.clients.front import FORM, TENANT, Front, principal, request

FEW = 3


@pytest.fixture(autouse=True)
def _few(monkeypatch):
    """Let everybody ask three times a minute, and begin with full buckets."""
    monkeypatch.setenv("AUTH_MODE", "development")
    monkeypatch.setenv("REQUESTS_PER_MINUTE", str(FEW))
    open_buckets.cache_clear()
    yield
    open_buckets.cache_clear()


def ask(**headers):
    """Return what one request of these headers is told: the status of the refusal, or None where it may go on."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    told = admit(request("POST", "/api/proposals", headers=named))
    return None if isinstance(told, Caller) else told.status_code


def follow(address=None, accept="text/html"):
    """Return what somebody is answered who follows a link from an address."""
    headers = {"Accept": accept} | ({"X-Forwarded-For": address} if address else {})
    return slow_down(request("GET", "/api/decide", headers=headers, params={"token": "x"}))


def test_a_burst_is_allowed_and_later_requests_wait():
    """A burst of one minute's requests; the wait is that for the next one, in whole seconds."""
    buckets = Buckets()
    assert [buckets.take("a", per_minute=3, now=100.0) for _ in range(5)] == [None, None, None, 20, 20]
    assert buckets.take("a", per_minute=3, now=110.0) == 10
    assert buckets.take("a", per_minute=3, now=120.0) is None
    assert buckets.take("a", per_minute=3, now=120.0) == 20


def test_a_bucket_is_full_after_a_minute_and_never_fuller():
    """A long absence saves up nothing."""
    buckets = Buckets()
    assert [buckets.take("a", per_minute=2, now=0.0) for _ in range(3)] == [None, None, 30]
    assert [buckets.take("a", per_minute=2, now=1e7) for _ in range(3)] == [None, None, 30]


def test_time_that_goes_back_neither_adds_nor_removes():
    """Two threads may read their clocks in one order and arrive in the other."""
    buckets = Buckets()
    assert [buckets.take("a", per_minute=2, now=moment) for moment in (50.0, 20.0, 50.0)] == [None, None, 30]


def test_waiting_for_the_given_time_is_enough():
    """At any limit."""
    for per_minute in (1, 7, 59, 61, 600, 100_000):
        buckets, now = Buckets(), 0.0
        for _ in range(per_minute):
            assert buckets.take("a", per_minute=per_minute, now=now) is None
        wait = buckets.take("a", per_minute=per_minute, now=now)
        assert wait
        assert buckets.take("a", per_minute=per_minute, now=now + wait) is None


def test_the_memory_is_bounded():
    """A million names or addresses fill no more of it."""
    buckets = Buckets()
    for number in range(MOST_CALLERS + 50):
        buckets.take(f"address {number}", per_minute=1, now=0.0)
    assert len(buckets) == MOST_CALLERS
    assert buckets.take(f"address {MOST_CALLERS}", per_minute=1, now=0.0) == 60


@pytest.mark.parametrize(
    ("text", "number"),
    [("", DEFAULT), ("0", 0), ("5", 5), ("1000000", 1_000_000), ("1000001", DEFAULT), ("-1", DEFAULT), ("ten", DEFAULT),
     ("٣", DEFAULT), ("1e3", DEFAULT), ("9" * 5_000, DEFAULT)],
)  # fmt: skip
def test_an_invalid_setting_keeps_the_limit(text, number):
    """The log says so; zero means no limit."""
    assert requests_per_minute(text) == number


def test_an_invalid_setting_is_logged(caplog):
    """Once, not at each request."""
    requests_per_minute.cache_clear()
    with caplog.at_level(logging.ERROR, "greenlight.rates"):
        assert {requests_per_minute("many") for _ in range(3)} == {DEFAULT}
    (line,) = caplog.messages
    assert "REQUESTS_PER_MINUTE is 'many'" in line


def test_each_person_has_their_own_bucket():
    """In any spelling of the name; a busy person keeps nobody else from answering."""
    assert [ask(X_Greenlight_User=name) for name in ("Mara", "mara", " MARA ", "Mara")] == [None, None, None, 429]
    assert ask(X_Greenlight_User="Jonas") is None
    assert ask() is None


def test_each_system_has_its_own_bucket(monkeypatch):
    """By its key, wherever it is sent; the key itself is not stored."""
    monkeypatch.setenv("AUTH_MODE", "keys")
    one, other = {"x_functions_key": "key-of-the-intake"}, {"x_functions_key": "key-of-the-archive"}
    assert [ask(**one) for _ in range(4)] == [None, None, None, 429]
    assert ask(**other) is None
    told = admit(request("POST", "/api/proposals", params={"code": "key-of-the-intake"}))
    assert told.status_code == 429
    assert "key-of" not in str(vars(open_buckets()))


@pytest.mark.parametrize(
    ("header", "parameter"),
    [("made-up-{}", "real"), ("real", "made-up-{}"), ("real,made-up-{}", None), ("made-up-{}, real", None),
     (None, "real,made-up-{}"), ("made-up-{}", "made-up,real")],
)  # fmt: skip
def test_an_extra_key_in_a_request_makes_no_new_caller(header, parameter, monkeypatch):
    """Whichever of them the host used."""
    monkeypatch.setenv("AUTH_MODE", "keys")
    told = []
    for number in range(4):
        headers = {"x-functions-key": header.format(number)} if header else {}
        params = {"code": parameter.format(number)} if parameter else {}
        told.append(admit(request("POST", "/api/proposals", headers=headers, params=params)))
    assert [isinstance(each, Caller) for each in told] == [True, True, True, False]


def test_a_request_with_very_many_keys_is_anonymous(monkeypatch):
    """Counting under each would be costly; a real key among them does not help."""
    monkeypatch.setenv("AUTH_MODE", "keys")
    keys = [",".join(f"{number}-{place}" for place in range(50)) for number in range(4)]
    assert [ask(x_functions_key=f"real,{each}") for each in keys] == [None, None, None, 429]
    assert len(open_buckets()) == 1


def test_an_unchecked_key_identifies_nobody():
    """In development anybody may send one, so all systems are one caller."""
    assert [ask(x_functions_key=f"made up {number}") for number in range(4)] == [None, None, None, 429]


def test_a_person_who_signs_in_again_has_the_same_bucket(monkeypatch):
    """The platform's header differs each time, tenant and object do not."""
    monkeypatch.setenv("AUTH_MODE", "easyauth")
    monkeypatch.setenv("WEBSITE_AUTH_ENABLED", "true")
    told = [ask(X_MS_CLIENT_PRINCIPAL=principal(session=number)) for number in range(4)]
    assert told == [None, None, None, 429]
    assert ask(X_MS_CLIENT_PRINCIPAL=principal(thing=TENANT)) is None


def test_a_refused_sign_in_is_not_counted():
    """Otherwise anonymous requests could use up the limit of others."""
    assert [ask(X_Greenlight_User="%0a") for _ in range(5)] == [401] * 5
    assert len(open_buckets()) == 0


def test_the_answer_says_when_to_try_again():
    """As a problem, with Retry-After."""
    for _ in range(FEW):
        ask()
    told = admit(request("POST", "/api/proposals"))
    body = json.loads(told.get_body())
    assert (told.status_code, body["code"], told.headers["Retry-After"]) == (429, "tooMany", "20")
    assert told.headers["Cache-Control"] == "no-store"


def test_links_are_counted_by_the_last_forwarded_address():
    """The platform's front end wrote it; the sender may have invented the ones before."""
    forged = [f"10.0.0.{number}, 203.0.113.7:{40_000 + number}" for number in range(4)]
    assert [bool(follow(address)) for address in forged] == [False, False, False, True]
    assert follow("203.0.113.8") is None


def test_an_ipv6_network_is_one_address():
    """Each of its users has 2^64."""
    told = [follow(f"[2001:db8:1:2::{number}]:443") for number in range(FEW)]
    assert told == [None] * FEW
    assert follow("2001:db8:1:2:ffff::1").status_code == 429
    assert follow("2001:db8:1:3::1") is None


def test_without_an_address_all_are_one():
    """On this machine, or if the header has no address."""
    assert [bool(follow(address)) for address in (None, "nowhere", "unknown:1", "")] == [False, False, False, True]


def test_people_get_a_page_and_programs_a_problem():
    """Both say when to try again."""
    for _ in range(FEW):
        follow()
    page, problem = follow(), follow(accept="application/json")
    assert (page.status_code, page.mimetype, page.headers["Retry-After"]) == (429, "text/html", "20")
    assert "Please wait a moment" in page.get_body().decode()
    assert (problem.status_code, problem.mimetype) == (429, "application/problem+json")
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


def test_zero_is_no_limit(monkeypatch):
    """For an app behind a front door that counts."""
    monkeypatch.setenv("REQUESTS_PER_MINUTE", "0")
    assert {ask() for _ in range(50)} == {None}


async def test_a_request_over_the_limit_is_not_recorded(client):
    """Neither a proposal nor an answer; reading goes on."""
    mara = Front(client, "Mara")
    proposal_id = await mara.begin(FORM)
    told = [(await mara.act(proposal_id, "comments", {"comment": f"no. {number}"})).status for number in range(4)]
    assert told == [200, 200, 200, 429]
    chain = open_review_records().read(proposal_id)
    assert [each.kind.value for each in chain.entries].count("commented") == FEW
    assert (await mara.submit(FORM)).status == 429
    assert (await mara.show(proposal_id)).status == 200
