"""A server with several processes on the tests' database."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from tests.attack.client import Answer, Request, send_at_once

ROOT = Path(__file__).parents[2]
PROCESSES, THREADS = 3, 17


class Server:
    """The running server, and the messages it sent."""

    def __init__(self, port: int, messages: Path, pid: int) -> None:
        self.port = port
        self.messages = messages
        self.pid = pid

    def at_once(self, requests: list[Request]) -> list[Answer]:
        """Send requests in parallel."""
        return send_at_once(self.port, requests)

    def one(self, request: Request) -> Answer:
        """Send one request."""
        return send_at_once(self.port, [request])[0]


@pytest.fixture(params=["atomic_requests", "autocommit"])
def atomic_requests(request: pytest.FixtureRequest) -> bool:
    return request.param == "atomic_requests"


@pytest.fixture(params=["default", "repeatable read"])
def isolation(request: pytest.FixtureRequest) -> str:
    if request.param == "default":
        return ""
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has one isolation level")
    return str(request.param)


@pytest.fixture
def server(
    transactional_db: None, tmp_path: Path, atomic_requests: bool, isolation: str
) -> Iterator[Server]:
    """Start the server and end it."""
    if not settings.HAS_DRF:
        pytest.skip("the attacks go through the API")
    if importlib.util.find_spec("gunicorn") is None:
        pytest.skip("gunicorn is not installed")
    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        pytest.skip("several processes need a database that is not in memory: SQLITE_TEST_FILE")
    messages = tmp_path / "messages.jsonl"
    messages.touch()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        _command(port),
        cwd=ROOT,
        env=_environment(messages, atomic_requests, isolation),
        stdout=subprocess.DEVNULL,
    )
    try:
        _wait_for(port)
        yield Server(port, messages, process.pid)
    finally:
        process.terminate()
        process.wait(timeout=30)


def _command(port: int) -> list[str]:
    return [
        sys.executable, "-m", "gunicorn", "tests.attack.wsgi", "--bind", f"127.0.0.1:{port}",
        "--workers", str(PROCESSES), "--threads", str(THREADS), "--log-level", "warning",
    ]  # fmt: skip


def _environment(messages: Path, atomic_requests: bool, isolation: str) -> dict[str, Any]:
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
        "DJANGO_SETTINGS_MODULE": "tests.attack.settings",
        "ATTACK_DATABASE": str(connection.settings_dict["NAME"]),
        "ATTACK_ATOMIC_REQUESTS": "1" if atomic_requests else "0",
        "ATTACK_ISOLATION": isolation,
        "ATTACK_MESSAGES": str(messages),
    }


def _wait_for(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError("The server did not start.")
