"""The directory: all that stands for a person means that person, and nobody else."""

import pytest

from approvals.directory import NOBODY_KNOWN, Directory, read_directory, sign_in
from approvals.names import digest
from approvals.validation import Invalid

TENANT, MARA, JONAS = (f"{digit}1111111-2222-3333-4444-55555555abcd" for digit in "123")
ENTRIES = {
    "Mara Lindqvist": {
        "mail": "mara@example.org",
        "names": ["M. Lindqvist"],
        "mails": ["m.lindqvist@example.com"],
        "tenant": TENANT,
        "object": MARA,
    },
    "Jonas Weber": {"mail": "Jonas@example.org"},
    "ana@example.net": {},
    "Ben": {},
}
KNOWN = read_directory(ENTRIES, domains=frozenset({"example.net"}))


@pytest.mark.parametrize(
    "text",
    [
        "Mara Lindqvist", " mara  LINDQVIST", "m. lindqvist", "MARA@example.org", "mara+x@example.org",
        "m.lindqvist@example.com", f"{TENANT}/{MARA}", sign_in(TENANT.upper(), MARA),
    ],
)  # fmt: skip
def test_all_aliases_of_a_person_lead_to_one_name(text):
    """Names, addresses and sign-ins."""
    assert (KNOWN.name_of(text), KNOWN.knows(text)) == ("Mara Lindqvist", True)
    assert KNOWN.address_of(text) == "mara@example.org"


def test_a_person_without_an_entry_keeps_their_name():
    """As it was written."""
    assert (KNOWN.name_of("Vera  Okafor"), KNOWN.knows("Vera")) == ("Vera  Okafor", False)
    assert (NOBODY_KNOWN.name_of("Mara"), NOBODY_KNOWN.address_of("mara@example.org")) == ("Mara", None)


def test_a_signed_in_person_has_a_name():
    """By tenant and object together."""
    assert KNOWN.person_of(TENANT.upper(), MARA.upper()) == "Mara Lindqvist"
    assert KNOWN.person_of(TENANT, JONAS) is None


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("Jonas Weber", "Jonas@example.org"),
        ("Ben", None),
        ("ana@example.net", "ana@example.net"),
        (" vera@EXAMPLE.net", "vera@EXAMPLE.net"),
        ("vera@example.org", None),
        ("vera@mail.example.net", None),
        ("vera@example.net.evil.example", None),
        ("Vera <vera@example.net>", None),
        ("Vera", None),
    ],
)
def test_letters_go_to_known_people_and_allowed_domains(text, address):
    """Not to strangers."""
    assert KNOWN.address_of(text) == address


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("Vera", True),
        ("mara@example.org", True),
        ("vera@example.net", True),
        ("vera@example.org", False),
        ("Vera <vera@example.org>", False),
        ("mailto:vera@example.org", False),
        ("vera\uff20example.org", False),
    ],
)
def test_a_strangers_address_is_not_allowed(text, allowed):
    """A name without an address is."""
    assert KNOWN.allows(text) is allowed


@pytest.mark.parametrize(
    ("entries", "fault"),
    [
        ({"Mara": {"mail": "m@x.org"}, "Jonas": {"mail": "M@x.org"}}, "Mara and Jonas have the same address"),
        ({"Mara": {"mails": ["m@x.org"]}, "Jonas": {"mail": "m+j@x.org"}}, "Mara and Jonas have the same address"),
        ({"Mara": {"names": ["Jonas"]}, "jonas": {}}, "Mara and jonas have the same name"),
        ({"Mara": {}, "Jonas": {"names": ["MARA"]}}, "Mara and Jonas have the same name"),
        ({"m@x.org": {}, "Jonas": {"mail": "m@x.org"}}, "m@x.org and Jonas have the same address"),
        ({"Ma\u200bra": {}}, "'Ma\\u200bra': must not contain control or format characters"),
        ({"Mara": {"names": ["\u202e"]}}, "Mara: names.0: must not contain control or format characters"),
        ({"Mara": {"mail": "mara"}}, "Mara: mail: "),
        ({" ": {}}, "a name is empty"),
        ({"Mara": {"tenant": TENANT}}, "Mara: give both tenant and object, or neither"),
    ],
)
def test_no_alias_belongs_to_two_people(entries, fault):
    """One mailbox would otherwise be two people's."""
    with pytest.raises(Invalid) as refused:
        read_directory(entries)
    assert fault in str(refused.value)


def test_other_names_of_a_person_are_given_as_digests():
    """Of names, addresses and sign-ins; none for a person without an entry."""
    known = read_directory({"Mara": {"mail": "m@x.org", "names": ["M. L."], "tenant": TENANT, "object": TENANT}})
    all_of_her = {digest(each) for each in ("Mara", "m@x.org", "M. L.", sign_in(TENANT, TENANT))}
    assert set(known.also_called("Mara")) == all_of_her - {digest("Mara")}
    assert set(known.also_called("M@X.org")) == all_of_her - {digest("m@x.org")}
    assert known.also_called("Jonas") == ()


def test_one_person_may_have_the_same_alias_twice():
    """It is still one person."""
    known = read_directory({"Mara": {"mail": "m@x.org", "mails": ["m@x.org"], "names": ["mara"]}})
    assert isinstance(known, Directory)
    assert known.name_of("M@X.org") == "Mara"
