"""Makes pictures of every page, on a desktop, on a phone and in dark colours: those for the documents, and all others.

Those of the documents are in `docs/pictures/`, all of them in `build/pictures/`. Run by `make screenshots`.

A host over a new folder, in virtual time, gets proposals; people answer and 49 hours pass. So every picture shows what
the app does today. Needs Chromium: the `chromium` of the PATH, or the file that `CHROMIUM` names.
"""

import base64
import fcntl
import io
import json
import os
import pty
import re
import secrets
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import requests
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from tools.pictured_pages import (
    AUTHOR,
    FOOTBRIDGE,
    PAGES,
    PROPOSAL,
    READER,
    PicturedPage,
    PictureFailed,
    post,
    seed_more,
)

REPOSITORY = Path(__file__).resolve().parent.parent
PICTURES = REPOSITORY / "docs" / "pictures"
EVERY = REPOSITORY / "build" / "pictures"
REVIEWS = REPOSITORY / "examples" / "reviews"
OTHERS = ("library-roof", "tree-avenue", "cycle-lane")
START_SECONDS = 90
WAIT_SECONDS = 60
COLUMNS = 126
DESKTOP = (1040, 900)
PHONE = (390, 780)
LETTER = (660, 820)
LOOKS = {"desktop": (DESKTOP, False), "phone": (PHONE, False), "dark": (DESKTOP, True)}
COLOURS = 128
SAID = (
    ("comments", {"by": "Mara Lindqvist", "comment": "Who clears the snow?"}),
    ("comments", {"by": AUTHOR, "comment": "The town does, as on the ramp."}),
    ("decisions", {"approver": "Jonas Weber", "decision": "approve"}),
)
ADDRESS = "amara.okafor@localhost"
LINK_LINE = "it links to"
DOCUMENTS = {"design-proposal.md": "text/markdown", "elevation.png": "image/png", "site-plan.png": "image/png"}

_DARK = TerminalTheme(
    background=(24, 27, 31),
    foreground=(222, 226, 230),
    normal=[
        (24, 27, 31), (240, 113, 120), (108, 196, 149), (232, 197, 106),
        (110, 170, 240), (199, 146, 234), (110, 205, 215), (222, 226, 230),
    ],
)  # fmt: skip
_CONSOLE_PAGE = """<!doctype html><meta charset="utf-8"><style>
{stylesheet}
body {{ margin: 0; padding: 20px 24px; width: max-content; background: {background}; color: {foreground}; }}
pre {{ margin: 0; font: 14px/1.45 "DejaVu Sans Mono", monospace; }}
</style><pre><code>{code}</code></pre>"""


class Terminal:
    """A host in its own terminal, with everything that it has printed."""

    def __init__(self, process: subprocess.Popen[bytes], screen: int) -> None:
        self._process = process
        self._printed = bytearray()
        threading.Thread(target=self._read, args=(screen,), name="terminal", daemon=True).start()

    def _read(self, screen: int) -> None:
        try:
            while read := os.read(screen, 65536):
                self._printed += read
        except OSError:
            return  # the host has ended, and with it the terminal

    @property
    def screen_text(self) -> str:
        """What the host has printed so far, colours included."""
        return self._printed.decode("utf-8", "replace").replace("\r\n", "\n")

    def is_ready(self) -> bool:
        """Whether the host answers; raises PictureFailed if it has ended."""
        if self._process.poll() is not None:
            raise PictureFailed(f"The host ended before it was ready:\n{self.screen_text}")
        return "Ready on" in self.screen_text


def main() -> int:
    """Make all pictures; returns the exit status."""
    try:
        for folder in (PICTURES, EVERY):
            folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="greenlight-pictures-") as data, browser() as chromium:
            url = f"http://localhost:{_free_port()}"
            with running_host(url, Path(data)) as terminal:
                seed_others(url)
                before = len(terminal.screen_text)
                seed(url)
                shown = terminal.screen_text[before:].strip("\n")
                letter = next(each for each in reversed(letters_to(url, ADDRESS)) if "Mill Stream" in each)
                link = re.search(r'href="([^"]+/api/decide[^"]+)"', letter)
                if not link:
                    raise PictureFailed("The letter has no link.")
                address = link[1].replace("&amp;", "&")
                reader = chromium.new_context(device_scale_factor=2)
                sign_in(reader, url, READER)
                take(reader, "letter", LETTER, html=letter)
                take(reader, "inbox", DESKTOP, url=f"{url}/api/ui/inbox")
                take(reader, "decision-phone", PHONE, url=address, dark=True, at="fieldset")
                take(reader, "console", (COLUMNS * 9, 200), html=console_page(shown), whole=True)
                seed_more(url)
                for name, pictured in PAGES.items():
                    take_looks(chromium, name, pictured, url, address)
    except PictureFailed as error:
        print(f"screenshots: {error}", file=sys.stderr)
        return 1
    return 0


@contextmanager
def browser() -> Iterator[Browser]:
    """Debian's Chromium, without a window."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not path:
        raise PictureFailed("There is no Chromium on the PATH. Install it (apt install chromium), or set CHROMIUM.")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield chromium
        finally:
            chromium.close()


@contextmanager
def running_host(url: str, folder: Path) -> Iterator[Terminal]:
    """Start devhost over `folder` in a terminal, wait until it is ready, and stop it in any case."""
    command = [sys.executable, "-m", "durable_devhost", "start", "--app", str(REPOSITORY), "--clock", "virtual"]
    command += ["--port", url.rpartition(":")[2], "--data", str(folder), "--mail"]
    screen, inner = pty.openpty()
    fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 60, COLUMNS, 0, 0))
    settings = {"LINK_KEYS": secrets.token_hex(32), "PUBLIC_URL": url, "TERM": "xterm-256color"}
    process = subprocess.Popen(
        command, cwd=REPOSITORY, env=os.environ | settings, stdin=inner, stdout=inner, stderr=inner,
        start_new_session=True,
    )  # fmt: skip
    os.close(inner)
    terminal = Terminal(process, screen)
    try:
        _until(terminal.is_ready, START_SECONDS, "the host was not ready")
        yield terminal
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(START_SECONDS)
        os.close(screen)


def sign_in(context: BrowserContext, url: str, person: str) -> None:
    """Choose the person who looks at the pages."""
    page = context.new_page()
    page.goto(f"{url}/api/ui/act-as")
    page.fill("#name", person)
    page.click("button")
    page.close()


def seed_others(url: str) -> None:
    """Hand in the other proposals of the inbox on a Monday morning, and wait until all are in it."""
    now = requests.get(f"{url}/admin/devhost/info", timeout=60).json()["clock"]["now"]
    hours = _hours_until_monday(now)
    post(f"{url}/admin/devhost/clock", {"hours": hours})
    policy = json.loads((REVIEWS / "footbridge.json").read_text("utf-8"))["policy"]
    for name in OTHERS:
        form = json.loads((REVIEWS / f"{name}.json").read_text("utf-8"))
        post(f"{url}/api/proposals?id={name}", {**form, "policy": policy})
    complaint = f"{READER} had not heard of everything"
    _until(lambda: len(letters_to(url, ADDRESS)) == len(OTHERS), WAIT_SECONDS, complaint)


def seed(url: str) -> None:
    """Hand the footbridge in, let three people speak, and let 49 hours pass."""
    form = json.loads((REVIEWS / "footbridge.json").read_text("utf-8"))
    form["attachments"] = [_inline(name, kind) for name, kind in DOCUMENTS.items()]
    post(f"{url}/api/proposals?id={PROPOSAL}", form)
    complaint = f"there was no letter to {READER}"
    _until(lambda: len(letters_to(url, ADDRESS)) > len(OTHERS), WAIT_SECONDS, complaint)
    for verb, body in SAID:
        post(f"{url}/api/proposals/{PROPOSAL}/{verb}", body)
    post(f"{url}/admin/devhost/clock", {"hours": 49})


def letters_to(url: str, address: str) -> list[str]:
    """The letters to an address, oldest first, as HTML: from the host's mail catcher."""
    caught = requests.get(f"{url}/admin/devhost/letters", timeout=60).json()
    return [each["html"] for each in reversed(caught) if address in each["to"]]


def console_page(printed: str) -> str:
    """The output of a terminal, as a page; without the links in letters, which are longer than it is wide."""
    lines = [line for line in Text.from_ansi(printed).split() if LINK_LINE not in line.plain]
    for line in lines:
        line.truncate(COLUMNS, overflow="ellipsis")
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        recorder = Console(record=True, file=nowhere, width=COLUMNS, force_terminal=True)
        recorder.print(Text("\n").join(lines))
    return recorder.export_html(theme=_DARK, code_format=_CONSOLE_PAGE)


def take(
    context: BrowserContext,
    name: str,
    size: tuple[int, int],
    *,
    url: str = "",
    html: str = "",
    dark: bool = False,
    at: str = "",
    whole: bool = False,
) -> None:
    """Take a picture of a page at twice its size, as the file `name`.png of the documents.

    It shows what a window of `size` shows, from the element `at` on, or the `whole` page.
    """
    page = context.new_page()
    _look(page, size, dark=dark)
    if url:
        page.goto(url)
    else:
        page.set_content(html)
    if at:
        page.locator(at).evaluate("element => window.scrollTo(0, element.getBoundingClientRect().top - 24)")
    _save(page, PICTURES / f"{name}.png", whole=whole)
    page.close()


def take_looks(chromium: Browser, name: str, pictured: PicturedPage, url: str, address: str) -> None:
    """Open a page once, do what is to be done first, and picture it on a desktop, on a phone and in dark colours.

    `address` is the one of the decision page.
    """
    with chromium.new_context(device_scale_factor=2) as context:
        sign_in(context, url, pictured.person)
        page = context.new_page()
        _look(page, DESKTOP, dark=False)
        page.goto(url + pictured.path if pictured.path else address)
        pictured.first(page)
        for look, (size, dark) in LOOKS.items():
            _look(page, size, dark=dark)
            _save(page, EVERY / f"{name}-{look}.png", whole=True)


def _look(page: Page, size: tuple[int, int], *, dark: bool) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.emulate_media(color_scheme="dark" if dark else "light")


def _save(page: Page, path: Path, *, whole: bool) -> None:
    taken = Image.open(io.BytesIO(page.screenshot(full_page=whole)))
    taken.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path.relative_to(REPOSITORY)}  {path.stat().st_size:,} bytes")


def _inline(name: str, kind: str) -> dict[str, str]:
    content = base64.b64encode((FOOTBRIDGE / name).read_bytes()).decode()
    return {"name": name, "contentType": kind, "content": content}


def _until(holds: Callable[[], bool], seconds: float, complaint: str) -> None:
    give_up = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > give_up:
            raise PictureFailed(f"After {seconds:g} seconds {complaint}.")
        time.sleep(0.25)


def _hours_until_monday(now: str) -> float:
    at = datetime.fromisoformat(now)
    monday = (at + timedelta(days=7 - at.weekday())).replace(hour=9, minute=0, second=0, microsecond=0)
    return (monday - at) / timedelta(hours=1)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


if __name__ == "__main__":
    sys.exit(main())
