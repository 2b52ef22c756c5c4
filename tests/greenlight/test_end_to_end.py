"""The command line and the app together: a host, an Azurite, virtual time, and people who type."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from durable_devhost.testing.plugin import AppUnderTest, Storage
from gateways.record_keys import FILE
from tests.greenlight.played import REVIEWS

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "examples" / "footbridge" / "design-proposal.md"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, app_storage: Storage) -> Iterator[AppUnderTest]:
    """The app on a virtual clock."""
    with AppUnderTest(ROOT, tmp_path_factory.mktemp("greenlight"), ("--clock", "virtual"), {}, app_storage) as running:
        yield running


@pytest.fixture
def greenlight(app, run):
    """Type a command at the app; it has to end with this status."""

    def typed(*words, status=0, **options):
        result = run(*words, "--url", app.url, **options)
        assert result.exit_code == status, result.output
        return result.output

    return typed


@pytest.fixture
def handed_in(app, greenlight):
    """Hand in a proposal of the examples, as a system does, and wait until somebody is asked; returns its id."""

    def submit(name, *more):
        words = greenlight("submit", REVIEWS / f"{name}.json", *more)
        proposal = re.search(r"id +(\w+)", words).group(1)
        app.wait(proposal, until=lambda _: json.loads(greenlight("show", proposal, "--json"))["waitingFor"])
        return proposal

    return submit


def test_a_proposal_is_decided_from_the_command_line(app, greenlight, handed_in, tmp_path):
    """From its submission to the verification of its record, by short ids."""
    proposal = handed_in("footbridge", "--attach", DOCUMENT)
    short = proposal[:8]

    def listed_for(person):
        """The list may be some moments behind; who is asked is in it soon."""
        return app.wait(proposal, until=lambda _: proposal in greenlight("list", "--as", person))

    assert "asks Mara Lindqvist, Jonas Weber and Amara Okafor" in " ".join(greenlight("show", short).split())
    greenlight("delegate", short, "--as", "Mara Lindqvist", "--to", "Ruth Adeyemi")
    listed_for("Ruth Adeyemi")
    assert "Ruth Adeyemi (for Mara Lindqvist)" in greenlight("show", short)
    greenlight("comment", short, "I am checking the abutments.", "--as", "Amara Okafor")
    greenlight("remind", short, "--as", "Ines Carvalho")
    assert "Try again in" in greenlight("remind", short, "--as", "Ines Carvalho", status=1)
    greenlight("approve", short, "--as", "Ruth Adeyemi", "-m", "Fine.")
    assert "Now in review: works waits for" in greenlight("approve", short, "--as", "Amara Okafor")
    listed_for("Leila Haddad")
    greenlight("approve", short, "--as", "Leila Haddad")
    listed_for("Helen Okoro")
    assert "Now approved by Helen Okoro." in greenlight("approve", short, "--as", "Helen Okoro")
    assert greenlight("watch", short).splitlines()[-1].endswith("the end: approved (decided by Helen Okoro)")

    record = tmp_path / "record.jsonl"
    greenlight("audit", "show", short, "--save", record)
    assert greenlight("audit", "verify", short) == greenlight("audit", "verify", short, "--entries", "2")
    kept = tmp_path / "kept.md"
    greenlight("download", short, DOCUMENT.name, "-o", kept)
    assert kept.read_bytes() == DOCUMENT.read_bytes()


def test_a_saved_record_is_verified_without_the_host(greenlight, handed_in, run, tmp_path):
    """A flipped byte is found."""
    proposal = handed_in("library-roof")
    greenlight("reject", proposal, "--as", "Sven Dahl", "-m", "One stair is not enough.")
    record = tmp_path / "record.jsonl"
    greenlight("audit", "show", proposal, "--save", record)
    assert run("audit", "verify", record).exit_code == 3
    record.write_bytes(record.read_bytes().replace(b"One stair", b"Two stair"))
    result = run("audit", "verify", record)
    assert (result.exit_code, "line 4:" in result.output) == (1, True)


def test_an_export_is_verified_without_the_host(greenlight, handed_in, run, tmp_path):
    """With the keys and the anchor, all of it, its document too."""
    proposal = handed_in("footbridge", "--attach", DOCUMENT)
    entries = json.loads(greenlight("audit", "show", proposal, "--json"))["entries"]
    archive = tmp_path / "footbridge.zip"
    greenlight("audit", "export", proposal, "-o", archive)
    assert run("audit", "verify", archive).exit_code == 3
    result = run("audit", "verify", archive, "--keys", FILE, "--entries", len(entries))
    assert (result.exit_code, "files    1 of 1" in result.output) == (0, True)


def test_a_late_person_learns_who_was_faster(greenlight, handed_in):
    """In two lines, with exit status 1."""
    proposal = handed_in("playground")
    greenlight("approve", proposal, "--as", "Mara Lindqvist")
    words = greenlight("reject", proposal, "--as", "Jonas Weber", status=1)
    assert "approved by Mara Lindqvist" in words
    assert f"greenlight show {proposal[:8]}" in words


def test_a_stranger_sees_nothing(greenlight, handed_in):
    """Not even by a short id."""
    proposal = handed_in("kerb-repairs")
    assert greenlight("list", "--as", "A Stranger") == ""
    assert "is not involved in" in greenlight("show", proposal, "--as", "A Stranger", status=1)
    assert "There is no proposal" in greenlight("show", proposal[:8], "--as", "A Stranger", status=2)


def test_changes_are_asked_for_and_made(greenlight, handed_in, tmp_path):
    """The new document is decided anew."""
    proposal = handed_in("cycle-lane")
    greenlight("approve", proposal, "--as", "Jonas Weber")
    words = greenlight("changes", proposal, "--as", "Leila Haddad", "-m", "Keep two spaces.")
    assert "Now changes requested by Leila Haddad" in words
    plan = tmp_path / "plan.md"
    plan.write_text("# Ten spaces go", "utf-8")
    greenlight("resubmit", proposal, "--as", "Ines Carvalho", "--cost", "53000", "--attach", plan)
    words = greenlight("show", proposal)
    assert "53,000 EUR" in words
    assert "plan.md" in words
    assert "round 2" in words


def test_watching_shows_an_expiry(app, greenlight, handed_in):
    """Exit status 1: nobody answered."""
    proposal = handed_in("market-lights")
    app.advance(hours=48)
    app.advance(hours=24)
    lines = greenlight("watch", proposal, status=1).splitlines()
    assert [line for line in lines if "escalated to Sami Virtanen" in line]
    assert "the end: expired" in lines[-1]


def test_an_author_withdraws_a_proposal(app, greenlight, handed_in):
    """Nobody else can; the workflow updates the list a moment later."""
    proposal = handed_in("tree-avenue")
    assert "only the author Tomasz Zielinski" in greenlight(
        "withdraw", proposal, "--as", "Kofi Mensah", status=1
    ).replace("Only", "only")
    greenlight("withdraw", proposal, "--as", "Tomasz Zielinski", "-m", "A water main.")
    line = f"{proposal}\twithdrawn"
    assert app.wait(proposal, until=lambda _: line in greenlight("list", "--status", "withdrawn"))


def test_every_fault_of_a_proposal_is_listed(greenlight):
    """At once, and nothing is submitted."""
    words = greenlight("submit", "--title", "Bench", "--cost", "-1", "--currency", "euro", "--as", "Noor", status=2)
    assert "cost:" in words
    assert "currency:" in words
