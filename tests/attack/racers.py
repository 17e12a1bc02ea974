"""What a process of ``test_stores`` does. It is imported before Django is set up: it imports late."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.synchronize import Barrier
from typing import Any

NOW = dt.datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=dt.timezone.utc)
HOUR = dt.timedelta(hours=1)

#: Where the racers of all processes meet; a process is given it when it starts.
_meeting: list[Barrier] = []


def prepare(barrier: Barrier) -> None:
    """Set up a new process."""
    import django

    django.setup()
    _meeting.append(barrier)


def race(
    backend: str, options: dict[str, Any], *, threads: int, rounds: int, most: int
) -> list[int]:
    """Take from a limit in so many threads; return how many were let through in each round."""
    with ThreadPoolExecutor(threads) as pool:
        racers = [pool.submit(_take, backend, options, rounds, most) for _ in range(threads)]
        return [sum(column) for column in zip(*(one.result() for one in racers), strict=True)]


def _take(backend: str, options: dict[str, Any], rounds: int, most: int) -> list[bool]:
    from django.db import connections
    from django.utils.module_loading import import_string

    from django_phone_invites.limits.rules import Limit, Window

    store = import_string(backend)(**options)
    through = []
    for number in range(rounds):
        reading = store.read([Limit("race", str(number), (Window(most, HOUR),))], NOW)
        _meeting[0].wait(timeout=60)
        through.append(_is_through(reading.take, durable=backend.endswith("DatabaseStore")))
    connections.close_all()
    return through


def _is_through(take: Callable[[], None], *, durable: bool) -> bool:
    from django_phone_invites.exceptions import RateLimited
    from django_phone_invites.transactions import Conflict, run_durably

    while True:
        try:
            # Without a database that is shared, the loop does what run_durably does.
            run_durably(take) if durable else take()
        except RateLimited:
            return False
        except Conflict:
            continue
        else:
            return True
