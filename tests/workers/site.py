"""A site that leaves its codes to a queue, and the processes that work it off."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.attack import server

#: A database of its own, so that nothing of others is in it, and nothing of it is kept.
REDIS_URL = os.environ.get("WORKERS_REDIS_URL", "redis://127.0.0.1:6379/8")


@dataclass(frozen=True)
class Queue:
    """A queue, and how a worker of it is started."""

    name: str
    #: What has to be installed.
    module: str
    command: tuple[str, ...]
    needs_redis: bool = False


QUEUES = [
    Queue("db", "django_tasks_db", ("django", "db_worker", "--interval=0.1", "--no-startup-delay")),
    Queue(
        "rq",
        "django_tasks_rq",
        ("django", "rqworker", "--job-class=django_tasks_rq.Job", "--with-scheduler", "default"),
        needs_redis=True,
    ),
    Queue(
        "celery",
        "django_tasks_fennel",
        ("celery", "-A", "django_tasks_fennel.app", "worker", "--pool=solo", "--loglevel=WARNING"),
        needs_redis=True,
    ),
]


class Process:
    """A process, in a session of its own."""

    def __init__(self, command: tuple[str, ...], environment: dict[str, str], log: Path) -> None:
        self.command = command
        self._environment = environment
        self._log = log
        self.start()

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._popen = subprocess.Popen(
                [sys.executable, "-m", *self.command],
                cwd=server.ROOT,
                env={**os.environ, **self._environment},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def session(self) -> int:
        return self._popen.pid

    def kill(self) -> None:
        """End it at once, and then its children, which RQ puts into groups of their own."""
        if self._popen.poll() is not None:
            return  # Its number may be somebody else's by now.
        self._popen.kill()
        self._popen.wait(timeout=60)
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(ProcessLookupError):
                if os.getsid(int(folder.name)) == self.session:
                    os.kill(int(folder.name), signal.SIGKILL)

    def stop(self) -> int:
        """End it as a service manager does; return its exit status."""
        self._popen.terminate()
        try:
            return self._popen.wait(timeout=30)
        finally:
            self.kill()

    def wait(self) -> int:
        return self._popen.wait(timeout=120)


class WorkedSite(server.Server):
    """The site. Its messages are sent by the processes that are started beside it."""

    def __init__(self, queue: Queue, site: server.Site, folder: Path) -> None:
        super().__init__(site, folder / "messages.jsonl", threads=4)
        self.queue = queue
        self.log = folder / "log"
        self.processes: list[Process] = []
        self.messages.write_text("")

    def busy(self) -> Process:
        """Wait until a message is begun, and return the process that is at it."""
        told = self.messages.with_suffix(".busy")
        told.unlink(missing_ok=True)
        session = int(wait_for(lambda: told.exists() and told.read_text("utf-8")))
        return next(process for process in self.processes if process.session == session)

    def work(self) -> Process:
        """Start a worker."""
        return self.run(*self.queue.command)

    def sweep(self, *arguments: str) -> Process:
        """Start ``phone_invites_deliver``."""
        return self.run("django", "phone_invites_deliver", *arguments)

    def run(self, *command: str) -> Process:
        process = Process(command, self._environment(), self.log)
        self.processes.append(process)
        return process

    def close(self) -> None:
        for process in self.processes:
            process.kill()
        self.stop()

    def _environment(self) -> dict[str, str]:
        return {
            **super()._environment(),
            "DJANGO_SETTINGS_MODULE": "tests.workers.settings",
            "WORKERS_QUEUE": self.queue.name,
            "WORKERS_REDIS_URL": REDIS_URL,
        }


def wait_for(found: Callable[[], Any], seconds: float = 60) -> Any:
    """Return what is found, as soon as something is."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if what := found():
            return what
        time.sleep(0.05)
    raise TimeoutError(f"Nothing came within {seconds} seconds.")
