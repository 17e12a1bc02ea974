"""Fixtures that all tests share."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings

from django_phone_invites.senders.memory import outbox

collect_ignore = [] if settings.HAS_DRF else ["api", "example"]


@pytest.fixture(autouse=True)
def _empty_outbox() -> Iterator[None]:
    """Let no test see the messages of another."""
    outbox.clear()
    yield
    outbox.clear()


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


@pytest.fixture
def limits_in_redis(redis_options: dict[str, Any], settings: Any) -> dict[str, Any]:
    """Keep the limits' counters in Redis."""
    settings.PHONE_INVITES_LIMIT_STORE = {
        "BACKEND": "django_phone_invites.limits.redis.RedisStore",
        "OPTIONS": redis_options,
    }
    return redis_options
