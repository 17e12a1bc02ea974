"""What ``kill -9`` leaves behind, at whatever moment it comes.

``ATTACK_KILLS`` says how many there are (3). Every third takes all processes at once, as a power cut
does; the others take one worker, which the server then replaces.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.utils import timezone

from django_phone_invites import codes
from django_phone_invites.limits import policy
from django_phone_invites.models import LoginCode, PhoneAccount
from django_phone_invites.services import upkeep
from tests.attack.client import Answer, Request, send
from tests.attack.server import Server
from tests.attack.steps import ask, counted, guess, people, phone, right

KILLS = int(os.environ.get("ATTACK_KILLS", "3"))
PEOPLE = 12
MESSAGES_PER_HOUR = 5

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/task").exists(), reason="the workers are found through /proc"
)


class Person:
    """Asks for codes, mistypes some, logs in, activates invite codes, and bears a dead server."""

    def __init__(self, server: Server, phones: Iterator[str], invite_codes: list[str]) -> None:
        self.server = server
        self.phones = phones
        self.invite_codes = invite_codes
        self.stopped = threading.Event()
        self.answers: list[Answer] = []

    def live(self) -> None:
        while not self.stopped.is_set():
            self.log_in(next(self.phones))

    def log_in(self, number: str) -> None:
        asked = self.send(ask(number))
        code = self.read_message(number)
        if asked.status != 201 or code is None:
            return
        path = f"/api/codes/{asked.body['id']}/"
        self.send(Request("POST", path, {"auth_number": f"{(int(code) + 1) % 10**6:06}"}))
        login = self.send(Request("POST", path, {"auth_number": code}))
        if login.status == 200:
            invite = {"stranger_invite_code": random.choice(self.invite_codes)}
            self.send(Request("PATCH", "/api/profile/", invite, login.body["token"]))

    def read_message(self, number: str) -> str | None:
        codes = [message["code"] for message in self.server.sent() if message["phone"] == number]
        return codes[-1] if codes else None

    def send(self, request: Request) -> Answer:
        answer = Answer(0, {})
        with contextlib.suppress(OSError):
            answer = send(request, self.server.port)
        self.answers.append(answer)
        if answer.status == 0:
            time.sleep(0.1)
        return answer


def kill_now_and_then(server: Server, crowd: list[Person], kills: int) -> None:
    # On a busy machine the first ones take a while to log in.
    _wait_until(lambda: _answered(crowd, status=200) > 0, seconds=60)
    for number in range(1, kills + 1):
        _wait_for(crowd, answers=random.randint(1, 40))
        # Not right after an answer, but at any moment of the requests that are under way.
        time.sleep(random.uniform(0, 0.1))
        if number % 3 == 0:
            server.cut_power()
            server.start()
        elif workers := server.workers():
            with contextlib.suppress(ProcessLookupError):
                os.kill(random.choice(workers), signal.SIGKILL)


def _wait_for(crowd: list[Person], answers: int) -> None:
    """Wait until there are so many more answers, ten seconds at most."""
    enough = _answered(crowd) + answers
    _wait_until(lambda: _answered(crowd) >= enough, seconds=10)


def _wait_until(is_so: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.01)


def _answered(crowd: list[Person], status: int | None = None) -> int:
    """Count the answers, or those of one status; none came to a request that a kill met."""
    found = [answer.status for person in crowd for answer in list(person.answers)]
    return sum(one == status if status else one != 0 for one in found)


@pytest.fixture
def phones() -> Iterator[str]:
    """Yield phones, each often enough to meet its limit; taken from by several threads."""
    lock = threading.Lock()
    numbers = (phone(number // 8) for number in range(10**4))

    class Shared:
        def __next__(self) -> str:
            with lock:
                return next(numbers)

    return Shared()  # type: ignore[return-value]


@pytest.mark.guarantee(
    "Killed at any moment (a round is a kill): rows that break a promise, messages without a count",
    limit="0 found",
)
@pytest.mark.site(RESEND_COOLDOWN=0, PHONE_MESSAGES_PER_HOUR=MESSAGES_PER_HOUR)
def test_kills_break_nothing_and_buy_no_message(server: Server, phones: Iterator[str]) -> None:
    inviters = people(5, first=9000)
    invite_codes = [inviter.invite_code.code for inviter in inviters]
    crowd = [Person(server, phones, invite_codes) for _ in range(PEOPLE)]
    with ThreadPoolExecutor(PEOPLE) as pool:
        lives = [pool.submit(person.live) for person in crowd]
        try:
            kill_now_and_then(server, crowd, KILLS)
        finally:
            for person in crowd:
                person.stopped.set()
        for life in lives:
            life.result()
    server.restart()
    server.figures.rounds = KILLS
    server.figures.check(answer for person in crowd for answer in person.answers)
    statuses = Counter(answer.status for person in crowd for answer in person.answers)
    assert statuses[0] and statuses[200], "The kills met no traffic."

    assert list(upkeep.find_broken()) == []
    sent = Counter(message["phone"] for message in server.sent())
    for number in LoginCode.objects.values_list("phone", flat=True).distinct():
        rows = LoginCode.objects.filter(phone=number).count()
        assert sent[number] <= rows == counted(policy.phone_messages(number)) <= MESSAGES_PER_HOUR
    assert_what_was_sent_works(server)
    server.figures.add(len(list(upkeep.find_broken())))


def assert_what_was_sent_works(server: Server) -> None:
    """Each code that reached a phone has its row; it logs in, unless it did or a newer one came."""
    rows = {(row.phone, right(row)): row for row in LoginCode.objects.all()}
    for message in server.sent():
        row = rows[message["phone"], message["code"]]
        assert codes.matches(row.seed, message["code"])
        if row.used_at is not None:
            account = PhoneAccount.objects.get(phone=row.phone)
            assert account.verified_at >= row.used_at - upkeep.CLOCKS_DIFFER
        elif row.is_live(timezone.now()):
            assert server.one(guess(row, message["code"])).status == 200
        else:
            assert row.ended_at is not None
