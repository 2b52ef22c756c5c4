"""Azurite with the lookups that devhost gives it finds what it finds without them, and looks at less."""

import json
import subprocess
from pathlib import Path

import pytest

from durable_devhost.azurite import command
from durable_devhost.azurite.command import QUICK_LOOKUPS, find_command, node_environment

ROOT = Path(__file__).resolve().parents[4]

_COMPARE = """
const Loki = require("lokijs");
const rows = new Loki("x").addCollection("rows", { indices: ["PartitionKey", "RowKey"], disableMeta: true });
const looked = { count: 0 };
const equal = Loki.LokiOps.$eq;
Loki.LokiOps.$eq = (...given) => { looked.count++; return equal(...given); };
const key = (row) => `${row.PartitionKey} ${row.RowKey}`;
const kept = new Map();
let seed = 7;
const next = (most) => (seed = (seed * 48271) % 2147483647) % most;
const wrong = [];
for (let step = 0; step < 4000; step++) {
  const wanted = { PartitionKey: `p${next(12)}`, RowKey: `r${next(40)}` };
  const found = rows.findOne(wanted);
  if ((found?.value ?? null) !== (kept.get(key(wanted)) ?? null)) wrong.push(wanted);
  if (!found) { rows.insert({ ...wanted, value: step }); kept.set(key(wanted), step); }
  else if (next(2)) { rows.remove(found); kept.delete(key(wanted)); }
  else { found.value = step; rows.update(found); kept.set(key(wanted), step); }
}
const lone = rows.findOne({ PartitionKey: "p1" }) !== null && rows.findOne({ value: 1.5 }) === null;
for (let number = 0; number < 1000; number++) rows.insert({ PartitionKey: "long", RowKey: `n${number}` });
for (let number = 0; number < 1000; number++) rows.insert({ PartitionKey: `many${number}`, RowKey: "same" });
looked.count = 0;
const last = rows.findOne({ PartitionKey: "long", RowKey: "n999" }).RowKey;
const first = rows.findOne({ PartitionKey: "many5", RowKey: "same" }).PartitionKey;
console.log(JSON.stringify({ wrong, lone, looked: looked.count, last, first }));
"""


def _run(script: str, *options: str, folder: Path) -> str:
    done = subprocess.run(["node", *options, "-e", script], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.fixture
def packages() -> Path:
    """Where Azurite's own packages are found."""
    return find_command(ROOT).resolve().parents[3]


def test_the_same_rows_are_found_and_few_are_looked_at(packages: Path) -> None:
    """In 4,000 random reads, writes and deletes; neither a long partition nor a common row key makes it slow."""
    found = json.loads(_run(_COMPARE, "--require", str(QUICK_LOOKUPS), folder=packages))
    assert (found["wrong"], found["lone"], found["last"], found["first"]) == ([], True, "n999", "many5")
    assert found["looked"] <= 4


def test_without_them_azurite_looks_through_the_partition(packages: Path) -> None:
    """If LokiJS does that itself one day, this fails, and the lookups can go."""
    assert json.loads(_run(_COMPARE, folder=packages))["looked"] > 1000


@pytest.mark.parametrize("store", ["module.exports = {}", "module.exports = null", "exports.Collection = class {}"])
def test_another_store_is_left_as_it_is(tmp_path: Path, store: str) -> None:
    """A version of LokiJS that is built in another way works without them."""
    (tmp_path / "node_modules" / "lokijs").mkdir(parents=True)
    (tmp_path / "node_modules" / "lokijs" / "index.js").write_text(store)
    script = 'const loki = require("lokijs"); console.log(Object.keys(loki?.Collection?.prototype ?? {}).length)'
    assert _run(script, "--require", str(QUICK_LOOKUPS), folder=tmp_path) == "0\n"


def test_azurite_loads_the_quick_lookups_after_what_the_user_loads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Node itself reads the option back, from a folder whose name has a blank, a quote and a backslash."""
    lookups = tmp_path / 'a "b" \\ c' / "lookups.cjs"
    lookups.parent.mkdir()
    lookups.write_text("console.log('loaded')")
    monkeypatch.setattr(command, "QUICK_LOOKUPS", lookups)
    monkeypatch.setenv("NODE_OPTIONS", "--max-old-space-size=300")
    environ = node_environment()
    assert environ["NODE_OPTIONS"].startswith("--max-old-space-size=300 --require ")
    done = subprocess.run(["node", "-e", "0"], env=environ, capture_output=True, text=True, check=True)
    assert done.stdout == "loaded\n"
