"""Where Greenlight is, and who asks."""

import pytest

from greenlight.access import find_access
from greenlight.errors import GreenlightError


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("http://localhost:7071", "http://localhost:7071"),
        ("localhost:7071", "http://localhost:7071"),
        ("https://greenlight.example/api/", "https://greenlight.example"),
        ("http://[::1]:7071/", "http://[::1]:7071"),
        (" http://127.0.0.1:80 ", "http://127.0.0.1:80"),
    ],
)
def test_an_address_is_accepted_as_people_type_it(typed, url):
    """Only scheme, host and port count."""
    assert find_access(typed, None, None).url == url


@pytest.mark.parametrize("typed", ["", "ftp://host", "http://", "http://host:none", "http://me:secret@host"])
def test_an_invalid_address_is_refused_before_anything_is_sent(typed):
    """A user name and a password in it would go to that host."""
    with pytest.raises(GreenlightError, match="is not a valid address"):
        find_access(typed, None, None)


def test_a_key_is_sent_without_tls_only_to_this_machine():
    """Whoever reads it on the way can approve everything."""
    with pytest.raises(GreenlightError, match=r"would be sent to http://greenlight\.example unencrypted"):
        find_access("http://greenlight.example", None, "k")
    assert find_access("https://greenlight.example", None, "k").key == "k"
    assert find_access("http://localhost:7071", None, "k").key == "k"


def test_an_acting_person_has_a_name():
    """Only spaces are none."""
    assert find_access("localhost", " Mara ", None).person() == "Mara"
    with pytest.raises(GreenlightError) as error:
        find_access("localhost", "  ", "").person()
    assert "GREENLIGHT_USER" in error.value.what_to_do
