"""The documents say what is true: paths, targets, options, routes and settings that they name are there."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from aiohttp.test_utils import make_mocked_request

from durable_devhost import cli
from durable_devhost.clock import SystemClock
from durable_devhost.host.control_pages import ControlPages
from durable_devhost.host_keys import ONLY_ON_AZURE, ignored_keys

ROOT = Path(__file__).resolve().parents[1]
DEVHOST = "packages/devhost/README.md"
ROOMS = "packages/devhost/ARCHITECTURE.md"
PACKAGE = ROOT / "packages/devhost/src/durable_devhost"
LIMITS = {
    "README.md": 180,
    "ARCHITECTURE.md": 250,
    "CONTRIBUTING.md": 200,
    "CHANGELOG.md": 200,
    "SECURITY.md": 200,
    "CODE_OF_CONDUCT.md": 60,
    "SUPPORT.md": 60,
    DEVHOST: 180,
    ROOMS: 250,
    "packages/devhost/CHANGELOG.md": 200,
    "packages/devhost/docs/azure.md": 200,
    "packages/devhost/docs/debug.md": 200,
    "packages/devhost/docs/storage-modes.md": 200,
}
MADE_BY_RUNNING = {
    ".python_packages", ".azurite/", ".keys/", ".venv/", "node_modules/", "node_modules/.bin/azurite", "keys.json",
    "policies/people.json",
}  # fmt: skip
VALUES = {
    "DIR": ".", "ORIGINS": "*", "N": "0", "PYTHON": "python3", "PORT": "5678", "virtual": "virtual", "system": "system",
    "PAGE": "Inbox=/api/inbox",
    "journal": "journal",
}  # fmt: skip
FRONT_MATTER = re.compile(r"\A<!--\n---\n(.*?)\n---\n-->\n\n", re.DOTALL)
FILE = re.compile(r"\.?[\w*][\w.*/-]*(?:\.(?:py|md|json|toml|txt|http|yml)|/)|\.\w+(?:/\w+)?")
ROUTES = """
import json, function_app
triggers = [function.get_trigger().get_dict_repr() for function in function_app.app.get_functions()]
print(json.dumps([trigger["route"] for trigger in triggers if "route" in trigger]))
"""


def text_of(document):
    """The document's text."""
    return (ROOT / document).read_text("utf-8")


def ticked(document):
    """What stands in back-ticks inside of lines."""
    outside = re.sub(r"```.*?```", "", text_of(document), flags=re.DOTALL)
    return re.findall(r"`([^`\n]+)`", outside)


def named_files(document):
    """The paths in back-ticks with the folders that their section and their table row are about, if any."""
    section = ""
    for line in re.sub(r"```.*?```", "", text_of(document), flags=re.DOTALL).splitlines():
        told = re.match(r"Inside `([^`]+/)`", line)
        section = told.group(1) if told else "" if line.startswith("## ") else section
        folder = section
        for name in re.findall(r"`([^`]+)`", line):
            if FILE.fullmatch(name):
                yield {section, folder}, name
                if name.endswith("/") and (section or name.startswith("src/durable_devhost/")):
                    folder = f"{section}{name}"


def exists(document, folders, name):
    """Whether the path is there, from the top or from the folder; a star stands for any text."""
    tops = {ROOT, (ROOT / document).parent}
    return name in MADE_BY_RUNNING or any(any(top.glob(place + name)) for top in tops for place in {"", *folders})


@pytest.mark.parametrize(("document", "limit"), LIMITS.items())
def test_a_document_is_short(document, limit):
    """Nobody reads a long page to its end."""
    assert len(FRONT_MATTER.sub("", text_of(document)).splitlines()) <= limit


def test_the_readme_begins_with_the_front_matter_of_azure_samples():
    """In a comment, so that GitHub does not show it as a table."""
    told = yaml.safe_load(FRONT_MATTER.match(text_of("README.md"))[1])
    assert ("sample", {"python", "bicep", "azdeveloper"}) == (told["page_type"], set(told["languages"]))
    assert {"azure", "azure-functions"} <= set(told["products"])
    assert re.fullmatch(r"[a-z0-9-]+", told["urlFragment"])
    assert {"name", "description"} <= told.keys()


@pytest.mark.parametrize("document", LIMITS)
def test_every_relative_link_leads_somewhere(document):
    """Also the part after the hash."""
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", text_of(document)) if "://" not in link]
    for path, _, anchor in (link.partition("#") for link in links):
        target = (ROOT / document).parent / path if path else ROOT / document
        assert target.exists(), path
        headings = re.findall(r"^#+ (.+)$", target.read_text("utf-8"), flags=re.MULTILINE) if anchor else []
        assert not anchor or anchor in [re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in headings]


@pytest.mark.parametrize("document", LIMITS)
def test_every_path_in_back_ticks_exists(document):
    """In ARCHITECTURE a bare module name belongs to the folder of its row or section."""
    missing = [name for folders, name in named_files(document) if not exists(document, folders, name)]
    assert missing == []


def test_the_map_in_architecture_is_complete():
    """A new folder or top-level module of devhost or of the app must be added."""
    names = {name for document in ("ARCHITECTURE.md", ROOMS) for _, name in named_files(document)}
    top = PACKAGE.parents[1]
    modules = {str(path.relative_to(top)) for path in PACKAGE.glob("*.py") if path.name != "__init__.py"}
    packages = {f"{path.parent.relative_to(ROOT)}/" for path in ROOT.glob("*/__init__.py")}
    inner = {f"{path.parent.relative_to(top)}/" for path in PACKAGE.glob("*/__init__.py")}
    assert (modules | packages - {"tests/"} | inner) - names == set()


@pytest.mark.parametrize("document", LIMITS)
def test_every_make_target_exists(document):
    """Newcomers type them first."""
    targets = set(re.findall(r"^(\w+):", text_of("Makefile"), flags=re.MULTILINE))
    asked = set(re.findall(r"(?:`|^)make (\w+)", text_of(document), flags=re.MULTILINE))
    assert asked - targets == set()


def test_every_option_of_devhost_is_known_to_the_command_line():
    """And the table of options is complete."""
    documented = re.findall(r"^\| `(--[\w-]+)(?: (\w+))?` \|", text_of(DEVHOST), flags=re.MULTILINE)
    for option, value in documented:
        cli.parse(["start", option, *([VALUES[value]] if value else [])])
    others = set(re.findall(r"devhost start((?: --[\w-]+(?: \S+)?)*)", text_of(DEVHOST)))
    for line in others:
        cli.parse(["start", *line.strip("` ").split()])
    with pytest.raises(SystemExit):
        cli.parse(["start", "--no-such-option"])
    start = text_of("packages/devhost/src/durable_devhost/cli.py").partition("def _add_start_options")[2]
    hidden = set(re.findall(r'"(--[\w-]+)".*argparse\.SUPPRESS', start))
    assert {option for option, _ in documented} == set(re.findall(r'add_argument\(\s*"(--[\w-]+)"', start)) - hidden


def test_the_keys_that_matter_only_on_azure_equal_those_of_the_code():
    """In the same order, with the same words."""
    listed = text_of("packages/devhost/docs/azure.md").partition("| key of host.json |")[2].partition("\n\n")[0]
    assert dict(re.findall(r"^\| `([^`]+)` \| (.+) \|$", listed, flags=re.MULTILINE)) == ONLY_ON_AZURE


def test_every_route_of_the_app_in_the_readme_is_registered():
    """In its own process, because `get_functions` may be called only once."""
    listed = subprocess.run([sys.executable, "-c", ROUTES], cwd=ROOT, capture_output=True, text=True, check=True)
    routes = [_pattern(f"/api/{route}") for route in json.loads(listed.stdout)]
    named = set(re.findall(r"(?<=[\s\d`])/api/(?:[\w/.-]|{\w+\??})+", text_of("README.md")))
    assert named
    assert [path for path in named if not any(re.fullmatch(route, path) for route in routes)] == []


def _pattern(route):
    """What a path of this route looks like; a parameter with a question mark may be left out."""
    optional = re.sub(r"/\\{\w+\\\?\\}", "(?:/[^/]+)?", re.escape(route))
    return re.sub(r"\\{\w+\\}", "[^/]+", optional)


async def nothing(*_):
    """No function is there to be run by hand."""


@pytest.mark.parametrize("document", ["README.md", DEVHOST, "CHANGELOG.md", "SECURITY.md", ROOMS])
async def test_every_page_of_devhost_in_the_documents_is_served(document):
    """An unknown page would be 404; with the system clock a jump is refused, but known."""
    pages = ControlPages(clock=SystemClock(), travel=None, facts=dict, deliver=nothing, letters=list)
    for path in set(re.findall(r"/admin/devhost/\w+", text_of(document))):
        answers = [await pages.answer(make_mocked_request(method, path)) for method in ("GET", "POST")]
        assert min(answer.status for answer in answers) != 404, path


def test_every_app_setting_in_the_documents_is_read_somewhere():
    """A setting without effect gives a false feeling of safety."""
    sources = "".join(
        path.read_text("utf-8")
        for folder in ("clients", "services", "gateways")
        for path in (ROOT / folder).rglob("*.py")
    )
    sources += text_of("local.settings.json") + "".join(path.read_text("utf-8") for path in PACKAGE.rglob("*.py"))
    named = {name.partition("=")[0] for document in LIMITS for name in ticked(document)}
    settings = {name for name in named if re.fullmatch(r"[A-Z]+(?:_[A-Z]+)+|[A-Z]\w+Storage", name)}
    assert {name for name in settings if name not in sources} == set()


def test_the_keys_without_effect_are_named_at_the_start():
    """The document lists none that devhost uses or ignores silently."""
    listed = text_of("packages/devhost/docs/azure.md").partition("Named at the start and without effect here")[2]
    top, durable, storage = re.split(r"of\s+`extensions\.durableTask`|of its `storageProvider`", listed)[:3]
    keys = {part: re.findall(r"`(\w+)`", text.partition("\n\n")[0]) for part, text in (
        ("top", top), ("durable", durable), ("storage", storage),
    )}  # fmt: skip
    tree = {
        **dict.fromkeys(keys["top"], 1),
        "extensions": {
            "durableTask": {
                **dict.fromkeys(keys["durable"], 1), "storageProvider": dict.fromkeys(keys["storage"], 1),
            }
        },
    }  # fmt: skip
    assert [name.rpartition(".")[2] for name in ignored_keys(tree)] == [
        *keys["top"],
        *keys["durable"],
        *keys["storage"],
    ]
    assert len(keys["durable"]) > 5


@pytest.mark.parametrize("document", LIMITS)
def test_no_path_of_one_machine_is_in_a_document(document):
    """Such an instruction works nowhere else."""
    assert re.findall(r"(?<![\w.:/}])/(?:work|home|Users|root|tmp)/\S*", text_of(document)) == []
