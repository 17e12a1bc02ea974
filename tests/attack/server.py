"""A server with several processes on the tests' database, to be stopped, started and killed."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import connection

from tests.attack.client import Answer, Request, send, send_at_once
from tests.attack.figures import Figures

ROOT = Path(__file__).parents[2]
PROCESSES, THREADS = 3, 17


@dataclass(frozen=True)
class Site:
    """How the site is run."""

    atomic_requests: bool
    #: "" for the one that Django chooses.
    isolation: str
    #: What differs from the package's defaults, without the prefix.
    settings: dict[str, Any] = field(default_factory=dict)


class Server:
    """The server, and the messages it sent."""

    def __init__(self, site: Site, messages: Path, threads: int = THREADS) -> None:
        self.site = site
        self.messages = messages
        self.figures = Figures()
        self._threads = threads
        self._process: subprocess.Popen[bytes] | None = None
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]

    def start(self) -> None:
        """Start it, and wait until it listens."""
        self._process = subprocess.Popen(
            self._command(),
            cwd=ROOT,
            env={**os.environ, **self._environment()},
            stdout=subprocess.DEVNULL,
            # A group of its own, so that a power cut takes the whole of it and nothing else.
            start_new_session=True,
        )
        for _ in range(600):
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise TimeoutError("The server did not start.")

    def stop(self) -> None:
        """End it as a service manager does, with SIGTERM."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=60)
            self._process = None

    def restart(self) -> None:
        """Stop it and start it again."""
        self.stop()
        self.start()

    def workers(self) -> list[int]:
        """Return the ids of its worker processes."""
        assert self._process is not None
        pid = self._process.pid
        return [
            int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        ]

    def cut_power(self) -> None:
        """Kill all of its processes at once."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(timeout=60)
        self._process = None

    def at_once(
        self, requests: list[Request], meanwhile: Callable[[], object] | None = None
    ) -> list[Answer]:
        """Send requests in parallel. None of them may end in a server error."""
        answers = send_at_once(self.port, requests, meanwhile)
        self.figures.check(answers)
        return answers

    def one(self, request: Request) -> Answer:
        """Send one request."""
        answer = send(request, self.port)
        self.figures.check([answer])
        return answer

    def sent(self) -> list[dict[str, str]]:
        """Return the messages that were sent."""
        # What follows the last line break is being written at this moment.
        lines = self.messages.read_text("utf-8").split("\n")[:-1]
        return [json.loads(line) for line in lines]

    def _command(self) -> list[str]:
        return [
            sys.executable, "-m", "gunicorn", "tests.attack.wsgi", "--bind", f"127.0.0.1:{self.port}",
            "--workers", str(PROCESSES), "--threads", str(self._threads), "--preload",
            "--log-level", "error",
        ]  # fmt: skip

    def _environment(self) -> dict[str, str]:
        return {
            "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
            "DJANGO_SETTINGS_MODULE": "tests.attack.settings",
            "ATTACK_DATABASE": str(connection.settings_dict["NAME"]),
            "ATTACK_ATOMIC_REQUESTS": "1" if self.site.atomic_requests else "0",
            "ATTACK_ISOLATION": self.site.isolation,
            "ATTACK_SETTINGS": json.dumps(self.site.settings),
            "ATTACK_MESSAGES": str(self.messages),
        }
