"""Names, keys and partitions, which must be the real provider's to the letter."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from durable_devhost.errors import SettingsError
from durable_devhost.taskhub.names import (
    HubNames,
    check_partition_count,
    default_hub_name,
    escape_key,
    fnv1a,
    partition_of,
    unescape_key,
)

FORBIDDEN = re.compile(r"[/\\#?\x00-\x1f\x7f-\x9f]")


def test_tables_keep_the_spelling_and_other_names_are_lower_case() -> None:
    """As the provider names them."""
    names = HubNames.of_setting("TruthHub")

    assert (names.history, names.instances, names.partitions) == (
        "TruthHubHistory",
        "TruthHubInstances",
        "TruthHubPartitions",
    )
    assert [names.control(0), names.control(15)] == ["truthhub-control-00", "truthhub-control-15"]
    assert (names.work_items, names.large_messages) == ("truthhub-workitems", "truthhub-largemessages")
    assert (names.app_lease, names.app_lease_info) == ("truthhub-applease", "truthhub-appleaseinfo")


@pytest.mark.parametrize("name", ["1x", "ab", "my-hub", "My Hub", "", "ü" * 5, "x" * 51, "abc\n"])
def test_an_invalid_hub_name_is_refused_in_the_words_of_the_real_host(name: str) -> None:
    """The sentence was recorded."""
    with pytest.raises(SettingsError) as caught:
        HubNames.of_setting(name)

    assert str(caught.value) == (
        f"Task hub name '{name}' should contain only alphanumeric characters, start with a letter, "
        "and have length between 3 and 45."
    )


@pytest.mark.parametrize("name", ["abc", "A1b", "x" * 50])
def test_a_hub_name_may_be_longer_than_the_sentence_says(name: str) -> None:
    """The real host accepted names of 46 to 50 characters."""
    assert HubNames.of_setting(name).hub == name


@pytest.mark.parametrize("count", [0, 17, 40, -1])
def test_an_invalid_partition_count_is_refused_in_the_words_of_the_real_host(count: int) -> None:
    """The sentence was recorded."""
    with pytest.raises(SettingsError, match=r"^PartitionCount must be an integer value between 1 and 16\.$"):
        check_partition_count(count)


@pytest.mark.parametrize(
    ("site", "hub"),
    [
        (None, "TestHubName"),
        ("", "TestHubName"),
        ("my-site", "mysite"),
        ("1site", "t1site"),
        ("a", "aHub"),
        ("---", "DefaultTaskHub"),
        ("x" * 60, "x" * 45),
    ],
)
def test_the_default_hub_name_is_made_of_the_site_name(site: str | None, hub: str) -> None:
    """So a hub needs no name."""
    assert default_hub_name(site) == hub


@pytest.mark.parametrize(
    ("text", "value"),
    [("", 2166136261), ("abc", 440920331), ("@counter@k1", 510912747), ("0123456789abcdef" * 2, 2261798325)],
)
def test_the_hash_is_32_bit_fnv_1a(text: str, value: int) -> None:
    """Known values."""
    assert fnv1a(text) == value


@pytest.mark.parametrize(
    ("instance_id", "partition"), [("net-hello", 1), ("net-fan_out", 3), ("q1", 3), ("q-big", 3), ("net-timer", 0)]
)
def test_instances_have_the_recorded_partitions(instance_id: str, partition: int) -> None:
    """The queue, of four, that the real host sent their messages to."""
    assert partition_of(instance_id, 4) == partition


def test_a_key_is_escaped_as_recorded() -> None:
    """An id with every special character on a keyboard."""
    assert escape_key("a/b#c?d\\e^f 東") == "a^0b^2c^3d^1e^^f 東"


def test_control_characters_are_shifted() -> None:
    """By 0xC0."""
    assert escape_key("\x00\x7f\x9f") == "^\xc0^\u013f^\u015f"


@given(st.text())
def test_every_id_reads_back_from_its_key(instance_id: str) -> None:
    """Escaping is reversible, and leaves no character that keys must not have."""
    key = escape_key(instance_id)

    assert unescape_key(key) == instance_id
    assert not FORBIDDEN.search(key)


@given(st.text(), st.text())
def test_equal_prefixes_of_ids_give_equal_prefixes_of_keys(prefix: str, rest: str) -> None:
    """So a query by prefix of the id can use a prefix of the key."""
    assert escape_key(prefix + rest) == escape_key(prefix) + escape_key(rest)
