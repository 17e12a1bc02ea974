"""What ``kill -9`` of workers leaves behind, at whatever moment of a message it comes.

``WORKER_KILLS`` says how many there are (5). Every fourth takes all workers at once, as a power cut does.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.db import connection
from django.db.models import F
from django.utils import timezone

from django_phone_invites.delivery import queue as delivery_queue
from django_phone_invites.models import LoginCode
from django_phone_invites.services import upkeep
from tests.attack.steps import ask, guess, phone, right
from tests.workers.site import WorkedSite, wait_for

pytestmark = pytest.mark.skipif(
    not Path("/proc/self").exists(), reason="a worker's children are found through /proc"
)

KILLS = int(os.environ.get("WORKER_KILLS", "5"))
WORKERS = 3
PEOPLE = 6
FINAL = {"sent", "failed", "unknown"}

Key = tuple[str, str]


class Person:
    """Asks for codes, sometimes for a second one, and enters most of what arrives."""

    def __init__(self, site: WorkedSite, phones: Iterator[str], stopped: threading.Event) -> None:
        self.site = site
        self.phones = phones
        self.stopped = stopped

    def live(self) -> None:
        try:
            while not self.stopped.is_set():
                self.log_in(next(self.phones))
        finally:
            connection.close()

    def log_in(self, number: str) -> None:
        asked = self.ask(number)
        if random.random() < 0.3:
            asked = self.ask(number)
        # Nobody asks again at once, so that the workers keep up with all of them.
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline and not self.stopped.is_set():
            if (number, right(asked)) in arrived(self.site):
                self.enter(asked)
                return
            time.sleep(0.1)

    def enter(self, asked: LoginCode) -> None:
        if random.random() < 0.7:
            assert self.site.one(guess(asked, right(asked))).status == 200

    def ask(self, number: str) -> LoginCode:
        answer = self.site.one(ask(number))
        assert answer.status == 201, answer
        return LoginCode.objects.get(token=answer.body["id"])


def arrived(site: WorkedSite) -> Counter[Key]:
    """Return how often each code reached its phone."""
    return Counter((message["phone"], message["code"]) for message in site.sent())


def each_once() -> Iterator[str]:
    """Yield phones; taken from by several threads."""
    lock = threading.Lock()
    numbers = iter(range(10**4))

    class Shared:
        def __iter__(self) -> Iterator[str]:
            return self

        def __next__(self) -> str:
            with lock:
                return phone(next(numbers))

    return Shared()


def kill_in_the_middle(site: WorkedSite, kills: int) -> None:
    workers = [site.work() for _ in range(WORKERS)] + [site.sweep("--every", "0.2")]
    for number in range(1, kills + 1):
        victim = site.busy()
        # Before, while and after the message is sent, and while the record is written.
        time.sleep(random.uniform(0, 0.6))
        victims = workers if number % 4 == 0 else [victim]
        for process in victims:
            process.kill()
        for process in victims:
            process.start()


def let_it_end(site: WorkedSite) -> None:
    """Wait until no code waits; then let a minute pass for those that were left in the middle."""
    wait_for(lambda: not LoginCode.objects.filter(next_try_at__isnull=False).exists(), 120)
    wait_for(lambda: not at_it_still(), 30)
    for process in site.processes:
        process.kill()
    LoginCode.objects.filter(delivery="sending").update(
        delivery_at=F("delivery_at") - delivery_queue.LOST_AFTER
    )
    assert site.sweep().wait() == 0


def at_it_still() -> bool:
    recently = timezone.now() - dt.timedelta(seconds=3)
    return LoginCode.objects.filter(delivery="sending", delivery_at__gt=recently).exists()


def test_kills_lose_no_code_and_send_none_twice(serve: Callable[..., WorkedSite]) -> None:
    site = serve("tests.workers.senders.SlowSender")
    stopped = threading.Event()
    phones = each_once()
    with ThreadPoolExecutor(PEOPLE) as pool:
        lives = [pool.submit(Person(site, phones, stopped).live) for _ in range(PEOPLE)]
        try:
            kill_in_the_middle(site, KILLS)
        finally:
            stopped.set()
        for life in lives:
            life.result()
    let_it_end(site)

    rows = {(row.phone, right(row)): row for row in LoginCode.objects.all()}
    messages = arrived(site)
    states = Counter(row.delivery for row in rows.values())
    with_message = Counter(rows[key].delivery for key in messages)
    print(
        f"{site.queue.name}: {KILLS} kills, {len(rows)} codes, {len(messages)} messages, "
        f"{max(messages.values())} at most for a code; states {dict(states)}, "
        f"with a message {dict(with_message)}"
    )
    assert states["sent"] and states["unknown"], "The kills met no message."
    assert set(states) <= FINAL
    assert not LoginCode.objects.filter(next_try_at__isnull=False).exists()
    assert max(messages.values()) == 1
    assert with_message["sent"] == states["sent"]
    assert with_message["failed"] == 0
    assert_what_arrived_logs_in(site, [rows[key] for key in messages])
    assert list(upkeep.find_broken()) == []


def assert_what_arrived_logs_in(site: WorkedSite, codes: list[LoginCode]) -> None:
    """Each code that arrived logs in, unless it did, a newer one came, or its time is over."""
    for code in codes:
        if code.is_live(timezone.now()):
            assert site.one(guess(code, right(code))).status == 200
        else:
            assert code.used_at or code.ended_at or code.expires_at <= timezone.now()
