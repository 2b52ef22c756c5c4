"""The server that plays the other systems."""

import pytest
import requests

from examples.neighbour import running_neighbour


@pytest.fixture
def neighbour():
    """Running, on a free port."""
    with running_neighbour() as running:
        yield running


def test_a_quote_is_computed(neighbour):
    """From the requested item and quantity; every request is remembered."""
    answer = requests.post(f"{neighbour.url}/quote", json={"item": "railing", "quantity": 2}, timeout=10)
    assert answer.json()["price"] == 425.0
    assert neighbour.requests[0].body == {"item": "railing", "quantity": 2}


def test_a_slow_quote_waits_for_its_release(neighbour):
    """Or for as many seconds as the query says."""
    with pytest.raises(requests.Timeout):
        requests.post(f"{neighbour.url}/slow-quote", json={"item": "railing"}, timeout=0.2)
    neighbour.release()
    assert requests.post(f"{neighbour.url}/slow-quote", json={"item": "railing"}, timeout=10).ok


@pytest.mark.parametrize(
    ("path", "statuses"),
    [("/flaky?failures=2", [503, 503, 200]), ("/job?polls=1", [202, 200]), ("/moved", [302]), ("/nowhere", [404])],
)
def test_other_paths_give_the_answer_in_their_name(neighbour, path, statuses):
    """A failure, a busy server, or a redirect."""
    given = [requests.post(neighbour.url + path, timeout=10, allow_redirects=False).status_code for _ in statuses]
    assert given == statuses


def test_the_broken_path_sends_no_answer(neighbour):
    """The connection is closed."""
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{neighbour.url}/broken", timeout=10)
