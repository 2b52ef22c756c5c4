"""Answers the requests below `/devhost/`: which page, which action, and who may see them.

`durable_devhost.triggers.guard` has turned away pages of other sites before. A form must carry the token of this
process besides. With keys on, the first visit takes the master key (`/devhost/?code=…`) for a cookie of this process.
"""

import json
import secrets
from datetime import timedelta
from hmac import compare_digest
from importlib.resources import files
from urllib.parse import quote

from aiohttp import hdrs, web

from durable_devhost.dashboard.functions import functions_page
from durable_devhost.dashboard.instances import Instances
from durable_devhost.dashboard.letters import FRAME_POLICY, Download, Letters, letter_number, no_mailbox_page
from durable_devhost.dashboard.page import HEADERS, ROOT, address, message, page
from durable_devhost.dashboard.running import clock_page, live_page, settings_page
from durable_devhost.dashboard.sources import Sources
from durable_devhost.dashboard.stores import entities_page, queues_page
from durable_devhost.durable.client.errors import ClientError
from durable_devhost.durable.ports import InstanceExists
from durable_devhost.errors import DevhostError
from durable_devhost.storage.account import StorageFailure
from durable_devhost.taskhub.failures import CorruptHistory
from durable_devhost.triggers.keys import KEY_HEADER, KEY_PARAMETER

_COOKIE = "devhost-dashboard"
_FILES = {"style.css": "text/css", "live.js": "text/javascript"}
_POLICY = "Content-Security-Policy"
_LONGEST_JUMP = timedelta(days=366)


class ActionRefused(Exception):
    """What was asked for cannot be done; the text says why."""


class Dashboard:
    """The dashboard of one host. Its token and its cookie are made anew with each process."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._token = secrets.token_urlsafe(24)
        self._session = secrets.token_urlsafe(24)
        self._instances = Instances(sources, self._token)
        self._letters = Letters(sources.mailbox, self._token) if sources.mailbox else None

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one request to `/devhost` or below it."""
        path = request.path.rstrip("/").removeprefix(ROOT.rstrip("/")).lstrip("/")
        if kind := _FILES.get(path):
            text = (files("durable_devhost.dashboard") / path).read_text(encoding="utf-8")
            return web.Response(text=text, content_type=kind, charset="utf-8", headers=HEADERS)
        if not self._is_admitted(request):
            return self._enter(request)
        if request.path == ROOT.rstrip("/"):
            return _moved(ROOT)
        try:
            if request.method == hdrs.METH_POST:
                return _moved(await self._act(path, request))
            if request.method not in (hdrs.METH_GET, hdrs.METH_HEAD):
                raise ActionRefused(f"Nothing here answers {request.method}.")
            if path.startswith("letter"):
                return await self._letter(path, request)
            text = await self._page(path, request)
        except (ClientError, InstanceExists, ActionRefused) as error:
            return _html(_wrong(str(error)), 409 if request.method == hdrs.METH_POST else 404)
        except (StorageFailure, DevhostError, CorruptHistory, OSError) as error:
            return _html(_wrong(str(error)), 500)
        return _html(text)

    async def _letter(self, path: str, request: web.Request) -> web.Response:
        """A letter, or a part of it: as a page, as the document in that page's frame, or as a file to save."""
        number = letter_number(request.query.get("id", ""))
        if self._letters is None or number is None:
            raise ActionRefused("There is no such letter.")
        match path:
            case "letter":
                if shown := await self._letters.one(number):
                    return _html(shown, policy=f"{HEADERS[_POLICY]}; frame-src 'self'")
            case "letter/html":
                if (framed := await self._letters.frame(number)) is not None:
                    return _html(framed, policy=FRAME_POLICY)
            case "letter/raw" | "letter/file":
                part = request.query.get("part", "") if path == "letter/file" else ""
                if download := await self._letters.file(number, part):
                    return _saved(download)
        raise ActionRefused(
            "There is no such letter, or no such part of it. The oldest are deleted when there are many."
        )

    async def _page(self, path: str, request: web.Request) -> str:
        query, sources = dict(request.query), self._sources
        match path:
            case "":
                return functions_page(sources.catalog(), sources.route_prefix, self._token)
            case "instances":
                return await self._instances.several(query)
            case "instance":
                return await self._instances.one(query.get("id", ""))
            case "entities":
                return await entities_page(sources.client, query.get("prefix", ""), query.get("after"))
            case "queues":
                return await queues_page(sources.queues())
            case "mail":
                return await self._letters.several(query) if self._letters else no_mailbox_page()
            case "live":
                return live_page(sources.recent())
            case "clock":
                clock = sources.clock
                return clock_page(clock.kind, clock.now(), sources.next_due(), self._token)
            case "settings":
                return settings_page(sources.facts(), sources.settings())
            case _:
                raise ActionRefused("There is no such page.")

    async def _act(self, path: str, request: web.Request) -> str:
        """Do what a form asks for, and return the address of the page to show next."""
        form = {name: str(value) for name, value in (await request.post()).items()}
        if not compare_digest(form.get("token", "").encode(errors="replace"), self._token.encode()):
            raise ActionRefused("The host has started anew since this page was shown. Load it again, then repeat this.")
        match path:
            case "instance":
                return await self._change(form.get("id", ""), form)
            case "run":
                if refusal := self._sources.run(form.get("function", ""), form.get("input", "")):
                    raise ActionRefused(refusal)
                return address("live")
            case "clock":
                return await self._move(form)
            case "mail" if self._letters is not None:
                return self._delete(form)
            case _:
                raise ActionRefused("There is no such action.")

    async def _change(self, instance_id: str, form: dict[str, str]) -> str:
        client, reason = self._sources.client, form.get("reason") or None
        match form.get("action"):
            case "raise":
                await client.raise_event(instance_id, form.get("event", ""), _json(form.get("payload", "")))
            case "suspend":
                await client.suspend(instance_id, reason)
            case "resume":
                await client.resume(instance_id, reason)
            case "terminate":
                await client.terminate(instance_id, reason)
            case "rewind":
                await client.rewind(instance_id, reason)
            case "restart":
                instance_id = await client.restart(instance_id)
            case "purge":
                await client.purge(instance_id)
                return address("instances")
            case _:
                raise ActionRefused("There is no such action.")
        return address("instance", id=instance_id)

    def _delete(self, form: dict[str, str]) -> str:
        assert self._letters is not None
        asked = form.get("id", "")
        match form.get("action"), letter_number(asked):
            case "clear", None if not asked:
                self._letters.clear()
            case "delete", int() as number:
                self._letters.delete(number)
            case _:
                raise ActionRefused("There is no such action.")
        return address("mail")

    async def _move(self, form: dict[str, str]) -> str:
        if self._sources.move is None:
            raise ActionRefused("This host runs on the system clock. Start it with --clock virtual to move time.")
        action, now = form.get("action", ""), self._sources.clock.now()
        if action == "next":
            due = self._sources.next_due()
            by = max((due or now) - now, timedelta())
        else:
            try:
                by = timedelta(hours=float(action or form.get("hours", "")))
            except (ValueError, OverflowError):
                raise ActionRefused("Hours are a number.") from None
            if not timedelta() <= by <= _LONGEST_JUMP:
                raise ActionRefused("Time only goes forward, and by a year at most.")
        await self._sources.move(by)
        return address("clock")

    def _is_admitted(self, request: web.Request) -> bool:
        cookie = request.cookies.get(_COOKIE, "")
        presented = request.headers.get(KEY_HEADER)
        return self._sources.admits(presented) or compare_digest(
            cookie.encode(errors="replace"), self._session.encode()
        )

    def _enter(self, request: web.Request) -> web.Response:
        """Take the key out of the address, where the browser's history would keep it."""
        if request.method != hdrs.METH_GET or not self._sources.admits(request.query.get(KEY_PARAMETER)):
            told = "Keys are on. Open /devhost/?code= with the masterKey of keys.json in the data folder."
            return _html(page("Not let in", message(told, is_bad=True), place="-"), 401)
        response = _moved(ROOT)
        response.set_cookie(_COOKIE, self._session, path=ROOT.rstrip("/"), httponly=True, samesite="Strict")
        return response


def _json(text: str) -> str:
    try:
        json.loads(text or "null")
    except ValueError as error:
        raise ActionRefused(f"The payload is not JSON: {error}. A text needs quotation marks.") from None
    return text or "null"


def _html(text: str, status: int = 200, *, policy: str = HEADERS[_POLICY]) -> web.Response:
    headers = {**HEADERS, _POLICY: policy}
    return web.Response(status=status, text=text, content_type="text/html", charset="utf-8", headers=headers)


def _saved(download: Download) -> web.Response:
    """A file that a browser saves and never shows; its name is of the letter, so it is quoted (RFC 8187)."""
    disposition = f"attachment; filename*=UTF-8''{quote(download.name, safe='')}"
    headers = {**HEADERS, hdrs.CONTENT_DISPOSITION: disposition}
    return web.Response(body=download.content, content_type=download.kind, headers=headers)


def _moved(where: str) -> web.Response:
    return web.Response(status=303, headers={**HEADERS, hdrs.LOCATION: where})


def _wrong(text: str) -> str:
    return page("That did not work", message(text, is_bad=True), place="-")
