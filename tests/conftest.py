"""What every test may ask for: an Azurite of its own worker."""

import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
START_SECONDS = 40
_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


@dataclass(frozen=True, slots=True, kw_only=True)
class Emulator:
    """A running Azurite that only this test process uses."""

    blob_port: int
    queue_port: int
    table_port: int

    @property
    def connection_string(self) -> str:
        """What a client needs to reach all three services."""
        ports = {"Blob": self.blob_port, "Queue": self.queue_port, "Table": self.table_port}
        endpoints = "".join(f"{name}Endpoint=http://127.0.0.1:{port}/devstoreaccount1;" for name, port in ports.items())
        return f"DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey={_KEY};{endpoints}"


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """An Azurite on free ports, in memory: one a worker, so that parallel tests never wait for each other's storage."""
    command = REPOSITORY / "node_modules" / ".bin" / "azurite"
    found = str(command) if command.exists() else shutil.which("azurite")
    if found is None:
        pytest.fail("There is no Azurite, which the tests run on. Run `make setup` first.", pytrace=False)
    folder = tmp_path_factory.mktemp("azurite")
    emulator = _free_ports()
    ports = ["--blobPort", emulator.blob_port, "--queuePort", emulator.queue_port, "--tablePort", emulator.table_port]
    options = ["--silent", "--skipApiVersionCheck", "--disableTelemetry", "--inMemoryPersistence"]
    with (folder / "azurite.log").open("wb") as log:
        process = subprocess.Popen(
            [found, *options, *map(str, ports)],
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_until_it_answers(process, emulator, folder / "azurite.log")
        yield emulator
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def _free_ports() -> Emulator:
    with ExitStack() as held:
        sockets = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(3)]
        blob, queue, table = (each.getsockname()[1] for each in sockets)
    return Emulator(blob_port=blob, queue_port=queue, table_port=table)


def _wait_until_it_answers(process: subprocess.Popen[bytes], emulator: Emulator, log: Path) -> None:
    waiting = [emulator.blob_port, emulator.queue_port, emulator.table_port]
    give_up = time.monotonic() + START_SECONDS
    while waiting:
        if process.poll() is not None or time.monotonic() > give_up:
            pytest.fail(f"Azurite did not start: {log.read_text(errors='replace')[-2000:]}", pytrace=False)
        try:
            socket.create_connection(("127.0.0.1", waiting[0]), timeout=1).close()
            waiting.pop(0)
        except OSError:
            time.sleep(0.05)
