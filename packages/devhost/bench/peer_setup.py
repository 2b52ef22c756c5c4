"""Installs the peers where nothing else uses them, and starts PostgreSQL for the one that needs it."""

import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from packages.devhost.bench.contender import WorkFailed
from packages.devhost.bench.peer_process import PEERS, PeerProcess

PLACE = Path(__file__).resolve().parents[3] / "build" / "peers"
"""Not beside the peers' programs, where it would look like a part of the repository."""
PYTHON = PLACE / "venv/bin/python"
RESTATE = PLACE / "node_modules/.bin/restate-server"
_POSTGRES_USER = "postgres"
"""Debian's account of it. PostgreSQL does not run as root."""


def install() -> None:
    """Install what `peers/requirements.txt` and `peers/package.json` pin, unless it is there."""
    wanted = [PEERS / "requirements.txt", PEERS / "package.json"]
    stamp = PLACE / "installed"
    text = "".join(each.read_text() for each in wanted)
    if stamp.exists() and stamp.read_text() == text:
        return
    print("Installing the peers: DBOS, durabletask and Restate. Once, about a minute.", file=sys.stderr)
    PLACE.mkdir(parents=True, exist_ok=True)
    _run(sys.executable, "-m", "venv", "--clear", str(PLACE / "venv"))
    _run(str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(wanted[0]))
    shutil.copy(wanted[1], PLACE)
    _run("npm", "install", "--prefix", str(PLACE), "--no-audit", "--no-fund", "--loglevel", "error")
    stamp.write_text(text)


@contextmanager
def postgres() -> Iterator[str | None]:
    """Run a PostgreSQL of its own with its defaults; gives the folder of its socket, or None if there is none here."""
    programs = _postgres_programs()
    if programs is None:
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="bench-pg-"))
    as_user = ["runuser", "-u", _POSTGRES_USER, "--"] if os.geteuid() == 0 else []
    if as_user:
        shutil.chown(folder, _POSTGRES_USER)
    control = [*as_user, str(programs / "pg_ctl"), "-D", str(folder / "data"), "-w"]
    try:
        _run(*as_user, str(programs / "initdb"), "-D", str(folder / "data"), "-A", "trust", "-U", "bench", at=folder)
        _run(*control, "-l", str(folder / "log"), "-o", f"-k {folder} -c listen_addresses=''", "start", at=folder)
        yield str(folder)
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], cwd=folder, capture_output=True, check=False)
        shutil.rmtree(folder, ignore_errors=True)


def peers(postgres_folder: str | None) -> list[PeerProcess]:
    """The peers that run here."""

    def dbos(form: str) -> PeerProcess:
        def program(data: Path) -> tuple[list[str], Mapping[str, str]]:
            # A database for each start over nothing; the folder's name is as unique as it.
            name = f"bench_{uuid.uuid5(uuid.NAMESPACE_URL, str(data)).hex}"
            url = f"postgresql+psycopg://bench@/{name}?host={postgres_folder}"
            return [str(PYTHON), "dbos_peer.py", form], {"DBOS_BENCH_DATABASE": url}

        return PeerProcess(f"DBOS {form}, PostgreSQL", program)

    def durabletask(_: Path) -> tuple[list[str], Mapping[str, str]]:
        return [str(PYTHON), "durabletask_peer.py"], {}

    def restate(data: Path) -> tuple[list[str], Mapping[str, str]]:
        return [str(PYTHON), "restate_peer.py", str(RESTATE), str(data)], {}

    found = [dbos("sync"), dbos("async")] if postgres_folder else []
    return [*found, PeerProcess("durabletask, in memory", durabletask), PeerProcess("Restate", restate)]


def _postgres_programs() -> Path | None:
    """Where `initdb` and `pg_ctl` are: Debian keeps them off the PATH."""
    on_path = shutil.which("pg_ctl")
    places = [Path(on_path).resolve().parent] if on_path else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((each for each in places if (each / "initdb").exists() and (each / "pg_ctl").exists()), None)


def _run(*command: str, at: Path | None = None) -> None:
    done = subprocess.run(command, cwd=at, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise WorkFailed(f"`{' '.join(command[:4])} …` failed: {lines[-1] if lines else done.returncode}")
