"""Sites with a queue each. What is not there is skipped by its name."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from tests.attack.server import Site
from tests.workers.site import QUEUES, REDIS_URL, Queue, WorkedSite


@pytest.fixture(params=QUEUES, ids=lambda queue: queue.name)
def queue(request: pytest.FixtureRequest) -> Iterator[Queue]:
    found: Queue = request.param
    if importlib.util.find_spec(found.module) is None:
        pytest.skip(f"{found.module} is not installed: --group workers")
    if not found.needs_redis:
        yield found
        return
    redis = pytest.importorskip("redis")
    with redis.Redis.from_url(REDIS_URL, socket_timeout=5) as client:
        try:
            keys = client.dbsize()
        except redis.ConnectionError:
            pytest.skip(f"no Redis answers: {REDIS_URL}")
        if keys:
            pytest.skip(f"somebody uses this Redis: {REDIS_URL}")
        yield found
        client.flushdb()


@pytest.fixture
def serve(
    queue: Queue, transactional_db: None, tmp_path: Path
) -> Iterator[Callable[..., WorkedSite]]:
    """Serve a site whose codes are sent by workers; nobody works yet."""
    if not settings.HAS_DRF:
        pytest.skip("the codes are asked for through the API")
    if importlib.util.find_spec("gunicorn") is None:
        pytest.skip("gunicorn is not installed: --group server")
    if connection.vendor != "postgresql":
        pytest.skip("workers are tested on PostgreSQL: DATABASE_URL")
    sites: list[WorkedSite] = []

    def serving(sender: str) -> WorkedSite:
        changed = {
            "SEND": "task",
            "SENDER": {"BACKEND": sender, "OPTIONS": {"path": str(tmp_path / "messages.jsonl")}},
            "CODE_LIFETIME": 600,
            "RESEND_COOLDOWN": 0,
        }
        site = WorkedSite(queue, Site(False, "", changed), tmp_path)
        sites.append(site)
        # The tables of the queue; the others are there.
        assert site.run("django", "migrate", "--verbosity=0").wait() == 0
        site.start()
        return site

    yield serving
    for site in sites:
        site.close()
