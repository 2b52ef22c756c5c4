"""The worker as the host sees it: a process that is always heard, and gone when it should be."""

import json
import os
import signal
import subprocess
import time
import venv
from pathlib import Path

import pytest

import durable_devhost
from durable_devhost.wire.frames import PROTOCOL
from packages.devhost.tests.worker.driver import beginning, http, started, task_completed, text

APP = """
import asyncio, os, sys, threading, time
app = df.DFApp()
lock = asyncio.Lock()

@app.activity_trigger(input_name="x")
def blocks(x):
    time.sleep(600)

@app.activity_trigger(input_name="x")
async def blocks_the_loop(x):
    time.sleep(600)

@app.activity_trigger(input_name="path")
async def waits(path):
    open(path, "w").close()
    try:
        await asyncio.Event().wait()
    finally:
        os.remove(path)

@app.activity_trigger(input_name="name")
async def setting(name):
    async with lock:
        return os.environ.get(name)

@app.route()
def one(req: func.HttpRequest) -> str: ...

@app.activity_trigger(input_name="x")
def thread(x):
    return [threading.current_thread().name, threading.main_thread().name]

@app.orchestration_trigger(context_name="context")
def story(context):
    return (yield context.call_activity("one"))
"""


def _until(condition) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_worker_greets_and_lists_its_functions(work):
    """Versions first, the catalog on request."""
    worker = work(APP)
    assert (worker.hello["protocol"], worker.hello["pid"]) == (PROTOCOL, worker.process.pid)
    assert set(worker.hello["packages"]) == {"azure-functions", "azure-functions-durable"}
    catalog = worker.load()
    assert (catalog["kind"], catalog["functions"][0]["file"]) == ("catalog", "function_app.py")
    assert json.loads(worker.call("thread", text("1"))["result"]["value"]) == [
        "ThreadPoolExecutor-0_0", "MainThread",
    ]  # fmt: skip


def test_the_process_looks_like_the_real_worker(work):
    """Its arguments, on which an app that parses the command line fails there too, and the version of Python."""
    worker = work(
        """
        import logging, os, sys
        app = df.DFApp()

        @app.activity_trigger(input_name="x")
        def surroundings(x):
            handlers = [type(each).__name__ for each in logging.getLogger().handlers]
            return [len(sys.argv), sys.argv[1], os.environ["FUNCTIONS_WORKER_RUNTIME_VERSION"], handlers]
        """
    )
    worker.load()
    seen = json.loads(worker.call("surroundings", text("1"))["result"]["value"])
    version = worker.hello["python"].rpartition(".")[0]
    assert seen == [19, "--host", version, ["AsyncLoggingHandler"]]


def test_the_app_sees_nothing_of_devhost(work):
    """Its modules may have any name of devhost's, also as folders without an __init__.py."""
    worker = work(
        """
        import sys
        import loader, index, sdk
        import worker.thing, wire.frames
        app = func.FunctionApp()

        @app.route()
        async def path(req: func.HttpRequest) -> str:
            return "\\n".join([*sys.path, loader.NAME, index.NAME, worker.thing.NAME, wire.frames.NAME])
        """,
        {"loader": "NAME = 'l'", "index": "NAME = 'i'", "sdk": "", "worker/thing.py": "NAME = 'w'",
         "wire/frames.py": "NAME = 'f'"},
    )  # fmt: skip
    assert worker.load()["kind"] == "catalog"
    lines = worker.call("path", http())["result"]["value"].splitlines()
    assert lines[-4:] == ["l", "i", "w", "f"]
    package = str(Path(durable_devhost.__file__).parent)
    assert not [line for line in lines if line.startswith(package)]
    assert worker.logs == []


def test_an_app_that_cannot_be_imported_is_refused_with_its_traceback(work):
    """The worker goes on; the host decides."""
    answer = work("raise ValueError('x')").load()
    assert answer["kind"] == "refused"
    assert answer["text"].startswith("function_app.py:3: ValueError: x.")
    assert 'function_app.py", line 3' in answer["details"]
    assert str(Path(durable_devhost.__file__).parent) not in answer["details"]


def test_a_python_without_azure_functions_greets_and_says_how_to_install_it(work, tmp_path):
    """The most frequent mistake: the wrong environment."""
    venv.create(tmp_path / "empty", symlinks=True)
    python = str(tmp_path / "empty" / "bin" / "python")
    worker = work("", python=python)
    assert worker.hello["packages"] == {"azure-functions": None, "azure-functions-durable": None}
    assert worker.load()["text"].startswith(f"azure-functions is not installed in {python}.")


def test_an_app_without_durable_functions_runs(work):
    """It needs and imports only azure-functions."""
    worker = work(
        """
        import azure.functions as func
        import sys
        app = func.FunctionApp()

        @app.route()
        def one(req: func.HttpRequest) -> str:
            return str([name for name in sys.modules if "durable_functions." in name or name == "aiohttp"])
        """,
        imports="",
    )
    worker.load()
    assert worker.call("one", http())["result"]["value"] == "[]"


def test_logs_and_prints_are_sent_at_once(work):
    """Records with their invocation, prints line by line even into a pipe."""
    worker = work(
        """
        import logging
        logging.warning("while importing")
        app = df.DFApp()

        @app.route()
        def one(req: func.HttpRequest) -> str: ...

        @app.activity_trigger(input_name="x")
        def talks(x):
            print("printed")
            logging.info("told")
            logging.getLogger("azure.core").info("never mind")

        @app.orchestration_trigger(context_name="context")
        def story(context):
            logging.debug("hidden")
            logging.error("orchestrated")
            yield context.call_activity("one")
        """,
        stdout=subprocess.PIPE,
    )
    worker.load()
    worker.call("talks", text("1"))
    worker.advance(started("story"), beginning("story"))
    assert worker.process.stdout.readline() == b"printed\n"
    assert [(log["text"], log["function"], log["invocation"]) for log in worker.logs] == [
        ("while importing", "", ""),
        ("told", "talks", "inv-1"),
        ("orchestrated", "story", "i1"),
    ]


def test_settings_change_in_order_with_calls(work):
    """Set, used, removed, missing."""
    worker = work(APP)
    worker.load()
    worker.send("environ", values={"DEVHOST_TEST": "hä", "HOME": None})
    assert worker.call("setting", text('"DEVHOST_TEST"'))["result"]["value"] == '"h\\u00e4"'
    assert worker.call("setting", text('"HOME"'))["result"] is None
    worker.send("environ", values={"DEVHOST_TEST": None, "NEVER_SET": None})
    assert worker.call("setting", text('"DEVHOST_TEST"'))["result"] is None


def test_orchestrations_run_while_the_pool_and_the_loop_are_blocked(work):
    """The host's messages are still read."""
    worker = work(APP)
    worker.load(threads=1)
    for name in ("blocks", "blocks", "blocks_the_loop"):
        worker.begin_call(name, text("1"))
    assert len(worker.advance(started("story"), beginning("story"))["actions"]) == 1
    assert worker.advance(task_completed(0, "7"))["output"] == "7"
    worker.send("drop", session="s1")
    assert worker.advance([])["kind"] == "lost"
    worker.send("stop")
    assert worker.ends_with() == 0


def test_a_stop_lets_async_functions_clean_up(work, tmp_path):
    """They are cancelled; sync ones are not waited for."""
    worker = work(APP)
    worker.load()
    waiting = tmp_path / "waiting"
    worker.begin_call("waits", text(json.dumps(str(waiting))))
    worker.begin_call("blocks", text("1"))
    _until(waiting.exists)
    worker.send("stop")
    assert worker.ends_with() == 0
    assert not waiting.exists()


def test_a_cancelled_call_cleans_up(work, tmp_path):
    """The host no longer waits for it."""
    worker = work(APP)
    worker.load()
    waiting = tmp_path / "waiting"
    number = worker.begin_call("waits", text(json.dumps(str(waiting))))
    _until(waiting.exists)
    worker.send("cancel", id=number)
    _until(lambda: not waiting.exists())


def test_the_worker_and_its_children_end_with_the_host(work):
    """Whatever user code does; forks hold no end of the connection."""
    worker = work(
        """
        import multiprocessing, time
        app = df.DFApp()

        def endless(): time.sleep(600)

        @app.activity_trigger(input_name="x")
        def forks(x):
            child = multiprocessing.get_context("fork").Process(target=endless)
            child.start()
            return child.pid

        @app.activity_trigger(input_name="x")
        async def blocks(x):
            time.sleep(600)
        """
    )
    worker.load()
    child = int(worker.call("forks", text("1"))["result"]["value"])
    worker.begin_call("blocks", text("1"))
    worker.hang_up()
    assert worker.ends_with() == 1
    _until(lambda: not _is_alive(child))


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


def test_ctrl_c_at_the_terminal_is_left_to_the_host(work):
    """Programs that the app starts still get it."""
    worker = work(
        """
        import subprocess, sys
        app = df.DFApp()

        @app.activity_trigger(input_name="x")
        def child(x):
            code = "import signal; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
            return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
        """
    )
    os.kill(worker.process.pid, signal.SIGINT)
    worker.load()
    os.kill(worker.process.pid, signal.SIGINT)
    assert worker.call("child", text("1"))["result"]["value"] == '"True\\n"'


@pytest.mark.parametrize(("name", "code"), [("exits", 5), ("spawns", 7)])
def test_a_call_or_a_task_that_exits_ends_the_process_with_its_code(work, name, code):
    """As it would end the real worker."""
    worker = work(
        """
        import asyncio, sys
        app = df.DFApp()

        async def bye(): sys.exit(7)

        @app.activity_trigger(input_name="x")
        async def exits(x):
            sys.exit(5)

        @app.activity_trigger(input_name="x")
        async def spawns(x):
            global task
            task = asyncio.create_task(bye())
            await asyncio.sleep(600)
        """
    )
    worker.load()
    worker.begin_call(name, text("1"))
    assert worker.ends_with() == code


def test_unknown_messages_are_reported_and_ignored(work):
    """A newer host, or a bug of this one."""
    worker = work(APP)
    worker.load()
    worker.send("dance")
    worker.send("drop")
    assert worker.call("thread", text("1"))["kind"] == "returned"
    assert [log["level"] for log in worker.logs] == ["warning", "error"]
    assert "does not know: dance" in worker.logs[0]["text"]


def test_bytes_of_any_size_pass(work):
    """A blob of some megabytes, in and out, and a request body."""
    worker = work(
        """
        app = func.FunctionApp()

        @app.route()
        @app.blob_input(arg_name="source", path="a/b", connection="")
        @app.blob_output(arg_name="target", path="a/c", connection="")
        def copy(req: func.HttpRequest, source: bytes, target: func.Out[bytes]) -> func.HttpResponse:
            target.set(source + source)
            return func.HttpResponse(req.get_body()[::-1])
        """
    )
    worker.load()
    big = os.urandom(3_000_000)
    answer = worker.call("copy", http("POST", b"\x00\xff"), inputs={"source": text(big, "bytes")})
    assert answer["outputs"]["target"]["value"] == big + big
    assert answer["result"]["body"] == b"\xff\x00"
