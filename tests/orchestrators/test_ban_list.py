"""The linter refuses, in the folder of the workflows, what differs between two runs."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BANNED = [
    "from datetime import datetime\n\nNOW = datetime.now()",
    "from datetime import date\n\nTODAY = date.today()",
    "import time\n\nNOW = time.monotonic()",
    "import random\n\nDRAWN = random.random()",
    "import secrets\n\nDRAWN = secrets.token_hex()",
    "import uuid\n\nDRAWN = uuid.uuid4()",
    "import os\n\nSETTING = os.environ",
    "import asyncio\n\nWAIT = asyncio.sleep",
    "import threading\n\nLOCK = threading.Lock()",
    "import socket\n\nCALL = socket.socket",
    "import requests\n\nCALL = requests.get",
    "import urllib.request\n\nCALL = urllib.request.urlopen",
    "from pathlib import Path\n\nTEXT = Path",
    "import logging\n\nLOG = logging.getLogger",
    "from gateways import clock\n\nNOW = clock.now()",
    "from azure.storage.blob import BlobServiceClient\n\nCLIENT = BlobServiceClient",
]


def complaints(folder, code):
    """What ruff's ban list says of a module of that folder."""
    command = [sys.executable, "-m", "ruff", "check", "--select", "TID251", "--output-format", "concise", "-"]
    stdin = f'"""A module."""\n\n{code}\n'
    return subprocess.run(
        [*command, "--stdin-filename", f"{folder}/example.py"], input=stdin, cwd=ROOT, capture_output=True, text=True
    ).stdout


@pytest.mark.parametrize("code", BANNED, ids=lambda code: code.rpartition("\n")[2])
def test_nondeterministic_code_is_refused_in_orchestrators(code):
    """Each with the deterministic replacement."""
    assert "TID251" in complaints("orchestrators", code)


def test_elsewhere_the_same_code_is_allowed():
    """The rule covers only this folder."""
    assert "TID251" not in complaints("gateways", "import os\n\nSETTING = os.environ")
