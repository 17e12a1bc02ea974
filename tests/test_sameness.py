"""Asking for a code tells nothing about the phone: not by the answer, not by the statements, not by the time."""

from __future__ import annotations

import datetime as dt
import gc
import math
import random
import re
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from time_machine import TimeMachineFixture

from django_phone_invites import phones
from django_phone_invites.models import LoginCode
from django_phone_invites.senders import (
    DeliveryState,
    Message,
    PermanentSendError,
    Receipt,
    Sender,
)
from django_phone_invites.testing import outbox, sign_up
from tests.forms import without_csrf_tokens

NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.timezone.utc)

#: What a phone may be to the site.
STATES = ["new", "known", "disabled", "deleted"]


class FailingSender(Sender):
    """A provider that says that it failed."""

    def send(self, message: Message) -> Receipt:
        return Receipt(state=DeliveryState.FAILED)


class RefusingSender(Sender):
    """A provider that refuses the number."""

    def send(self, message: Message) -> Receipt:
        raise PermanentSendError(f"{message.phone} {message.code}", code="30003")


class BrokenSender(Sender):
    """A sender with a defect."""

    def send(self, message: Message) -> Receipt:
        raise ZeroDivisionError(f"{message.phone} {message.code}")


SENDERS = [
    "django_phone_invites.senders.memory.MemorySender",
    *(f"{__name__}.{sender.__name__}" for sender in (FailingSender, RefusingSender, BrokenSender)),
]


def is_known(newcomer: Any) -> bool:
    """Let nobody sign up, as a site's own rule."""
    return False


#: Who may sign up; the messages to strangers differ, and nothing else.
POLICIES = [
    pytest.param({}, id="open"),
    pytest.param({"SIGN_UP": "closed"}, id="closed"),
    pytest.param({"SIGN_UP": "invite"}, id="invite"),
    pytest.param({"SIGN_UP": f"{__name__}.is_known"}, id="rule"),
    pytest.param({"SIGN_UP": "closed", "SIGN_UP_NOTICE": True}, id="notice"),
]


def put(settings: Any, policy: dict[str, Any]) -> None:
    for name, value in policy.items():
        setattr(settings, f"PHONE_INVITES_{name}", value)


pages = pytest.param("pages", id="pages")
api = pytest.param(
    "api", id="api", marks=pytest.mark.skipif(not django_settings.HAS_DRF, reason="no API")
)


@pytest.fixture
def clock(time_machine: TimeMachineFixture) -> TimeMachineFixture:
    """A clock that only moves when it is moved."""
    time_machine.move_to(NOON, tick=False)
    return time_machine


def make(state: str, phone: str) -> None:
    """Let a phone be new, known, disabled or deleted."""
    if state == "new":
        return
    user = sign_up(phone)
    if state == "disabled":
        type(user)._default_manager.update(is_active=False)
    elif state == "deleted":
        user.delete()


class Asker:
    """Somebody with a browser or an API client, and an address, of their own."""

    def __init__(self, door: str, number: int) -> None:
        self.door = door
        self.client = Client(REMOTE_ADDR=f"203.0.113.{number}")

    def ask(self, phone: str) -> list[Any]:
        """Ask for a code; return the answer, and in a browser the page that it leads to."""
        if self.door == "api":
            return [
                self.client.post("/api/codes/", {"phone": phone}, content_type="application/json")
            ]
        answers = [self.client.post("/user/", {"phone": phone})]
        if answers[0].status_code == 302:
            answers.append(self.client.get(answers[0]["Location"]))
        return answers


def first(door: str, number: int, phone: str, clock: TimeMachineFixture) -> list[Any]:
    return Asker(door, number).ask(phone)


def again(door: str, number: int, phone: str, clock: TimeMachineFixture) -> list[Any]:
    """Ask twice in the cooldown, and let somebody else ask too."""
    asker = Asker(door, number)
    asker.ask(phone)
    clock.shift(20)
    return [*asker.ask(phone), *Asker(door, 100 + number).ask(phone)]


def often(door: str, number: int, phone: str, clock: TimeMachineFixture) -> list[Any]:
    """Ask until the phone has had its messages, when its codes are over."""
    asker = Asker(door, number)
    answers = asker.ask(phone)
    clock.shift(600)
    answers += asker.ask(phone)
    clock.shift(600)
    return [*answers, *asker.ask(phone), *Asker(door, 100 + number).ask(phone)]


def masked(answer: Any, phone: str) -> tuple[int, str, list[tuple[str, str]], str, str]:
    """Return all of an answer, but for what names the phone, the code's id and the browser."""
    secrets = [
        phone,
        phones.display(phone),
        *LoginCode.objects.filter(phone=phone).values_list("token", flat=True),
        *(answer.cookies[name].value for name in answer.cookies if name != "messages"),
    ]

    def mask(text: str) -> str:
        for secret in secrets:
            text = text.replace(secret, "*" * len(secret))
        return without_csrf_tokens(text)

    headers = [(name, mask(value)) for name, value in answer.headers.items()]
    body = mask(answer.content.decode())
    return answer.status_code, answer.reason_phrase, headers, mask(answer.cookies.output()), body


@pytest.mark.django_db
@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("door", [pages, api])
@pytest.mark.parametrize(
    ("what", "statuses"),
    [
        (first, {"pages": [302, 200], "api": [201]}),
        (again, {"pages": [302, 200, 429], "api": [429, 429]}),
        (often, {"pages": [302, 200, 302, 200, 429, 429], "api": [201, 201, 429, 429]}),
    ],
)
def test_every_phone_gets_the_same_answer_to_the_byte(
    settings: Any,
    clock: TimeMachineFixture,
    door: str,
    what: Callable[..., Any],
    statuses: Any,
    policy: dict[str, Any],
) -> None:
    put(settings, policy)
    settings.PHONE_INVITES_PHONE_MESSAGES_PER_HOUR = 2
    seen = {}
    for number, (state, sender) in enumerate((s, p) for s in STATES for p in SENDERS):
        clock.move_to(NOON)
        phone = f"+79{10 + number}6869722"
        make(state, phone)
        settings.PHONE_INVITES_SENDER = {"BACKEND": sender}
        answers = what(door, number, phone, clock)
        assert [answer.status_code for answer in answers] == statuses[door]
        seen[state, sender] = [masked(answer, phone) for answer in answers]
    expected = seen["new", SENDERS[0]]
    assert {case: answers for case, answers in seen.items() if answers != expected} == {}


def kinds(captured: CaptureQueriesContext) -> list[tuple[str, str]]:
    """Return the first word and the table of each statement."""
    found = []
    for query in captured.captured_queries:
        sql = query["sql"]
        table = re.search(r'(?:FROM|INTO|UPDATE)\s+["`]?(\w+)', sql)
        found.append((sql.split()[0], table[1] if table else ""))
    return found


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("door", [pages, api])
@pytest.mark.parametrize("what", [first, again, often])
def test_every_phone_takes_the_same_statements(
    settings: Any,
    clock: TimeMachineFixture,
    door: str,
    what: Callable[..., Any],
    policy: dict[str, Any],
) -> None:
    put(settings, policy)
    settings.PHONE_INVITES_PHONE_MESSAGES_PER_HOUR = 2
    # So that the counters of the site and of the address are there for the first one too.
    Asker(door, 99).ask("+79996869722")
    seen = {}
    for number, state in enumerate(STATES):
        clock.move_to(NOON + dt.timedelta(hours=1))
        phone = f"+79{10 + number}6869722"
        make(state, phone)
        with CaptureQueriesContext(connection) as captured:
            what(door, number, phone, clock)
        seen[state] = kinds(captured)
    assert ("INSERT", LoginCode._meta.db_table) in seen["new"]
    assert {state: found for state, found in seen.items() if found != seen["new"]} == {}


# Time


def mann_whitney(first: Sequence[float], second: Sequence[float]) -> float:
    """Return the chance that two samples of one distribution differ as much (two-sided, normal)."""
    n, m = len(first), len(second)
    ranked = sorted([(value, 0) for value in first] + [(value, 1) for value in second])
    ranks = sum(rank for rank, (_, sample) in enumerate(ranked, 1) if sample == 0)
    u = ranks - n * (n + 1) / 2
    deviation = math.sqrt(n * m * (n + m + 1) / 12)
    return math.erfc(abs(u - n * m / 2) / deviation / math.sqrt(2))


def test_the_statistic_finds_a_difference_and_only_that() -> None:
    chance = random.Random(1)
    one, same = ([chance.lognormvariate(0, 0.2) for _ in range(200)] for _ in range(2))
    assert mann_whitney(one, same) > 0.01
    assert mann_whitney(one, [1.1 * value for value in same]) < 0.001


def differ(known: Sequence[float], new: Sequence[float]) -> bool:
    """Tell whether two samples of times differ for certain, and by as much as 5 percent."""
    ratio = statistics.median(known) / statistics.median(new)
    return mann_whitney(known, new) < 0.001 and abs(ratio - 1) > 0.05


@pytest.fixture
def unlimited(settings: Any) -> None:
    for name in (
        "ADDRESS_MESSAGES_PER_HOUR",
        "ADDRESS_MESSAGES_PER_DAY",
        "BLOCK_MESSAGES_PER_HOUR",
    ):
        setattr(settings, f"PHONE_INVITES_{name}", None)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("policy", [*POLICIES[:2], POLICIES[-1]])
@pytest.mark.parametrize("door", [pages, api])
def test_known_and_new_phones_take_the_same_time(
    settings: Any, unlimited: None, door: str, policy: dict[str, Any]
) -> None:
    put(settings, policy)
    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        pytest.skip("a database in memory takes no time: SQLITE_TEST_FILE")
    pairs = [(f"+7916{number:07}", f"+7926{number:07}") for number in range(1, 211)]
    for known, _ in pairs:
        sign_up(known)
    times = measure(door, pairs)
    print({kind: statistics.median(found) for kind, found in times.items()})
    print("p =", mann_whitney(times["known"], times["new"]))
    assert not differ(times["known"], times["new"])


def measure(door: str, pairs: Iterable[tuple[str, str]]) -> dict[str, list[float]]:
    """Ask for the phones of each pair, either first; return the seconds, without the first ten pairs."""
    chance = random.Random(1)
    times: dict[str, list[float]] = {"known": [], "new": []}
    gc.disable()
    try:
        for pair in pairs:
            named = list(zip(("known", "new"), pair, strict=True))
            for kind, phone in chance.sample(named, 2):
                times[kind].append(seconds_to_ask(door, phone))
    finally:
        gc.enable()
    return {kind: found[10:] for kind, found in times.items()}


def seconds_to_ask(door: str, phone: str) -> float:
    client, sent = Client(), len(outbox)
    data: Any = {"phone": phone}
    more = {"content_type": "application/json"} if door == "api" else {}
    path = "/api/codes/" if door == "api" else "/user/"
    start = time.perf_counter()
    client.post(path, data, **more)
    lasted = time.perf_counter() - start
    assert len(outbox) - sent == (LoginCode.objects.get(phone=phone).delivery != "none")
    return lasted
