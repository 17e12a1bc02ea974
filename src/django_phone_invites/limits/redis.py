"""Counters in Redis: one value each, compared and set by one script.

A counter is set on the condition that it still holds what was read. Who loses starts over and reads
again. Redis runs a script alone, so no two processes ever count on the same state.

A database transaction does not reach into Redis: where it fails after ``take``, the count stays. So
after a failure too many are counted, never too few. What Redis itself loses (flushed, evicted, not
yet on the replica that takes over) is counted from nothing.
"""

from __future__ import annotations

import datetime as dt
import functools
import json
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple, cast

from django_phone_invites import logs
from django_phone_invites.exceptions import Unavailable
from django_phone_invites.limits.rules import Counted, Events
from django_phone_invites.limits.store import Reading, Store, key_of
from django_phone_invites.transactions import Conflict

try:
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry
except ImportError as missing:
    raise ImportError(
        'RedisStore needs redis-py: pip install "django-phone-invites[redis]"'
    ) from missing

#: A counter outlives its events by so much: the clocks of several servers differ a little.
MARGIN = dt.timedelta(hours=1)

# KEYS are the counters; ARGV holds three words for each: what was read ("" for nothing), what it
# becomes, and for how many milliseconds.
_REPLACE = """
for i, key in ipairs(KEYS) do
    if (redis.call('GET', key) or '') ~= ARGV[3 * i - 2] then
        return 0
    end
end
for i, key in ipairs(KEYS) do
    if ARGV[3 * i - 1] ~= ARGV[3 * i - 2] then
        redis.call('SET', key, ARGV[3 * i - 1], 'PX', ARGV[3 * i])
    end
end
return 1
"""


class Change(NamedTuple):
    """What a counter becomes, if it still is what was read; "" stands for no events."""

    key: str
    read: str
    becomes: str
    life: dt.timedelta


class RedisReading(Reading):
    """Values, and what they are to become."""

    def __init__(self, counted: Sequence[Counted], now: dt.datetime, *, store: RedisStore) -> None:
        super().__init__(counted, now)
        self._store = store
        self._values = store.get({key_of(one) for one in counted})
        self._taken: set[str] = set()
        self._raced = False

    def events(self, counted: Counted) -> Events:
        """Return the events of one counter."""
        value = self._values.get(key_of(counted), "")
        return json.loads(value) if value else []

    def take(self, *chosen: Counted) -> None:
        """Count one event on each of the counters, or on none."""
        if self._raced:
            self._values |= self._store.get(self._values.keys() - self._taken)
        # Where it is the database that makes the transaction run again, Redis has counted already.
        due = [one for one in chosen or self.counted if key_of(one) not in self._taken]
        changes = self._changes_of(due)
        self._raced = not self._store.replace(changes)
        if self._raced:
            raise Conflict
        self._taken |= {change.key for change in changes if change.becomes != change.read}

    def _changes_of(self, due: Sequence[Counted]) -> list[Change]:
        lives = {key_of(one): one.life for one in due}
        return [
            Change(key, self._values.get(key, ""), _to_text(events), lives[key])
            for key, events in self.changes(due).items()
        ]


class RedisStore(Store):
    """Counters in Redis, for sites that have one.

    Redis Cluster is not supported: this client follows no redirection. Behind a proxy that does,
    ``prefix`` must hold a hash tag, as in ``"{phone_invites}:"``: a script works on one slot.

    Args:
        url: ``redis://``, ``rediss://`` or ``unix://``. Its query may hold further options of
            redis-py, which win over those from here.
        username: for a Redis with users.
        password: unless ``url`` has one. Here Django's error reports hide it, there they do not.
        prefix: what all keys begin with.
        timeout: seconds that Redis has for a connection, and again for each answer.

    Raises:
        ValueError: ``url`` or ``timeout`` is wrong.
    """

    def __init__(
        self,
        *,
        url: str,
        username: str | None = None,
        password: str | None = None,
        prefix: str = "phone_invites:",
        timeout: float = 1.0,
    ) -> None:
        if timeout <= 0:
            raise ValueError("The time-out is not above 0.")
        self._client = _client(url, username, password, timeout)
        self._replace = self._client.register_script(_REPLACE)
        self._prefix = prefix

    def read(self, counted: Sequence[Counted], now: dt.datetime) -> Reading:
        """Return the counters as they are now, by one command.

        Raises:
            Unavailable: Redis does not answer in time, or with an error.
        """
        return RedisReading(counted, now, store=self)

    def get(self, keys: Collection[str]) -> dict[str, str]:
        """Return the values of counters, "" for those that have none.

        Raises:
            Unavailable: Redis does not answer in time, or with an error.
        """
        if not keys:
            return {}
        with _refused_where_it_fails():
            values = self._client.mget([self._prefix + key for key in keys])
        return {
            key: value or ""
            for key, value in zip(keys, cast("list[str | None]", values), strict=True)
        }

    def replace(self, changes: Sequence[Change]) -> bool:
        """Change all counters, or none if one of them no longer is what was read; tell which.

        Raises:
            Unavailable: Redis does not answer in time, or with an error. It may have counted.
        """
        if not changes:
            return True
        arguments: list[str | int] = []
        for change in changes:
            milliseconds = (change.life + MARGIN) // dt.timedelta(milliseconds=1)
            arguments += [change.read, change.becomes, milliseconds]
        with _refused_where_it_fails():
            return bool(self._replace([self._prefix + change.key for change in changes], arguments))

    def forget(self, counted: Sequence[Counted]) -> None:
        """Delete the values, by one command.

        Raises:
            Unavailable: Redis does not answer in time, or with an error. It may have deleted them.
        """
        with _refused_where_it_fails():
            self._client.delete(*(self._prefix + key_of(one) for one in counted))


@functools.cache
def _client(url: str, username: str | None, password: str | None, timeout: float) -> redis.Redis:
    """Return this process's client; its pool opens other connections in a process that was forked.

    Redis-py's own second tries would multiply the time-out, so there are none. A connection that
    the server closed meanwhile is found by the pool and replaced.
    """
    return redis.Redis.from_url(
        url,
        username=username,
        password=password,
        decode_responses=True,
        retry=Retry(NoBackoff(), 0),
        socket_connect_timeout=timeout,
        socket_timeout=timeout,
    )


@contextmanager
def _refused_where_it_fails() -> Iterator[None]:
    try:
        yield
    except redis.RedisError as error:
        logs.record("unavailable", "Redis does not answer: %s.", type(error).__name__)
        raise Unavailable from error


def _to_text(events: Events) -> str:
    return json.dumps(events, separators=(",", ":")) if events else ""
