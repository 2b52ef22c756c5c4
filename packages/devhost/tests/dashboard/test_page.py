"""What all pages share."""

from durable_devhost.dashboard.page import MOST_SHOWN, address, code, pairs


def test_a_long_text_unfolds_and_a_very_long_one_is_cut() -> None:
    """An input may have megabytes, and a page with many of them must stay one that opens."""
    short, long, longest = code("x"), code("x" * 5000), code("x" * 3_000_000)
    assert short == "<pre>x</pre>"
    assert long is not None
    assert long.startswith("<details><summary>5000 characters: xxx")
    assert longest is not None
    assert len(longest) < MOST_SHOWN + 1000
    assert f"{3_000_000 - MOST_SHOWN} characters more" in longest
    assert code(None) is None


def test_addresses_hold_any_id() -> None:
    """And only the parameters that have a value."""
    assert address("instance", id="a/b?<&", after="") == "/devhost/instance?id=a%2Fb%3F%3C%26"


def test_pairs_leave_out_what_is_missing() -> None:
    """None and an empty text, but not a zero."""
    assert pairs({"a": None, "b": "", "c": 0}) == "<dl><dt>c</dt><dd>0</dd></dl>"
