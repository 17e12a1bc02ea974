"""The server under attack: one for all tests that run the site in the same way."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from tests.attack import report
from tests.attack.figures import Figures
from tests.attack.server import Server, Site

#: Without a number of rounds, a server is attacked as Django's defaults have it (no ATOMIC_REQUESTS, the
#: default isolation) and as the opposite.
IS_LONG = "ATTACK_ROUNDS" in os.environ


@pytest.fixture(scope="session", params=["atomic_requests", "autocommit"])
def atomic_requests(request: pytest.FixtureRequest) -> bool:
    return request.param == "atomic_requests"


@pytest.fixture(scope="session", params=["default", "repeatable read"])
def isolation(request: pytest.FixtureRequest) -> str:
    if request.param == "default":
        return ""
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has one isolation level")
    return str(request.param)


class Running:
    """The one server that runs; it stays for the next test if that wants the same."""

    def __init__(self, messages: Path) -> None:
        self._messages = messages
        self._server: Server | None = None

    def serve(self, site: Site) -> Server:
        """Return a server that runs the site like this, with no message sent yet."""
        if self._server is None or self._server.site != site:
            self.stop()
            self._server = Server(site, self._messages)
            self._server.start()
        self._messages.write_text("")
        self._server.figures = Figures()
        return self._server

    def stop(self) -> None:
        """Stop the server."""
        if self._server is not None:
            self._server.stop()
        self._server = None


@pytest.fixture(scope="session")
def running(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    kept = Running(tmp_path_factory.mktemp("attack") / "messages.jsonl")
    yield kept
    kept.stop()


@pytest.fixture
def store() -> dict[str, Any]:
    """Return the settings of another store of the counters; nothing for the database."""
    return {}


@pytest.fixture
def site(
    request: pytest.FixtureRequest, atomic_requests: bool, isolation: str, store: dict[str, Any]
) -> Site:
    """Return how the test wants the site to be run: ``@pytest.mark.site(SITE_MESSAGES_PER_HOUR=20)``."""
    if not IS_LONG and connection.vendor != "sqlite" and atomic_requests == (isolation == ""):
        pytest.skip("the short form has two of the four: ATTACK_ROUNDS")
    marker = request.node.get_closest_marker("site")
    return Site(atomic_requests, isolation, (marker.kwargs if marker else {}) | store)


@pytest.fixture
def server(
    transactional_db: None, running: Running, site: Site, request: pytest.FixtureRequest
) -> Iterator[Server]:
    """Serve the site, and record what the test found."""
    if not settings.HAS_DRF:
        pytest.skip("the attacks go through the API")
    if importlib.util.find_spec("gunicorn") is None:
        pytest.skip("gunicorn is not installed")
    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        pytest.skip("several processes need a database that is not in memory: SQLITE_TEST_FILE")
    served = running.serve(site)
    yield served
    _record(request.node, served)


def _record(node: pytest.Item, served: Server) -> None:
    """Hand the figures to ``--junit-xml``, from which ``tests.attack.report`` makes the page."""
    guarantee = node.get_closest_marker("guarantee")
    if guarantee is None:
        return
    where = report.IN_REDIS if "LIMIT_STORE" in served.site.settings else ""
    node.user_properties += [
        ("guarantee", f"{guarantee.args[0]}{where}"),
        ("limit", guarantee.kwargs["limit"]),
        ("atomic_requests", served.site.atomic_requests),
        ("isolation", served.site.isolation or "default"),
        *vars(served.figures).items(),
    ]
