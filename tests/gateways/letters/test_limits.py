"""Letters of a day, counted in a real table: each once, and no more than may leave."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from azure.core.exceptions import HttpResponseError
from azure.data.tables import TableServiceClient

from gateways.latest import Latest
from gateways.letters.limits import MOST, TableLimits, open_letter_limits, per_proposal, per_sender
from gateways.tables import hash_key, open_table
from tests.gateways.counting import CountingTransport


@pytest.fixture
def holder():
    """Somebody or something that no other test counts for."""
    return f"sender {uuid.uuid4().hex}"


def test_no_more_letters_leave_than_the_limit(holder):
    """The first ones of the day, over all calls."""
    limits = open_letter_limits()
    assert limits.admit(["a", "b"], holder=holder, most=3) == {"a", "b"}
    assert limits.admit(["c", "d", "e"], holder=holder, most=3) == {"c"}
    assert limits.admit(["f"], holder=holder, most=3) == frozenset()
    assert limits.admit(["f"], holder=f"{holder} other", most=3) == {"f"}


def test_a_repeated_letter_counts_once(holder):
    """It may leave even if the limit has been reached since."""
    limits = open_letter_limits()
    for _ in range(3):
        assert limits.admit(["a", "b"], holder=holder, most=3) == {"a", "b"}
    assert limits.admit(["b", "c", "d"], holder=holder, most=3) == {"b", "c"}


def test_the_next_day_begins_at_zero(holder, monkeypatch):
    """Waiting letters leave then."""
    limits = open_letter_limits()
    limits.admit(["a", "b", "c"], holder=holder, most=3)
    monkeypatch.setenv("CLOCK_OFFSET_SECONDS", str(24 * 3600))
    assert limits.admit(["d", "e", "f", "g"], holder=holder, most=3) == {"d", "e", "f"}


def test_simultaneous_calls_keep_the_limit(holder):
    """The slower call reads again."""
    limits = open_letter_limits()
    with ThreadPoolExecutor(8) as pool:
        admitted = list(pool.map(lambda n: limits.admit([f"{n}"], holder=holder, most=5), range(16)))
    assert sum(len(each) for each in admitted) == 5


@pytest.mark.parametrize(
    ("read", "setting", "default"),
    [(per_proposal, "LETTERS_PER_PROPOSAL", 200), (per_sender, "LETTERS_PER_SENDER", 1_000)],
)
def test_a_setting_gives_the_limit(monkeypatch, read, setting, default):
    """Zero allows none; an invalid value keeps the default."""
    monkeypatch.delenv(setting, raising=False)
    assert read() == default
    for text in ("many", "-1", "1.5", "\u0663", str(MOST + 1)):
        monkeypatch.setenv(setting, text)
        assert read() == default
    for number in (0, 5, MOST):
        monkeypatch.setenv(setting, str(number))
        assert read() == number


def test_two_processes_let_no_more_leave_than_one(holder):
    """What the other has admitted is seen where the row is written, and before a letter is held back."""
    one, other = (TableLimits(open_table("LetterLimits"), Latest(9)) for _ in range(2))
    assert one.admit(["a"], holder=holder, most=3) == {"a"}
    assert other.admit(["b"], holder=holder, most=3) == {"b"}
    assert one.admit(["c", "d"], holder=holder, most=3) == {"c"}
    assert other.admit(["d", "b"], holder=holder, most=3) == {"b"}
    table = open_table("LetterLimits")
    (row,) = table.query_entities(f"PartitionKey eq '{hash_key(holder)}'")
    table.delete_entity(row)
    assert one.admit(["d"], holder=holder, most=3) == {"d"}


def test_what_is_read_because_another_process_was_faster_is_remembered(azurite, holder):
    """Also where no letter may leave any more. So the next write needs no question."""
    transport, other = CountingTransport(), TableLimits(open_table("LetterLimits"), Latest(9))
    service = TableServiceClient.from_connection_string(azurite.connection_string, transport=transport)
    one = TableLimits(service.get_table_client("LetterLimits"), Latest(9))
    assert one.admit(["a"], holder=holder, most=2) == {"a"}
    assert other.admit(["b"], holder=holder, most=2) == {"b"}
    assert one.admit(["c"], holder=holder, most=2) == frozenset()
    traffic = transport.begin()
    assert one.admit(["c"], holder=holder, most=3) == {"c"}
    assert [call.split()[0] for call in traffic.calls] == ["PUT"]


def test_the_longest_day_fits_into_its_row(holder):
    """A table cell has 64 KB."""
    letters = [f"letter {number}" for number in range(MOST + 5)]
    assert len(open_letter_limits().admit(letters, holder=holder, most=MOST)) == MOST
    assert open_letter_limits().admit(letters[:1], holder=f"{holder} none", most=0) == frozenset()


class LosingTable:
    """A table that does what it is asked to, and loses the answer."""

    def __init__(self, table, status):
        self._table = table
        self._lost = status
        self.url = table.url

    def get_entity(self, *keys):
        return self._table.get_entity(*keys)

    def create_entity(self, row, **options):
        self._table.create_entity(row, **options)
        self._lose_answer()

    def update_entity(self, *arguments, **options):
        self._table.update_entity(*arguments, **options)
        self._lose_answer()

    def _lose_answer(self):
        if self._lost:
            error = HttpResponseError("lost")
            error.status_code, self._lost = self._lost, None
            raise error


@pytest.mark.parametrize("known", [[], ["a"]])
def test_a_write_whose_answer_was_lost_is_recognised(holder, known):
    """The SDK repeats it and meets its own row, 409 or 412: the letters in it are its own."""
    open_letter_limits().admit(known, holder=holder, most=3)
    table = LosingTable(open_table("LetterLimits"), 412 if known else 409)
    assert TableLimits(table, Latest(9)).admit(["b", "c"], holder=holder, most=3) == {"b", "c"}
    with pytest.raises(HttpResponseError):
        TableLimits(LosingTable(open_table("LetterLimits"), 500), Latest(9)).admit(["d"], holder=f"{holder} x", most=3)
