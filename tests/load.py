"""``python -m tests.load``: how much one counter carries, and what a million stored codes cost.

It works in a test database of its own beside the one that ``DATABASE_URL`` names, which must be of a
server (PostgreSQL or MariaDB), and prints the tables of docs/explanation/load.md. It takes a few minutes.
"""

from __future__ import annotations

import itertools
import multiprocessing
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import django

SECONDS = 4.0
CALLS = 300
FEW, MANY = 1_000, 1_000_000
REDIS_URL = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/9")
REDIS_PREFIX = "phone_invites_load:"

#: Whose a counter is. On the full one nothing is counted any more: each event is refused.
SHARED, OWN, FULL = "one for all", "one each", "one for all, full"

Step = Callable[[], object]


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    from django.db import connection
    from django.test.utils import setup_databases, teardown_databases

    if connection.vendor == "sqlite":
        print("Name a server in DATABASE_URL: in SQLite all writes share one lock.")
        return 2
    made = setup_databases(verbosity=0, interactive=False)
    try:
        print_counters()
        print_requests()
        print_stored()
    finally:
        teardown_databases(made, verbosity=0)
        _clear_redis()
    return 0


def print_counters() -> None:
    print("\n| counters | processes | taken or refused in a second | median | 99th percentile |")
    print("| --- | --- | --- | --- | --- |")
    for store, kind in itertools.product(("database", "redis"), (SHARED, OWN, FULL)):
        for processes in (1, 2, 4, 8):
            figures = race(_taking, processes, store, kind)
            print(f"| {store}, {kind} | {processes} | {_in_words(figures)} |", flush=True)


def print_requests() -> None:
    print("\n| requests for a code | processes | in a second | median | 99th percentile |")
    print("| --- | --- | --- | --- | --- |")
    for capped in (False, True):
        what = "with the site's caps" if capped else "without"
        print(f"| {what} | 4 | {_in_words(race(_requesting, 4, capped))} |", flush=True)


def print_stored() -> None:
    print("\n| stored codes | ask for a code: median | 90th | enter it: median | 90th |")
    print("| --- | --- | --- | --- | --- |")
    for number, rows in enumerate((FEW, MANY, FEW, MANY), start=8):
        fill(rows)
        asked, entered = _time_logins(number)
        print(f"| {rows:,} | {_two(asked)} | {_two(entered)} |", flush=True)


def _taking(number: int, store: str, kind: str) -> Step:
    """Return what counts one event, on the counter of all processes or on one of its own."""
    import contextlib
    import datetime as dt

    from django.test import override_settings
    from django.utils import timezone

    from django_phone_invites import limits
    from django_phone_invites.exceptions import RateLimited
    from django_phone_invites.limits.rules import Limit, Window
    from django_phone_invites.transactions import run_durably

    if store == "redis":
        backend = "django_phone_invites.limits.redis.RedisStore"
        options = {"url": REDIS_URL, "prefix": REDIS_PREFIX}
        override_settings(
            PHONE_INVITES_LIMIT_STORE={"BACKEND": backend, "OPTIONS": options}
        ).enable()
    most = 100 if kind == FULL else 10**9
    windows = (Window(most, dt.timedelta(hours=1)), Window(most, dt.timedelta(days=1)))
    limit = Limit("load", f"{kind}-{number if kind == OWN else 'all'}".replace(" ", ""), windows)

    def take() -> None:
        with contextlib.suppress(RateLimited):
            run_durably(limits.read([limit], timezone.now()).take)

    for _ in range(most if kind == FULL and number == 0 else 0):
        take()

    return take


def _requesting(number: int, capped: bool) -> Step:
    """Return what asks for a code for the next phone; only the caps of the site may bound it."""
    from django.test import override_settings

    from django_phone_invites.services.challenges import request_code

    override_settings(
        PHONE_INVITES_SITE_MESSAGES_PER_HOUR=1_000_000 if capped else None,
        PHONE_INVITES_SITE_MESSAGES_PER_DAY=1_000_000 if capped else None,
        PHONE_INVITES_BLOCK_MESSAGES_PER_HOUR=None,
        PHONE_INVITES_ADDRESS_MESSAGES_PER_HOUR=None,
        PHONE_INVITES_ADDRESS_MESSAGES_PER_DAY=None,
    ).enable()
    first = 9_160_000_000 + 4_000_000 * capped + 1_000_000 * number
    phones = itertools.count(first)
    return lambda: request_code(phone=f"+7{next(phones)}", channel="web", address="203.0.113.7")


def race(make: Callable[..., Step], processes: int, *arguments: Any) -> list[float]:
    """Return how long each step took, in seconds, with so many processes at it for ``SECONDS``."""
    from django.db import connections

    connections.close_all()
    context = multiprocessing.get_context("fork")
    with context.Pool(processes) as pool:
        jobs = [pool.apply_async(_run, (make, number, arguments)) for number in range(processes)]
        return [took for job in jobs for took in job.get(timeout=120)]


def _run(make: Callable[..., Step], number: int, arguments: Sequence[Any]) -> list[float]:
    step = make(number, *arguments)
    step()
    time.sleep(0.5)  # until all are connected
    took = []
    end = time.monotonic() + SECONDS
    while (begin := time.monotonic()) < end:
        step()
        took.append(time.monotonic() - begin)
    return took


def _clear_redis() -> None:
    import redis

    with redis.Redis.from_url(REDIS_URL) as client:
        for key in client.scan_iter(f"{REDIS_PREFIX}*"):
            client.delete(key)


def fill(rows: int) -> None:
    """Make so many login codes, of other phones, that are over."""
    import datetime as dt

    from django.db import connection
    from django.utils import timezone

    from django_phone_invites.models import LoginCode

    table = LoginCode._meta.db_table
    over = timezone.now() - dt.timedelta(days=1)
    series = {
        "postgresql": f"generate_series(2, {rows}) AS s(n)",
        "mysql": f"(SELECT seq AS n FROM seq_2_to_{rows}) s",
    }[connection.vendor]
    # All but these columns are copied from one row, which the model made.
    differ = {
        "phone": "concat('+7', 9260000000 + n)",
        "token": "md5(n)" if connection.vendor == "mysql" else "md5(n::text)",
    }
    columns = [one.column for one in LoginCode._meta.concrete_fields if not one.primary_key]
    values = [differ.get(column, column) for column in columns]
    with connection.cursor() as cursor:
        # Not DELETE: a million dead rows would stand among the few.
        cursor.execute(f"TRUNCATE TABLE {table}")
        LoginCode.objects.create(
            phone="+79260000001", region="RU", purpose="login", channel="web", length=6, locale="en",
            address="203.0.113.8", created_at=over, expires_at=over, delivery="sent",
        )  # fmt: skip
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)}"
            f" FROM {table}, {series}"
        )
        analyse = "VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE TABLE"
        cursor.execute(f"{analyse} {table}")


def _time_logins(number: int) -> tuple[list[float], list[float]]:
    from django_phone_invites import codes
    from django_phone_invites.services.login import verify_code

    request = _requesting(number, capped=False)
    asked, entered = [], []
    for _ in range(CALLS):
        begin = time.perf_counter()
        login_code = request().login_code
        middle = time.perf_counter()
        guess = codes.derive(login_code.seed)
        verify_code(
            login_code=login_code, guess=guess, sign_in=lambda user: None, address="203.0.113.7"
        )
        asked.append(middle - begin)
        entered.append(time.perf_counter() - middle)
    return asked, entered


def _in_words(took: list[float]) -> str:
    quantiles = statistics.quantiles(took, n=100)
    rate = len(took) / SECONDS
    return f"{rate:,.0f} | {statistics.median(took) * 1000:.1f} ms | {quantiles[98] * 1000:.1f} ms"


def _two(took: list[float]) -> str:
    quantiles = statistics.quantiles(took, n=10)
    return f"{statistics.median(took) * 1000:.1f} ms | {quantiles[8] * 1000:.1f} ms"


if __name__ == "__main__":
    sys.exit(main())
