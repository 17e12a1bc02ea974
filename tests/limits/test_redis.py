"""Counters in Redis: one command to read, one to count, nothing where Redis fails."""

from __future__ import annotations

import datetime as dt
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings

from django_phone_invites.exceptions import RateLimited, Unavailable
from django_phone_invites.limits.rules import Limit, Room, Tally, Window
from django_phone_invites.models import LoginCode
from django_phone_invites.senders.memory import outbox
from django_phone_invites.transactions import Conflict, run_durably

redis = pytest.importorskip("redis", reason="redis-py is not installed: --group redis")
from redis.connection import AbstractConnection  # noqa: E402 - only where it is installed

from django_phone_invites.limits.redis import MARGIN, RedisStore  # noqa: E402 - the same

NOW = dt.datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=dt.timezone.utc)
SECOND = dt.timedelta(seconds=1)
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)
PHONE = "+79096869722"

needs_api = pytest.mark.skipif(not django_settings.HAS_DRF, reason="asks through the API")


def limits(*subjects: str, most: int = 5) -> list[Limit]:
    return [Limit("test", subject, (Window(most, HOUR),)) for subject in subjects]


@pytest.fixture
def store(redis_options: dict[str, Any]) -> RedisStore:
    return RedisStore(**redis_options)


@pytest.fixture
def server(redis_options: dict[str, Any]) -> Iterator[Any]:
    """Return a client of its own, to look at what the store left in the server."""
    with redis.Redis.from_url(redis_options["url"], decode_responses=True) as server:
        yield server
        server.connection_pool.disconnect()


@pytest.fixture
def keys(server: Any, redis_options: dict[str, Any]) -> Callable[[], set[str]]:
    """Return the keys of this test's store, without their prefix."""
    prefix = redis_options["prefix"]
    return lambda: {key.removeprefix(prefix) for key in server.scan_iter(f"{prefix}*")}


@pytest.fixture
def commands(store: RedisStore, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list that each command is added to; one command is one round trip."""
    # Connected, and the script known to the server: both are done once for many requests.
    store.read(limits("first"), NOW).take()
    sent: list[str] = []
    send_command = AbstractConnection.send_command

    def recorded(self: Any, *args: Any, **options: Any) -> Any:
        sent.append(args[0])
        return send_command(self, *args, **options)

    monkeypatch.setattr(AbstractConnection, "send_command", recorded)
    return sent


def counts(store: RedisStore, *subjects: str) -> list[int]:
    reading = store.read(limits(*subjects), NOW)
    return [len(reading.events(limit)) for limit in limits(*subjects)]


# Round trips


def test_however_many_counters_are_read_and_changed_by_one_command_each(
    store: RedisStore, commands: list[str]
) -> None:
    for _ in range(2):
        store.read(limits("a", "b", "c"), NOW).take()
    assert commands == ["MGET", "EVALSHA"] * 2


def test_a_refusal_costs_no_further_command(store: RedisStore, commands: list[str]) -> None:
    reading = store.read(limits("first", most=1), NOW)
    with pytest.raises(RateLimited):
        reading.take()
    assert commands == ["MGET"]


def test_a_lost_race_costs_one_command_more_to_read_again(
    store: RedisStore, commands: list[str]
) -> None:
    one, two = store.read(limits("a"), NOW), store.read(limits("a"), NOW)
    one.take()
    with pytest.raises(Conflict):
        two.take()
    two.take()
    assert commands == ["MGET", "MGET", "EVALSHA", "EVALSHA", "MGET", "EVALSHA"]
    assert counts(store, "a") == [2]


def test_nothing_to_read_or_to_change_costs_nothing(store: RedisStore, commands: list[str]) -> None:
    store.read([], NOW).take()
    reading = store.read([Limit("unlimited", "", ()), Tally("full", "", 0, DAY)], NOW)
    reading.take()
    assert commands == ["MGET"]


def test_a_server_that_forgot_the_script_is_given_it_again(store: RedisStore) -> None:
    # As after a restart. SCRIPT FLUSH would flush those of other people, so this one is new.
    store._replace = store._client.register_script(f"-- {os.urandom(8).hex()}\nreturn 1")
    store.read(limits("a"), NOW).take()


# What is stored


def test_a_counter_is_compact_and_ends_with_its_last_event(
    store: RedisStore, server: Any, redis_options: dict[str, Any]
) -> None:
    tally = Tally("tally", "b", 5, 30 * DAY)
    store.read([*limits("a"), tally], NOW).take()
    prefix = redis_options["prefix"]
    assert server.get(f"{prefix}test:a") == "[[1767323045678901,1]]"
    for key, life in (("test:a", HOUR), ("tally:b", 30 * DAY)):
        left = dt.timedelta(milliseconds=server.pttl(prefix + key))
        assert life + MARGIN - 10 * SECOND < left <= life + MARGIN


def test_looking_for_room_leaves_nothing_behind(
    store: RedisStore, keys: Callable[[], set[str]]
) -> None:
    store.read([Room(limits("a")[0])], NOW).take()
    assert keys() == set()


def test_a_prefix_keeps_sites_apart(store: RedisStore, redis_options: dict[str, Any]) -> None:
    neighbour = RedisStore(**{**redis_options, "prefix": redis_options["prefix"] + "other:"})
    store.read(limits("a", most=1), NOW).take()
    neighbour.read(limits("a", most=1), NOW).take()
    assert (counts(store, "a"), counts(neighbour, "a")) == ([1], [1])


# Races and failures of the database


def test_whoever_was_not_first_says_so_and_changes_nothing(store: RedisStore) -> None:
    store.read(limits("a", "b"), NOW).take()
    reading = store.read(limits("a", "b"), NOW)
    store.read(limits("a"), NOW).take()
    with pytest.raises(Conflict):
        reading.take()
    assert counts(store, "a", "b") == [2, 1]


def test_a_counter_that_was_lost_meanwhile_counts_from_nothing(
    store: RedisStore, server: Any, redis_options: dict[str, Any]
) -> None:
    store.read(limits("a"), NOW).take()
    reading = store.read(limits("a"), NOW)
    server.delete(redis_options["prefix"] + "test:a")
    with pytest.raises(Conflict):
        reading.take()
    reading.take()
    assert counts(store, "a") == [1]


def test_what_was_counted_in_an_earlier_run_is_not_read_again(store: RedisStore) -> None:
    one, two = limits("a", "b")
    reading = store.read([one, two], NOW)
    reading.take(one)
    store.read([two], NOW).take()
    with pytest.raises(Conflict):
        reading.take(one, two)
    reading.take(one, two)
    assert [len(reading.events(limit)) for limit in (one, two)] == [0, 1]
    assert counts(store, "a", "b") == [1, 2]


@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_fails_does_not_take_the_count_back(store: RedisStore) -> None:
    def work() -> None:
        store.read(limits("a"), NOW).take()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_durably(work)
    assert counts(store, "a") == [1]


# Redis fails


@pytest.fixture
def silent() -> Iterator[str]:
    """Return the URL of a server that accepts connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


@pytest.fixture
def closed() -> str:
    """Return the URL of a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"redis://127.0.0.1:{server.getsockname()[1]}/0"


@pytest.fixture
def user(server: Any, redis_options: dict[str, Any]) -> Iterator[str]:
    """A user of Redis, for the keys of this test."""
    name = redis_options["prefix"].replace(":", "-")
    server.acl_setuser(
        name, enabled=True, passwords=["+secret"], keys=[f"{redis_options['prefix']}*"],
        commands=["+@all"],
    )  # fmt: skip
    yield name
    server.acl_deluser(name)


def test_a_name_and_a_password_are_options(user: str, redis_options: dict[str, Any]) -> None:
    store = RedisStore(**redis_options, username=user, password="secret")
    store.read(limits("a"), NOW).take()
    assert counts(store, "a") == [1]


def test_a_wrong_password_is_a_refusal_that_the_log_explains(
    user: str, redis_options: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(Unavailable):
        RedisStore(**redis_options, username=user, password="wrong").read(limits("a"), NOW)
    assert caplog.messages == ["Redis does not answer: AuthenticationError."]


def test_a_redis_that_does_not_listen_is_a_refusal(closed: str, caplog: Any) -> None:
    with pytest.raises(Unavailable) as refused:
        RedisStore(url=closed).read(limits("a"), NOW)
    assert refused.value.code == "unavailable"
    assert "127.0.0.1" not in str(refused.value)
    (record,) = caplog.records
    assert (record.event, record.getMessage()) == (
        "unavailable",
        "Redis does not answer: ConnectionError.",
    )


def test_a_redis_that_says_nothing_is_a_refusal_within_the_time_out(silent: str) -> None:
    begin = time.monotonic()
    with pytest.raises(Unavailable):
        RedisStore(url=silent, timeout=1).read(limits("a"), NOW)
    # A second try would take as long again.
    assert 1 <= time.monotonic() - begin < 2


def test_a_redis_that_fails_between_reading_and_counting_is_a_refusal(
    store: RedisStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading = store.read(limits("a"), NOW)
    with monkeypatch.context() as patched:
        patched.setattr(AbstractConnection, "send_command", fail)
        with pytest.raises(Unavailable):
            reading.take()
    assert counts(store, "a") == [0]


def fail(*args: Any, **options: Any) -> None:
    raise redis.ConnectionError("Connection reset by peer")


def test_an_error_of_redis_is_a_refusal(
    store: RedisStore, server: Any, redis_options: dict[str, Any]
) -> None:
    server.rpush(redis_options["prefix"] + "test:a", "no string")
    with pytest.raises(Unavailable):
        store.read(limits("a"), NOW).take()


def test_a_connection_that_was_closed_meanwhile_is_replaced(store: RedisStore, server: Any) -> None:
    store.read(limits("a"), NOW).take()
    server.client_kill_filter(_id=store._client.client_id())
    store.read(limits("a"), NOW).take()
    assert counts(store, "a") == [2]


@needs_api
@pytest.mark.django_db
@pytest.mark.parametrize("failing", ["closed", "silent"])
def test_without_redis_the_api_sends_nothing_and_says_so(
    failing: str, request: pytest.FixtureRequest, settings: Any
) -> None:
    settings.PHONE_INVITES_LIMIT_STORE = {
        "BACKEND": "django_phone_invites.limits.redis.RedisStore",
        "OPTIONS": {"url": request.getfixturevalue(failing), "timeout": 0.2},
    }
    assert_nothing_is_sent()


@needs_api
@pytest.mark.django_db
def test_where_redis_cannot_count_the_api_sends_nothing_and_says_so(
    limits_in_redis: dict[str, Any], closed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RedisStore, "replace", RedisStore(url=closed).replace)
    assert_nothing_is_sent()


def assert_nothing_is_sent() -> None:
    from django.test import Client

    answer = Client().post("/api/codes/", {"phone": PHONE}, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert int(answer["Retry-After"]) > 0
    assert outbox == []
    assert not LoginCode.objects.exists()


# Options and connections


@pytest.mark.parametrize(
    "options", [{"url": "http://localhost"}, {"url": "redis://localhost", "timeout": 0}], ids=str
)
def test_wrong_options_are_an_error_before_any_request(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"scheme|time-out"):
        RedisStore(**options)


def test_stores_of_one_url_share_their_connections(redis_options: dict[str, Any]) -> None:
    one, two = RedisStore(**redis_options), RedisStore(**redis_options)
    assert one._client is two._client
    assert RedisStore(**redis_options, timeout=2)._client is not one._client


FORK = """
import os, sys
import django

django.setup()
from django_phone_invites.limits.redis import RedisStore

client = RedisStore(url=sys.argv[1])._client
before = client.client_id()
reader, writer = os.pipe()
if os.fork() == 0:
    os.write(writer, str(client.client_id()).encode())
    os._exit(0)
os.wait()
print(before, client.client_id(), int(os.read(reader, 100)))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
def test_a_process_that_was_forked_connects_anew(redis_options: dict[str, Any]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORK, redis_options["url"]],
        capture_output=True,
        check=True,
        encoding="utf-8",
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "PYTHONPATH": os.pathsep.join(sys.path),
        },
        timeout=60,
    )
    before, after, forked = done.stdout.split()
    assert before == after != forked
