"""The example as it is served: a copy of it, its own settings, a server, and a client for it."""

from __future__ import annotations

import dataclasses
import http.cookiejar
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import django_phone_invites

EXAMPLE = Path(__file__).resolve().parents[2] / "example_project"

#: Long and mixed enough for ``check --deploy``.
SECRET_KEY = "".join(map(chr, range(33, 126)))

# Somebody with more invitees than one answer holds; the phone is the first of the published samples.
FILL = """
import django; django.setup()
from django.utils import timezone
from django_phone_invites.services import accounts, invites
from django_phone_invites.transactions import run_durably

make = lambda phone: run_durably(lambda: accounts.create(phone, timezone.now())).user
code = make("+79096869722").invite_code.code
for number in range(101):
    invites.activate_invite(user=make(f"+7916{1000000 + number}"), code=code)
for phone in ("+79096869723", "+79096869721"):
    invites.activate_invite(user=make(phone), code=code)
"""


@dataclasses.dataclass(frozen=True)
class Site:
    """A copy of the example in a folder of its own, with a database of its own."""

    folder: Path

    def environ(self, **more: str) -> dict[str, str]:
        ours = ("DATABASE_URL", "DJANGO_SETTINGS_MODULE", "DEBUG", "SECRET_KEY", "ATOMIC_REQUESTS")
        return {
            **{name: value for name, value in os.environ.items() if name not in ours},
            "DATABASE_URL": f"sqlite:///{self.folder / 'test.sqlite3'}",
            "DJANGO_SETTINGS_MODULE": "example.settings",
            "PYTHONPATH": str(Path(django_phone_invites.__file__).parents[1]),
            **more,
        }

    def run(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run Python in the example's folder; ``more`` goes into the environment."""
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env=self.environ(**more),
            capture_output=True,
            text=True,
            timeout=60,
        )

    def run_deployed(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run Python as a site without DEBUG would, but for TLS."""
        environ = {
            "DEBUG": "0",
            "SECRET_KEY": SECRET_KEY,
            "SECURE_SSL_REDIRECT": "0",
            "ALLOWED_HOSTS": "testserver",
        }
        return self.run(*arguments, **{**environ, **more})


@dataclasses.dataclass(frozen=True)
class Answer:
    status: int
    headers: Any
    text: str
    seconds: float

    @property
    def body(self) -> Any:
        return json.loads(self.text)


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


class Browser:
    """A client with cookies that follows no redirect."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.cookies = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPCookieProcessor(self.cookies),
            _Stay(),
        )

    def send(self, method: str, path: str, data: bytes | None = None, **headers: str) -> Answer:
        request = urllib.request.Request(self.base + path, data, headers, method=method)
        start = time.monotonic()
        try:
            response = self.opener.open(request, timeout=30)
        except urllib.error.HTTPError as error:
            response = error
        with response:
            text = response.read().decode(errors="replace")
        return Answer(response.status, response.headers, text, time.monotonic() - start)

    def get(self, path: str) -> Answer:
        return self.send("GET", path)

    def submit(self, path: str, **fields: str) -> Answer:
        """Open a page and send its form."""
        page = self.get(path).text
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token, page
        form = urllib.parse.urlencode({"csrfmiddlewaretoken": token[1], **fields})
        return self.send("POST", path, form.encode())

    def api(self, method: str, path: str, body: object = None, token: str = "") -> Answer:
        """Send JSON."""
        headers = {"Authorization": f"Token {token}"} if token else {}
        if body is None:
            return self.send(method, path, **headers)
        headers["Content-Type"] = "application/json"
        return self.send(method, path, json.dumps(body).encode(), **headers)


@dataclasses.dataclass(frozen=True)
class Server:
    base: str
    output: Path

    def browser(self) -> Browser:
        return Browser(self.base)

    def code(self, phone: str) -> str:
        """Return the code that the sender printed last, phone and code on one line."""
        return re.findall(rf"{re.escape(phone)}\D+(\d+)$", self.output.read_text(), re.MULTILINE)[
            -1
        ]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A fresh copy with an empty database that is not even migrated."""
    return copy_site(tmp_path)


@pytest.fixture(scope="module")
def deployed_site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A fresh copy that the tests of a module share."""
    return copy_site(tmp_path_factory.mktemp("deployed"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The example as it is served."""
    with serve(tmp_path_factory.mktemp("served")) as served:
        yield served


@contextmanager
def serve(folder: Path) -> Iterator[Server]:
    """Serve a copy of the example, with people in it, on a free port of the loopback interface."""
    site = copy_site(folder)
    for arguments in (["manage.py", "migrate", "-v0"], ["-c", FILL]):
        done = site.run(*arguments)
        assert done.returncode == 0, done.stderr
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    output = folder / "output.txt"
    with output.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "runserver", "--noreload", address],
            cwd=site.folder,
            env=site.environ(),
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        served = Server(f"http://{address}", output)
        _wait_for(served, process)
        yield served
    finally:
        process.terminate()
        process.wait(10)


def copy_site(folder: Path) -> Site:
    # Neither the database nor the messages of whoever runs the tests are touched.
    shutil.copytree(EXAMPLE, folder / "site", ignore=shutil.ignore_patterns("var", "__pycache__"))
    return Site(folder / "site")


def _wait_for(served: Server, process: subprocess.Popen[bytes]) -> None:
    for _ in range(150):
        assert process.poll() is None, served.output.read_text()
        try:
            if served.browser().get("/").status == 200:
                return
        except urllib.error.URLError:
            time.sleep(0.2)
    raise AssertionError(f"It does not serve: {served.output.read_text()}")
