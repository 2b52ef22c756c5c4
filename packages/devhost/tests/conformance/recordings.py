"""Make what a host did comparable with what was recorded: times, ids, addresses and .NET stack frames are cut out."""

import json
import re
from pathlib import Path

_FOLDER = Path(__file__).parent
_EXCEPTION = '{"$type":"System.Exception, '
_EXCEPTION_INSIDE_JSON = _EXCEPTION.replace('"', '\\"')
_REPLACED = (
    (re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "<guid>"),
    (re.compile(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])"), "<id>"),
    (re.compile(r"(?!0001)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?"), "<time>"),
    (re.compile(r"http://(?:127\.0\.0\.1|localhost):\d+"), "<host>"),
    (re.compile(r"-[0-9A-F]{8}-"), "-<hash>-"),
    (re.compile(r"[&?]code=[^&\"]*"), ""),
)
# What is the other host's own, or was made by a stack of another language.
_DROPPED = frozenset({"StackTrace", "RemoteStackTrace", "headers"})


def recording(name):
    """The content of the folder's JSON file `name`."""
    return json.loads((_FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def comparable(value, instance_id=None):
    """`value` without what differs from run to run; `instance_id` is replaced wherever it occurs."""
    match value:
        case dict():
            return {key: "…" if key in _DROPPED else comparable(item, instance_id) for key, item in value.items()}
        case list():
            return [comparable(item, instance_id) for item in value]
        case str():
            return _text(value, instance_id)
    return value


def as_lines(value):
    """`value` as lines of JSON: unlike Python's comparison it tells 1 from True and heeds the order of keys."""
    return json.dumps(value, ensure_ascii=False, indent=1).splitlines()


def _text(text, instance_id):
    if len(text) > 1000 and len(set(text)) == 1:
        return f"{text[0]} times {len(text)}"
    head, found, tail = text.partition(_EXCEPTION)
    if found:
        return _text(head, instance_id) + _exception(json.loads(found + tail), instance_id)
    if _EXCEPTION_INSIDE_JSON in text:
        return json.dumps(comparable(json.loads(text), instance_id), ensure_ascii=False)
    for pattern, replacement in _REPLACED:
        text = pattern.sub(replacement, text)
    return re.sub(rf"(?<!\w){re.escape(instance_id)}(?!\w)", "<instance>", text) if instance_id else text


def _exception(details, instance_id):
    inner = details.get("InnerException")
    if inner:
        inner["Message"] = inner["Message"].partition("\nStack:")[0]
    return json.dumps(comparable(details, instance_id), ensure_ascii=False)
