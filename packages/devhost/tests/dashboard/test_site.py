"""The dashboard behind a real HTTP server, over a client in memory: pages, forms, and who may see and send them."""

import re
from datetime import timedelta

import pytest

from durable_devhost.clock import VirtualClock
from durable_devhost.dashboard.sources import StatusChange
from durable_devhost.model.history import RuntimeStatus, TaskScheduled
from packages.devhost.tests.dashboard.sites import Opened
from packages.devhost.tests.durable.memory import NOW

PAGES = ("", "instances", "instance?id=mine", "entities", "queues", "mail", "live", "clock", "settings")


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_allows_no_foreign_content_and_no_frame(opened: Opened, path: str) -> None:
    """No inline script and no inline style, so the policy needs no exception."""
    site = await opened()
    async with site.http.get(f"/devhost/{path}") as answer:
        text = await answer.text()
    assert (200, "no-store", "nosniff") == (
        answer.status,
        answer.headers["Cache-Control"],
        answer.headers["X-Content-Type-Options"],
    )
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<style|style=|<script(?! src=)|\son\w+=|https?://", text)
    assert 'aria-current="page"' in text


async def test_forms_may_send_their_origin(opened: Opened) -> None:
    """With `no-referrer` browsers send `Origin: null`, which the guard refuses (Fetch standard, Origin header)."""
    site = await opened()
    async with site.http.get("/devhost/") as answer:
        assert answer.headers["Referrer-Policy"] == "same-origin"


async def test_the_root_leads_to_the_pages_and_the_files_exist(opened: Opened) -> None:
    """One stylesheet and one script."""
    site = await opened()
    async with site.http.get("/devhost", allow_redirects=False) as answer:
        assert (303, "/devhost/") == (answer.status, answer.headers["Location"])
    for name, kind in (("style.css", "text/css"), ("live.js", "text/javascript")):
        async with site.http.get(f"/devhost/{name}") as answer:
            assert (200, kind) == (answer.status, answer.content_type)
    assert (await site.get("nowhere"))[0] == 404
    assert (await site.get("instance?id=nobody"))[0] == 404


async def test_functions_have_links_and_buttons(opened: Opened) -> None:
    """A link if a browser can follow it, a button if nothing else calls the function."""
    site = await opened()
    _, text = await site.get("")
    assert '<a href="/api/read">' in text
    assert "/api/write/{id}" in text
    assert 'href="/api/write' not in text
    assert ["nightly", "on_order", "asleep"] == re.findall(r'name="function" value="(\w+)"', text)


async def test_a_function_is_run_with_its_button(opened: Opened) -> None:
    """With the typed input; one that cannot run says why."""
    site = await opened()
    assert await site.send("run", function="on_order", input='{"a": 1}') == (303, "/devhost/live")
    assert site.ran == [("on_order", '{"a": 1}')]
    status, text = await site.send("run", function="work")
    assert (409, True) == (status, "It is an activity." in text)


async def test_instances_are_filtered(opened: Opened) -> None:
    """By status, name, beginning of the id and time; entities are left out."""
    site = await opened()
    site.bench.put("other", RuntimeStatus.COMPLETED, name="Second")
    site.bench.put("@counter@a", RuntimeStatus.RUNNING)
    seen = {}
    for query in (
        "",
        "?status=Completed",
        "?name=second",
        "?prefix=mi",
        "?from=2026-11-22T00:00",
        "?to=2026-11-22T00:00",
    ):
        _, text = await site.get(f"instances{query}")
        seen[query] = re.findall(r'href="/devhost/instance\?id=([^"]+)"', text)
    assert {
        "": ["mine", "other"], "?status=Completed": ["other"], "?name=second": ["other"], "?prefix=mi": ["mine"],
        "?from=2026-11-22T00:00": [], "?to=2026-11-22T00:00": ["mine", "other"],
    } == seen  # fmt: skip
    _, text = await site.get("instances?from=yesterday")
    assert "A time looks like" in text


async def test_the_list_of_instances_has_pages(opened: Opened) -> None:
    """Each instance is listed once, and the filter stays."""
    site = await opened()
    for number in range(120):
        site.bench.put(f"p{number:03}", RuntimeStatus.RUNNING)
    seen, path = list[str](), "instances?prefix=p"
    while path:
        _, text = await site.get(path)
        seen += re.findall(r'href="/devhost/instance\?id=([^"]+)"', text)
        following = re.search(r'href="/devhost/(instances\?[^"]*after=[^"]*)"', text)
        path = following[1].replace("&amp;", "&") if following else ""
    assert seen == [f"p{number:03}" for number in range(120)]


async def test_an_instance_is_shown_with_its_picture_and_traceback(opened: Opened) -> None:
    """Texts of users stay text."""
    site = await opened()
    site.bench.hub.history.events["mine"] = [TaskScheduled(timestamp=NOW, event_id=0, name="<i>work")]
    _, text = await site.get("instance?id=mine")
    assert "<svg" in text
    assert "&lt;i&gt;work" in text
    assert "the frames of &lt;user&gt; code" in text
    assert "<b>" not in text
    assert ["raise", "suspend", "terminate"] == re.findall(r'name="action" value="(\w+)"', text)


async def test_inputs_that_the_host_remembers_are_shown(opened: Opened) -> None:
    """Those of the execution that the row names."""
    site = await opened()
    site.bench.hub.history.events["mine"] = [TaskScheduled(timestamp=NOW, event_id=0, name="work")]
    site.inputs["another"] = {0: '"not this"'}
    execution = site.bench.hub.instances.rows["mine"].execution_id
    site.inputs[execution] = {0: '"<u>given"'}
    _, text = await site.get("instance?id=mine")
    assert ("&lt;u&gt;given" in text, "not this" in text) == (True, False)


async def test_the_custom_statuses_that_this_host_saw_are_in_picture_and_table(opened: Opened) -> None:
    """What people wrote stays text; an instance that is older than the host had others before."""
    site = await opened()
    site.bench.hub.history.events["mine"] = [TaskScheduled(timestamp=NOW, event_id=0, name="work")]
    assert "Custom status as it changed" not in (await site.get("instance?id=mine"))[1]
    times = (NOW, NOW + timedelta(minutes=1), NOW + timedelta(minutes=2))
    texts = ('"<i>one"', None, '"two"')
    site.statuses["mine"] = [StatusChange(at=at, text=text) for at, text in zip(times, texts, strict=True)]
    _, text = await site.get("instance?id=mine")
    assert text.count('class="bar custom') == 2
    assert "&lt;i&gt;one" in text
    assert "<i>one" not in text
    assert "are not known" not in text


async def test_changes_before_the_start_of_the_host_are_said_to_be_unknown(opened: Opened) -> None:
    """Storage has only the last one."""
    site = await opened(since=NOW + timedelta(days=1))
    _, text = await site.get("instance?id=mine")
    assert "Those before its start" in text
    assert "Custom statuses, the oldest first: none." in text


async def test_an_instance_with_an_unreadable_history_can_still_be_terminated(opened: Opened) -> None:
    """The page says what is wrong."""
    site = await opened()
    site.bench.hub.history.corrupt.add("mine")
    status, text = await site.get("instance?id=mine")
    assert (200, True, True) == (status, "it is odd" in text, 'value="terminate"' in text)


async def test_the_status_decides_which_actions_are_offered(opened: Opened) -> None:
    """A failed instance can be rewound, an ended one purged, a suspended one resumed."""
    site = await opened()
    offered = {}
    for status in (RuntimeStatus.FAILED, RuntimeStatus.COMPLETED, RuntimeStatus.SUSPENDED):
        site.bench.put("x", status)
        _, text = await site.get("instance?id=x")
        offered[status.value] = re.findall(r'name="action" value="(\w+)"', text)
    assert {
        "Failed": ["rewind", "restart", "purge"],
        "Completed": ["restart", "purge"],
        "Suspended": ["raise", "resume", "terminate"],
    } == offered


async def test_every_action_on_an_instance_works(opened: Opened) -> None:
    """Event, suspend, resume, terminate, restart, purge; an impossible one gets a sentence."""
    site = await opened()
    rows, here = site.bench.hub.instances.rows, (303, "/devhost/instance?id=mine")
    assert await site.send("instance", id="mine", action="raise", event="Go", payload='{"a": 1}') == here
    assert site.bench.engine.posted[-1].event.input == '{"a": 1}'  # type: ignore[attr-defined]
    assert (await site.send("instance", id="mine", action="raise", event="Go", payload="plain"))[0] == 409
    assert await site.send("instance", id="mine", action="suspend", reason="why") == here
    assert rows["mine"].status is RuntimeStatus.SUSPENDED
    assert (await site.send("instance", id="mine", action="suspend"))[0] == 409
    assert await site.send("instance", id="mine", action="resume") == here
    assert await site.send("instance", id="mine", action="terminate", reason="enough") == here
    assert rows["mine"].status is RuntimeStatus.TERMINATED
    assert (await site.send("instance", id="mine", action="rewind"))[0] == 409
    status, place = await site.send("instance", id="mine", action="restart")
    assert (303, True) == (status, place.rpartition("=")[2] in rows)
    assert await site.send("instance", id="mine", action="purge") == (303, "/devhost/instances")
    assert "mine" not in rows
    assert (await site.send("instance", id="mine", action="dance"))[0] == 409
    assert (await site.send("nowhere"))[0] == 409


async def test_entities_are_shown_with_their_state(opened: Opened) -> None:
    """It is inside the scheduler's state, as JSON in JSON."""
    site = await opened()
    site.bench.put("@counter@a", RuntimeStatus.RUNNING, input='{"exists": true, "state": "42"}')
    _, text = await site.get("entities?prefix=counter")
    assert "@counter@a" in text
    assert "<pre>42</pre>" in text
    assert "@counter@a" not in (await site.get("entities?prefix=other"))[1]


async def test_buttons_move_the_clock(opened: Opened) -> None:
    """To the next timer or by hours; never back."""
    site = await opened(next_due=VirtualClock().now() + timedelta(hours=5))
    for form in ({"action": "next"}, {"action": "72"}, {"hours": "1.5"}):
        assert await site.send("clock", **form) == (303, "/devhost/clock")
    assert site.moved[1:] == [timedelta(hours=72), timedelta(hours=1.5)]
    assert timedelta(hours=4.9) < site.moved[0] <= timedelta(hours=5)
    for hours in ("-1", "x", "nan", "1e9", ""):
        assert (await site.send("clock", hours=hours))[0] == 409
    assert len(site.moved) == 3


async def test_the_system_clock_is_not_moved(opened: Opened) -> None:
    """The form is refused."""
    site = await opened(is_virtual=False)
    async with site.http.post("/devhost/clock", data={"action": "1"}) as answer:
        assert answer.status == 409


async def test_settings_are_shown_without_secrets(opened: Opened) -> None:
    """With the storage calls by kind."""
    _, text = await (await opened()).get("settings")
    assert "hunter2" not in text
    assert "&lt;script&gt;" in text
    assert "3 calls since the start" in text


async def test_the_console_shows_the_newest_line_first(opened: Opened) -> None:
    """With links to the instances."""
    _, text = await (await opened()).get("live")
    assert text.index("/api/x") < text.index("/devhost/instance?id=mine")


async def test_a_form_of_another_process_changes_nothing(opened: Opened) -> None:
    """A page from before a restart, or an invented form."""
    site = await opened()
    for token in ("", "made-up", "\ud800"[:0] + "ü"):
        assert (await site.send("instance", token=token, id="mine", action="terminate"))[0] == 409
    assert site.bench.hub.instances.rows["mine"].status is RuntimeStatus.RUNNING
    async with site.http.put("/devhost/clock") as answer:
        assert answer.status == 404


async def test_with_keys_the_dashboard_needs_the_master_key(opened: Opened) -> None:
    """Once, in the URL, from which it is then removed; programs send it as a header."""
    site = await opened(key="master")
    assert (await site.get(""))[0] == 401
    assert (await site.get("?code=wrong"))[0] == 401
    assert (await site.get("settings", headers={"x-functions-key": "master"}))[0] == 200
    async with site.http.post("/devhost/clock", data={"hours": "1"}) as answer:
        assert answer.status == 401
    async with site.http.get("/devhost/?code=master", allow_redirects=False) as answer:
        cookie = answer.headers["Set-Cookie"]
        assert (303, "/devhost/") == (answer.status, answer.headers["Location"])
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "master" not in cookie
    assert (await site.get(""))[0] == 200
    assert await site.send("clock", hours="1") == (303, "/devhost/clock")
