"""A restart forgets nothing, and several servers share what is counted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from django_phone_invites.models import LimitCounter
from tests.attack.client import Request, to
from tests.attack.figures import ROUNDS
from tests.attack.server import Server, Site
from tests.attack.steps import (
    ATTEMPTS,
    ask,
    assert_nothing_broken,
    guess,
    make_code,
    outcomes,
    phone,
    right,
    wrong,
)

CAP = 20

#: Each takes the time of a stop and a start.
RESTARTS = -(-ROUNDS // 3)


def attack(first: int) -> tuple[list[Request], list[Request]]:
    """Return the two halves of an attack: 40 phones, 40 wrong guesses, 40 right ones."""
    guessed, found = make_code(phone(first)), make_code(phone(first + 1))
    # 10 messages, 20 wrong guesses and 20 right ones in each half; then the rest of the phones.
    asked = [ask(phone(first + 2 + number)) for number in range(40)]
    wrong_ones = [guess(guessed, wrong(guessed))] * 20
    right_ones = [guess(found, right(found))] * 20
    return (
        asked[:10] + wrong_ones[:3] + right_ones[:10],
        asked[10:] + wrong_ones[3:] + right_ones[10:],
    )


def total(server: Server, answers: list, sent_before: int) -> int:
    """Check how an attack ended; return how much it was let through."""
    found = outcomes(answers)
    assert (found["201"], found["rate_limited"]) == (CAP, 20)
    assert (found["code_invalid"], found["code_exhausted"]) == (ATTEMPTS, 20 - ATTEMPTS)
    assert (found["200"], found["code_used"]) == (1, 19)
    assert_nothing_broken()
    sent = len(server.sent()) - sent_before
    return sent + found["code_invalid"] + found["200"]


@pytest.mark.guarantee(
    "The same totals with a restart in the middle", limit="20 messages, 5 guesses, 1 login"
)
@pytest.mark.site(SITE_MESSAGES_PER_HOUR=CAP)
def test_a_restart_forgets_nothing(server: Server) -> None:
    for round_ in server.figures.each_round(RESTARTS):
        LimitCounter.objects.all().delete()
        before = len(server.sent())
        first, rest = attack(100 * round_)
        answers = server.at_once(first)
        assert outcomes(answers) == {"201": 10, "code_invalid": 3, "200": 1, "code_used": 9}
        server.restart()
        answers += server.at_once(rest)
        server.figures.add(total(server, answers, before))


@pytest.fixture
def other(server: Server, site: Site, tmp_path: Path) -> Iterator[Server]:
    """Start a second server over the same database, later than the first."""
    # Fewer threads: a database takes 100 connections or so.
    second = Server(site, server.messages, threads=8)
    second.start()
    yield second
    second.stop()


@pytest.mark.guarantee(
    "The same totals over two servers at once", limit="20 messages, 5 guesses, 1 login"
)
@pytest.mark.site(SITE_MESSAGES_PER_HOUR=CAP)
def test_two_servers_share_what_is_counted(server: Server, other: Server) -> None:
    for round_ in server.figures.each_round():
        LimitCounter.objects.all().delete()
        before = len(server.sent())
        first, rest = attack(100 * round_)
        requests = first + rest
        there = [to(other.port, request) for request in requests[1::2]]
        answers = server.at_once(requests[::2] + there)
        server.figures.add(total(server, answers, before))
