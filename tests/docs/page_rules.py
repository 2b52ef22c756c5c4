"""What every page in docs/ keeps to, as functions from its text to findings.

Commands are read, not run: `make` targets, files, options and routes that they name must be there, and the shell must
be able to parse them. What `az`, `azd` and `func` understand is not looked at.
"""

import json
import re
import shlex
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import click

from durable_devhost.triggers.management.routes import match_route
from durable_devhost.triggers.management.urls import WEBHOOK_PATH
from greenlight.cli import main as greenlight

ROOT = Path(__file__).resolve().parents[2]
LONGEST = 400
PROGRAMS = {
    "az", "azd", "cd", "curl", "export", "func", "git", "greenlight", "ls", "make", "npm", "openssl", "printf", "rm",
    "source", "unset", "while", "do", "done",
}  # fmt: skip
LANGUAGES = {"", "sh", "python", "kusto", "json", "text", "mermaid"}
"""A block that says nothing is read as commands."""
MADE_BY_RUNNING = {".azurite/", ".venv/", "node_modules/", ".azure/", "policies/people.json", "keys.json"}
FILE = re.compile(r"\.?[\w*][\w.*/-]*(?:\.(?:py|md|json|toml|txt|http|ya?ml|bicep|bicepparam|jsonl)|/)")
SETTING = re.compile(r"[A-Z]+(?:_[A-Z]+)+")
OF_THE_PLATFORM = {
    # what the platform, the host or the operator's own shell reads
    "WEBSITE_AUTH_ENABLED", "WEBSITE_INSTANCE_ID", "FUNCTIONS_WORKER_RUNTIME", "APPLICATIONINSIGHTS_CONNECTION_STRING",
    "SYSTEM_KEY", "AZURE_ENV_NAME", "AZURE_FUNCTIONS_DURABLE_STRICT_TYPING", "PYTHON_THREADPOOL_THREAD_COUNT",
}  # fmt: skip
OF_OTHERS = "runtimeStatus customStatus link-keys smtp-password"
"""Words of the durable HTTP API, and the secrets to which DEPLOY.md gives their names."""
LIST_ROUTES = """
import json, function_app
triggers = [function.get_trigger().get_dict_repr() for function in function_app.app.get_functions()]
print(json.dumps([trigger["route"] for trigger in triggers if "route" in trigger]))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A document: where it lies below the root, and its text."""

    name: str
    text: str

    @property
    def prose(self) -> str:
        """The text without its code blocks."""
        return re.sub(r"^ *```.*?^ *```$", "", self.text, flags=re.DOTALL | re.MULTILINE)

    @property
    def scripts(self) -> list[str]:
        """The code blocks with commands, each without the list's margin."""
        found = re.findall(r"^( *)```(\w*)\n(.*?)^ *```$", self.text, re.DOTALL | re.MULTILINE)
        return [textwrap.dedent(text) for _, language, text in found if language in ("", "sh")]

    @property
    def commands(self) -> Iterator[str]:
        """The lines of the scripts, each with those that continue it."""
        for block in self.scripts:
            for line in block.replace("\\\n", " ").splitlines():
                if line.strip() and not line.strip().startswith("#"):
                    yield re.sub(r"\s+", " ", line.strip())


def anchors(text: str) -> set[str]:
    """The names under which GitHub makes a page's headings reachable."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def short(page: Page) -> Iterator[str]:
    """A page that nobody finishes is not read at night."""
    lines = len(page.text.splitlines())
    if lines > LONGEST:
        yield f"{lines} lines are more than {LONGEST}"


def linked(page: Page) -> Iterator[str]:
    """Every relative link leads somewhere, also the part behind the hash."""
    for link in re.findall(r"\]\(([^)\s]+)\)", page.prose):
        path, _, anchor = link.partition("#")
        target = (ROOT / page.name).parent / path if path else ROOT / page.name
        if "://" in link:
            continue
        if path and not target.exists():
            yield f"{link} leads nowhere"
        elif anchor and anchor not in anchors(target.read_text("utf-8") if path else page.text):
            yield f"{link}: there is no such heading"


def named_files(page: Page) -> Iterator[str]:
    """Every path in back-ticks exists, from the root."""
    for name in re.findall(r"`([^`\n]+)`", page.prose):
        if FILE.fullmatch(name) and name not in MADE_BY_RUNNING and not any(ROOT.glob(name)):
            yield f"there is no {name}"


def known_languages(page: Page) -> Iterator[str]:
    """A block says what it is in, or the other rules would pass it over."""
    fences = re.findall(r"^ *```(.*)$", page.text, re.MULTILINE)
    for language in fences[::2]:
        if language not in LANGUAGES:
            yield f"a code block is in {language}; use one of {', '.join(sorted(LANGUAGES - {''}))}"


def parsable(page: Page) -> Iterator[str]:
    """The shell understands every block."""
    for block in page.scripts:
        checked = subprocess.run(["bash", "-n"], input=_filled(block), capture_output=True, text=True, check=False)
        if checked.returncode:
            yield f"bash cannot read {block.splitlines()[0]!r}: {checked.stderr.strip()}"


def known_programs(page: Page) -> Iterator[str]:
    """Every program is one that a reader has by then, also inside of `$(…)` and behind a pipe."""
    for line in page.commands:
        for command in [line, *re.findall(r"[$<]\(([^()]+)", line), *re.findall(r"(?:\||&&|;) *([^|&;]+)", line)]:
            program = re.sub(r"^(?:[A-Z_]+=(?:\"[^\"]*\"|\S*) +)+", "", command).split()[0]
            if program not in PROGRAMS and not re.match(r"[A-Z_]+=", program) and not (ROOT / program).exists():
                yield f"{program} is not among the known programs: {line[:60]}"


def real_targets(page: Page) -> Iterator[str]:
    """Every `make` target exists."""
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for target in re.findall(r"(?:`|^ *)make ([\w-]+)", page.text, re.MULTILINE):
        if target not in targets:
            yield f"there is no make target {target}"


def real_files(page: Page) -> Iterator[str]:
    """Every file of the repository in a command exists, and knows the options that it is given."""
    for line in page.commands:
        words = [word for word in shlex.split(_filled(line), comments=True) if word]
        for number, word in enumerate(words):
            path = word.removeprefix("@").partition("=")[0] if word.startswith("@") else word
            if not re.fullmatch(r"(?:[\w.-]+/)+[\w-]+\.(?:py|json|bicep|bicepparam|ya?ml|md|txt)", path):
                continue
            if not (ROOT / path).exists() and path not in MADE_BY_RUNNING:
                yield f"there is no {path}"
            elif path.endswith(".py"):
                source = (ROOT / path).read_text("utf-8")
                options = [option for option in words[number + 1 :] if option.startswith("--")]
                yield from (f"{path} has no {option}" for option in options if f'"{option}"' not in source)


def real_greenlight_commands(page: Page) -> Iterator[str]:
    """Every `greenlight` command and option is one."""
    lines = [*page.commands, *re.findall(r"`(greenlight [^`]+)`", page.prose)]
    for line in lines:
        for called in re.findall(r"(?:^|[|;(] *|\.venv/bin/)greenlight ([^|;)]+)", line):
            yield from _unknown_words(shlex.split(_filled(called), comments=True))


def real_routes(page: Page) -> Iterator[str]:
    """Every route of the app, and of the durable API, is served."""
    text = _filled(page.text)
    for path in sorted(set(re.findall(r"(?<![\w.])/api/((?:[\w./-]|{\w+})+)", text))):
        if not any(re.fullmatch(route, path.rstrip("./")) for route in app_routes()):
            yield f"there is no route /api/{path}"
    for path in sorted(set(re.findall(rf"{WEBHOOK_PATH}([\w/-]+)", text))):
        if not any(match_route(method, path) for method in ("GET", "POST", "DELETE")):
            yield f"there is no {path} in the durable API"


def real_settings(page: Page) -> Iterator[str]:
    """Every setting in back-ticks is read by something."""
    for name in sorted(set(re.findall(r"`([A-Z][A-Z_]+)(?:=[^`]*)?`", page.prose))):
        if SETTING.fullmatch(name) and name not in OF_THE_PLATFORM and name not in _sources():
            yield f"nothing reads {name}"


def real_outputs(page: Page) -> Iterator[str]:
    """Every value that azd is asked for is an output of the deployment."""
    outputs = set(re.findall(r"^output (\w+)", _bicep(), re.MULTILINE))
    for name in sorted(set(re.findall(r"azd env get-value (\w+)", page.text))):
        if name not in outputs:
            yield f"infra/main.bicep has no output {name}"


def real_parameters(page: Page) -> Iterator[str]:
    """Every variable and parameter that is given to a deployment is one that it reads."""
    variables = set(re.findall(r"\$\{(\w+)", (ROOT / "infra/main.parameters.json").read_text("utf-8")))
    for name in sorted(set(re.findall(r"azd env set (\w+)", page.text)) - variables):
        yield f"infra/main.parameters.json reads no {name}"
    parameters = set(re.findall(r"^param (\w+)", _bicep(), re.MULTILINE))
    given = [given for line in page.commands if " --parameters " in line for given in re.findall(r" ([a-z]\w+)=", line)]
    for name in sorted(set(given) - parameters):
        yield f"infra/main.bicep has no parameter {name}"


def real_words(page: Page) -> Iterator[str]:
    """Every word of code in back-ticks is a word of the code, the set-up or the host."""
    for word in sorted(set(re.findall(r"`([a-z]+[A-Z]\w+|[a-z]+(?:-[a-z]+)+)`", page.prose))):
        if word not in _sources() + OF_OTHERS and not any((ROOT / "infra/profiles").glob(f"{word}.*")):
            yield f"nothing is called {word}"


def on_any_machine(page: Page) -> Iterator[str]:
    """What works on one machine only is no instruction."""
    yield from re.findall(r"(?<![\w.:/}])/(?:work|home|Users|root|tmp)/\S*", page.text)


RULES: tuple[Callable[[Page], Iterator[str]], ...] = (
    short,
    linked,
    named_files,
    known_languages,
    parsable,
    known_programs,
    real_targets,
    real_files,
    real_greenlight_commands,
    real_routes,
    real_settings,
    real_outputs,
    real_parameters,
    real_words,
    on_any_machine,
)


def _filled(text: str) -> str:
    """Put a word where the reader puts their own, `<such a thing>`."""
    return re.sub(r"<[a-z][\w ,'-]*>", "something", re.sub(r"\$\{?\w+\}?", "something", text))


def _unknown_words(words: list[str]) -> Iterator[str]:
    command: click.Command = greenlight
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.commands.get(words[0])
        if found is None:
            yield f"greenlight has no {words[0]}"
            return
        command, words = found, words[1:]
    known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    for word in words:
        if word.startswith("-") and word.partition("=")[0] not in known:
            yield f"greenlight {command.name} has no {word}"


@cache
def app_routes() -> tuple[str, ...]:
    """The app's routes as patterns; asked for in a process of its own, as the app can be listed once."""
    listed = subprocess.run([sys.executable, "-c", LIST_ROUTES], cwd=ROOT, capture_output=True, text=True, check=True)
    optional = [re.sub(r"/\\{\w+\\\?\\}", "(?:/[^/]+)?", re.escape(route)) for route in json.loads(listed.stdout)]
    return tuple(re.sub(r"\\{\w+\\}", "[^/]+", route) for route in optional)


def _bicep() -> str:
    return (ROOT / "infra/main.bicep").read_text("utf-8")


@cache
def _sources() -> str:
    folders = (
        "clients",
        "gateways",
        "services",
        "activities",
        "orchestrators",
        "approvals",
        "greenlight",
        "packages",
        "infra",
    )
    files = [path for folder in folders for path in (ROOT / folder).rglob("*.*") if path.suffix in (".py", ".bicep")]
    return "\n".join(
        path.read_text("utf-8") for path in [*files, ROOT / "local.settings.json", ROOT / "tools/smoke.py"]
    )
