"""With keys, each extension that has a webhook has a key of its own, as on the real host."""

import json
from pathlib import Path

from durable_devhost.host.parts import open_keys
from durable_devhost.model.functions import FunctionCatalog
from durable_devhost.options import StartOptions


def test_the_extensions_get_their_keys(tmp_path: Path) -> None:
    """From the named file; without keys nothing is written."""
    without = StartOptions(app_dir=tmp_path, data_dir=tmp_path)
    assert not open_keys(without, FunctionCatalog([]), tmp_path).is_on
    keys = open_keys(StartOptions(app_dir=tmp_path, data_dir=tmp_path, enable_auth=True), FunctionCatalog([]), tmp_path)
    stored = json.loads((tmp_path / "keys.json").read_text())["systemKeys"]
    assert set(stored) == {"durabletask_extension", "eventgrid_extension", "blobs_extension"}
    assert keys.system_key("eventgrid_extension") == stored["eventgrid_extension"]
