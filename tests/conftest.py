"""Fixtures that all tests share."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, connections
from django.utils import translation

from django_phone_invites.exceptions import Refusal
from django_phone_invites.senders.memory import outbox

# Sites of a test's own have settings of their own.
collect_ignore = [] if getattr(settings, "HAS_DRF", False) else ["api", "example"]


@pytest.fixture(autouse=True)
def _empty_outbox() -> Iterator[None]:
    """Let no test see the messages of another."""
    outbox.clear()
    yield
    outbox.clear()


@pytest.fixture(autouse=True)
def _no_language_left() -> Iterator[None]:
    """Let no test inherit the language of a request that another made."""
    yield
    translation.deactivate()


@pytest.fixture
def redis_options() -> Iterator[dict[str, Any]]:
    """Options of a store in Redis whose keys no other run shares; they are removed afterwards."""
    redis = pytest.importorskip("redis", reason="redis-py is not installed: --group redis")
    url = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/9")
    prefix = f"phone_invites_tests:{uuid.uuid4().hex}:"
    with redis.Redis.from_url(url, socket_timeout=5) as client:
        try:
            client.ping()
        except redis.ConnectionError:
            pytest.skip("no Redis answers: REDIS_URL")
        yield {"url": url, "prefix": prefix}
        for key in client.scan_iter(f"{prefix}*"):
            client.delete(key)
        # Redis-py 5.0.0 leaves the connections of a closed client to the garbage collector.
        client.connection_pool.disconnect()


@pytest.fixture
def limits_in_redis(redis_options: dict[str, Any], settings: Any) -> dict[str, Any]:
    """Keep the limits' counters in Redis."""
    settings.PHONE_INVITES_LIMIT_STORE = {
        "BACKEND": "django_phone_invites.limits.redis.RedisStore",
        "OPTIONS": redis_options,
    }
    return redis_options


@pytest.fixture
def in_parallel(transactional_db: None) -> Callable[[Sequence[Callable[[], Any]]], list[Any]]:
    """Run each piece of work in a thread of its own, all at once; return results and refusals."""
    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        pytest.skip("Threads need a database file: set SQLITE_TEST_FILE.")

    def run(works: Sequence[Callable[[], Any]]) -> list[Any]:
        barrier = Barrier(len(works), timeout=30)

        def one(work: Callable[[], Any]) -> Any:
            try:
                barrier.wait()
                return work()
            except Refusal as refusal:
                return refusal
            finally:
                connections.close_all()

        with ThreadPoolExecutor(len(works)) as pool:
            return list(pool.map(one, works))

    return run
