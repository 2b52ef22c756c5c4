"""The directory of people: addresses and identities, or none, or every fault in the file."""

import json

import pytest

from gateways.people import FILE, DirectoryWrong, address_of, is_address, name_of, open_directory, person_of

TENANT, MARA, JONAS = (f"{digit}1111111-2222-3333-4444-55555555aBcD" for digit in "123")


@pytest.fixture
def directory(tmp_path):
    """Return a function that reads a directory with this content."""

    def directory(content):
        file = tmp_path / "people.json"
        file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return open_directory(file)

    return directory


def test_a_person_has_an_address(directory):
    """The name may be written in any case."""
    people = directory({"Mara Lindqvist": {"mail": "mara@example.org"}, "Jonas Weber": {}})
    assert people.address_of("mara  LINDQVIST ") == "mara@example.org"
    assert people.address_of("Jonas Weber") is None
    assert people.address_of("Nobody") is None


def test_a_name_that_is_an_address_gets_its_mail_there(directory, monkeypatch):
    """In the allowed domains, unless the directory has another address."""
    monkeypatch.setenv("MAIL_DOMAINS", "example.org")
    people = directory({"jonas@example.org": {"mail": "team@example.org"}, "ana@example.com": {}})
    assert people.address_of("mara@example.org") == "mara@example.org"
    assert people.address_of("mara@example.com") is None
    assert people.address_of("ana@example.com") == "ana@example.com"
    assert people.address_of("Jonas@example.org") == "team@example.org"


def test_a_signed_in_person_is_found_by_tenant_and_object(directory):
    """An object id alone may exist in another tenant."""
    people = directory({"Mara Lindqvist": {"tenant": TENANT, "object": MARA}})
    assert people.person_of(TENANT.upper(), MARA.lower()) == "Mara Lindqvist"
    assert people.person_of(TENANT, JONAS) is None
    assert people.person_of(JONAS, MARA) is None


def test_the_directory_may_be_empty(tmp_path):
    """Or missing."""
    people = open_directory(tmp_path / "none.json")
    assert (people.address_of("Mara"), people.person_of(TENANT, MARA)) == (None, None)


def test_the_app_reads_the_file_beside_its_policies():
    """Whatever it holds."""
    assert FILE.parts[-2:] == ("policies", "people.json")
    assert (address_of("mara@example.org"), name_of("mara@example.org")) == (None, "mara@example.org")
    assert person_of(TENANT, MARA) is None


@pytest.mark.parametrize(
    ("content", "texts"),
    [
        ("{", ["not JSON"]),
        ("[]", ["must be an object"]),
        ('{"Mara": {}, "Mara": {}}', ["given twice"]),
        ({"Mara": {"mail": "mara"}, "Jonas": {"phone": "1"}}, ["Mara: mail", "Jonas: phone"]),
        ({"Mara": {"tenant": "x", "object": MARA}}, ["Mara: tenant"]),
        ({"Mara": {"tenant": TENANT}}, ["Mara: give both tenant and object, or neither"]),
        ({" ": {}}, ["a name is empty"]),
        ({"Mara": {}, "MARA ": {}}, ["Mara and MARA  have the same name"]),
        (
            {"Mara": {"tenant": TENANT, "object": MARA}, "Jonas": {"tenant": TENANT.lower(), "object": MARA.upper()}},
            ["Mara and Jonas have the same tenant and object"],
        ),
    ],
)
def test_every_fault_of_the_file_is_named(directory, content, texts):
    """One person's identity must never be another's."""
    with pytest.raises(DirectoryWrong) as refused:
        directory(content)
    assert str(refused.value).startswith("people.json: ")
    assert all(each in str(refused.value) for each in texts)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mara@example.org", True),
        ("mara.l+x@mail.example.co.uk", True),
        ("root@localhost", True),
        ("mara", False),
        ("@example.org", False),
        ("mara@", False),
        ("Mara <mara@example.org>", False),
        ("mara@example.org, jonas@example.org", False),
        ("mara@example.org\nBcc: x@example.org", False),
        ("mara@exa mple.org", False),
        ('"a b"@example.org', False),
        ("mära@example.org", False),
        (f"{'m' * 65}@example.org", False),
    ],
)
def test_an_address_is_one_plain_mailbox(text, expected):
    """No text that a mail server could read as several."""
    assert is_address(text) is expected
