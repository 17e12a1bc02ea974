"""A limit is exact when 40 take from it at once, in the threads of several processes.

All have read the same state before the first of them counts. The stores alone: no server, no service.
"""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pytest
from django.db import connection

from tests.attack import racers

PROCESSES, THREADS = 4, 10
MOST = 20
ROUNDS = 10


def race(backend: str, options: dict[str, Any]) -> list[int]:
    """Return how many were let through in each round."""
    # Not forked, or this process's connections would be shared.
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(PROCESSES * THREADS)
    with ProcessPoolExecutor(PROCESSES, spawn, racers.prepare, (barrier,)) as pool:
        raced = [
            pool.submit(racers.race, backend, options, threads=THREADS, rounds=ROUNDS, most=MOST)
            for _ in range(PROCESSES)
        ]
        return [sum(column) for column in zip(*(one.result() for one in raced), strict=True)]


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lead the processes to the tests' database."""
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "tests.attack.settings")
    monkeypatch.setenv("ATTACK_DATABASE", str(connection.settings_dict["NAME"]))
    monkeypatch.setenv("ATTACK_SETTINGS", "{}")
    for name in ("ATTACK_ATOMIC_REQUESTS", "ATTACK_ISOLATION", "ATTACK_MESSAGES"):
        monkeypatch.setenv(name, "")


def test_counters_in_the_database_are_exact(transactional_db: None) -> None:
    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        pytest.skip("several processes need a database that is not in memory: SQLITE_TEST_FILE")
    assert race("django_phone_invites.limits.database.DatabaseStore", {}) == [MOST] * ROUNDS


def test_counters_in_redis_are_exact(redis_options: dict[str, Any]) -> None:
    assert race("django_phone_invites.limits.redis.RedisStore", redis_options) == [MOST] * ROUNDS
