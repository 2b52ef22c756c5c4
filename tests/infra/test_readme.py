"""infra/README.md says what the files beside it say."""

import json
import re
from pathlib import Path

from check import check
from checking.facts import read_facts
from checking.parsing import parse

INFRA = Path(__file__).resolve().parents[2] / "infra"
TEXT = (INFRA / "README.md").read_text("utf-8")
PROFILES = ("dev", "prod-cheap", "prod-secure")


def section(title):
    """The text below a heading, up to the next one."""
    return re.split(r"^#+ ", TEXT.partition(f"# {title}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]


def parameters_of(profile):
    """The values of a profile."""
    content = json.loads((INFRA / f"profiles/{profile}.parameters.json").read_text())
    return {name: given["value"] for name, given in content["parameters"].items() if name != "profile"}


def test_the_table_of_profiles_has_their_values():
    """Word for word, because teams decide by it."""
    rows = re.findall(r"^\| `(\w+)` \| (\S+) \| (\S+) \| (\S+) \|$", section("Profiles"), flags=re.MULTILINE)
    shown = {name: tuple(values) for name, *values in rows}
    profiles = [parameters_of(each) for each in PROFILES]
    as_json = {name: tuple(json.dumps(each[name]).strip('"') for each in profiles) for name in profiles[0]}
    assert as_json == shown


def test_every_parameter_is_documented_once():
    """Those of the profiles are in their table."""
    main = parse("infra/main.bicep", (INFRA / "main.bicep").read_bytes())
    first_cells = re.findall(r"^\| (`.*?`) \|", section("Parameters"), flags=re.MULTILINE)
    explained = [name for cell in first_cells for name in re.findall(r"`(\w+)`", cell)]
    assert sorted(set(explained)) == sorted(explained)
    assert {each.name for each in main.parameters} == set(explained) | parameters_of("dev").keys()


def test_every_variable_that_azd_reads_is_in_the_table():
    """With its parameter, in one row."""
    given = json.loads((INFRA / "main.parameters.json").read_text())["parameters"]
    read = {
        name: match.group(1) for name, each in given.items() if (match := re.match(r"\$\{(\w+)", str(each["value"])))
    }
    rows = [line for line in section("Parameters").splitlines() if line.startswith("| `")]
    assert read
    assert [] == [
        name
        for name, variable in read.items()
        if not any({f"`{name}`", f"`{variable}`"} <= _ticked(row) for row in rows)
    ]


def _ticked(row):
    return set(re.findall(r"`\w+`", row))


def test_every_assigned_role_is_in_the_table():
    """And no other."""
    given = "".join(path.read_text() for path in INFRA.rglob("*.bicep"))
    used = {name for guid, name in read_facts().roles.items() if guid in given or f"'{name}'" in given}
    assert used == {name for name in read_facts().roles.values() if name in section("Roles")}


def test_every_file_that_the_readme_names_exists():
    """From this folder or from the root; generated files are not named."""
    named = set(re.findall(r"`([\w/.-]+\.(?:bicep|py|json|md)|[\w-]+/)`", TEXT))
    assert len(named) > 15
    places = (INFRA, INFRA.parent)
    assert {"docs/OPERATIONS.md"} >= {name for name in named if not any((place / name).exists() for place in places)}


def test_the_number_of_alerts_is_right():
    """Readers count them first."""
    assert 13 == check(INFRA.parent, read_facts()).looked_at["alert rules"]
    assert "thirteen rules" in TEXT


SECONDS = 30 * 24 * 3600
"""In a month of thirty days."""


def interval_s(text):
    """Seconds of a time as host.json has it."""
    hours, minutes, seconds = map(int, text.split(":"))
    return hours * 3600 + minutes * 60 + seconds


def reads_of_queues(instances):
    """How often queues are read in a month: those of the hub's partitions by one instance each, the others by each."""
    extensions = json.loads((INFRA.parent / "host.json").read_text())["extensions"]
    hub = extensions["durableTask"]["storageProvider"]
    hub_s, app_s = (
        interval_s(each) for each in (hub["maxQueuePollingInterval"], extensions["queues"]["maxPollingInterval"])
    )
    triggers = sum(path.read_text().count("@bp.queue_trigger(") for path in (INFRA.parent / "clients").glob("*.py"))
    return SECONDS * ((hub["partitionCount"] + instances) / hub_s + triggers * instances / app_s)


def test_what_nothing_costs_is_what_the_files_come_to():
    """By the profiles, the intervals of host.json, the app's triggers, and the prices in the text."""
    text = section("What costs what")
    a_read, ready = (float(re.search(rf"{what}[^$]*\$([0-9.]+)", text)[1]) for what in ("queue costs", "always ready"))
    memory = re.search(r"param instanceMemoryMB int = (\d+)", (INFRA / "main.bicep").read_text())[1]
    assert f"{memory} MB" in text
    wanted = {"reads of queues, millions": [], "for reads of queues": [], "for instances that are always ready": []}
    for profile in PROFILES:
        always = parameters_of(profile)["alwaysReadyInstances"]
        reads = reads_of_queues(max(1, always))
        wanted["reads of queues, millions"].append(f"{reads / 1e6:.2f}")
        wanted["for reads of queues"].append(f"${reads / 10_000 * a_read:.2f}")
        wanted["for instances that are always ready"].append(f"${always * int(memory) / 1024 * SECONDS * ready:.2f}")
    shown = re.findall(r"^\| ([a-z ,]+) \| (\S+) \| (\S+) \| (\S+) \|$", text, flags=re.MULTILINE)
    assert {name: values for name, *values in shown if name in wanted} == wanted
