"""The activities and the entity of the recorded app."""

import asyncio
import os
from pathlib import Path

import azure.durable_functions as df

bp = df.Blueprint()


def count(name):
    """Remember on disk that `name` was here, and return how often it was: activities keep nothing in memory."""
    tally = Path(os.environ["CONFORMANCE_TALLIES"], name.replace("/", "_"))
    with tally.open("a") as file:
        file.write("|")
    return len(tally.read_text())


@bp.activity_trigger(input_name="city")
def say_hello(city: str) -> str:
    """Greet."""
    return f"Hello {city}!"


@bp.activity_trigger(input_name="n")
def square(n: int) -> int:
    """Multiply by itself."""
    return n * n


@bp.activity_trigger(input_name="value")
def identity(value):
    """Return what came."""
    return value


@bp.activity_trigger(input_name="spec")
def flaky(spec: dict):
    """Fail as often as asked for."""
    attempt = count(f"flaky-{spec['key']}")
    if attempt <= spec["fail"]:
        raise ValueError(f"flaky failure {attempt}")
    return attempt


@bp.activity_trigger(input_name="x")
def always_fails(x):
    """Fail with a message that needs escaping."""
    raise ValueError('always: ü "quoted"')


@bp.activity_trigger(input_name="n")
def make_text(n: int) -> str:
    """Return a long text whose letters take two bytes in UTF-8 and six in JSON."""
    return "é" * n


@bp.activity_trigger(input_name="text")
def measure(text: str) -> int:
    """Return how long a text is."""
    return len(text)


@bp.activity_trigger(input_name="seconds")
async def sleepy(seconds: int) -> int:
    """Take a while without a thread."""
    await asyncio.sleep(seconds)
    return seconds


@bp.entity_trigger(context_name="context")
def Counter(context: df.DurableEntityContext):
    """A number that can be added to, read, reset and deleted."""
    value = context.get_state(lambda: 0)
    match context.operation_name:
        case "add":
            context.set_state(value + context.get_input())
            context.set_result(value + context.get_input())
        case "get":
            context.set_result(value)
        case "reset":
            context.set_state(0)
        case "delete":
            context.destruct_on_exit()
        case "explode":
            raise RuntimeError("entity exploded")
