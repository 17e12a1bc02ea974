"""Each limit of an address, a block, a user and the site is reached at exactly its value."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from django_phone_invites.limits import policy
from django_phone_invites.models import LimitCounter, LoginCode
from django_phone_invites.testing import sign_up
from tests.attack.client import new_address
from tests.attack.server import Server
from tests.attack.steps import (
    ATTEMPTS,
    PARALLEL,
    activate,
    ask,
    assert_nothing_broken,
    attempts,
    counted,
    guess,
    make_code,
    outcomes,
    phone,
    right,
    wrong,
)

CAP = 20
#: Of this run alone, and the same for all its attacks, so that they share a server.
PREFIX = f"phone_invites_attacks:{uuid.uuid4().hex}:"
ADDRESS_MESSAGES = BLOCK_MESSAGES = INVITE_FAILURES = 10
ADDRESS_FAILURES = 30


@pytest.fixture(scope="session", params=["database", "redis"])
def counters_in(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def store(request: pytest.FixtureRequest, counters_in: str, isolation: str) -> dict[str, Any]:
    if counters_in == "database":
        return {}
    if isolation:
        pytest.skip("the counters in Redis are in no transaction")
    described = {
        "BACKEND": "django_phone_invites.limits.redis.RedisStore",
        "OPTIONS": request.getfixturevalue("redis_options") | {"prefix": PREFIX},
    }
    request.getfixturevalue("settings").PHONE_INVITES_LIMIT_STORE = described
    return {"LIMIT_STORE": described}


@pytest.fixture(autouse=True)
def no_counts(transactional_db: None, store: dict[str, Any]) -> Iterator[Callable[[], None]]:
    """Empty all counters, here and at the end."""

    def empty() -> None:
        LimitCounter.objects.all().delete()
        if store:
            redis = pytest.importorskip("redis")
            with redis.Redis.from_url(store["LIMIT_STORE"]["OPTIONS"]["url"]) as client:
                for key in client.scan_iter(f"{PREFIX}*"):
                    client.delete(key)

    empty()
    yield empty
    empty()


@pytest.mark.guarantee("Requests for 100 phones: the cap of the site", limit="20 messages")
@pytest.mark.site(SITE_MESSAGES_PER_HOUR=CAP)
def test_the_cap_of_the_site(server: Server, no_counts: Callable[[], None]) -> None:
    for round_ in server.figures.each_round():
        no_counts()
        before = len(server.sent())
        answers = server.at_once([ask(phone(100 * round_ + number)) for number in range(100)])
        assert outcomes(answers) == {"201": CAP, "rate_limited": 100 - CAP}
        sent = len(server.sent()) - before
        assert sent == counted(policy.site_messages()) == CAP
        server.figures.add(sent)
        assert LoginCode.objects.count() == len(server.sent())


@pytest.mark.guarantee("Requests for 50 phones of one block", limit="10 messages")
def test_a_block_of_numbers(server: Server) -> None:
    for round_ in server.figures.each_round():
        block = phone(round_).removesuffix("000")
        answers = server.at_once([ask(f"{block}{number:03}") for number in range(PARALLEL)])
        assert outcomes(answers) == {
            "201": BLOCK_MESSAGES,
            "rate_limited": PARALLEL - BLOCK_MESSAGES,
        }
        sent = [message for message in server.sent() if message["phone"].startswith(block)]
        assert len(sent) == counted(policy.block_messages(phone(round_))) == BLOCK_MESSAGES
        server.figures.add(len(sent))


@pytest.mark.guarantee("Requests for 50 phones from one address", limit="10 messages")
def test_an_address_that_asks_for_codes(server: Server) -> None:
    for round_ in server.figures.each_round():
        address = new_address()
        numbers = range(PARALLEL * round_, PARALLEL * (round_ + 1))
        answers = server.at_once([ask(phone(number), address) for number in numbers])
        assert outcomes(answers) == {
            "201": ADDRESS_MESSAGES,
            "rate_limited": PARALLEL - ADDRESS_MESSAGES,
        }
        assert len(server.sent()) == ADDRESS_MESSAGES * (round_ + 1)
        server.figures.add(counted(policy.address_messages(address)))


@pytest.mark.guarantee("Wrong guesses from one address at 60 codes", limit="30 guesses")
def test_failed_guesses_of_an_address(server: Server) -> None:
    for round_ in server.figures.each_round():
        LoginCode.objects.all().delete()
        address = new_address()
        login_codes = [make_code(phone(60 * round_ + number)) for number in range(60)]
        answers = server.at_once([guess(code, wrong(code), address) for code in login_codes])
        assert outcomes(answers) == {
            "code_invalid": ADDRESS_FAILURES,
            "rate_limited": 60 - ADDRESS_FAILURES,
        }
        assert attempts() == counted(policy.address_failures(address)) == ADDRESS_FAILURES
        server.figures.add(attempts())


@pytest.mark.guarantee("The same with right guesses in the flood: wrong ones", limit="30 guesses")
def test_right_guesses_in_a_flood_of_wrong_ones(server: Server) -> None:
    """A right guess is evaluated where a wrong one in its place would be, and takes no room itself."""
    for round_ in server.figures.each_round():
        LoginCode.objects.all().delete()
        address = new_address()
        first = 60 * round_
        flood = [make_code(phone(first + number)) for number in range(45)]
        found = [make_code(phone(first + 45 + number)) for number in range(5)]
        answers = server.at_once(
            [guess(code, wrong(code), address) for code in flood]
            + [guess(code, right(code), address) for code in found]
        )
        logins = LoginCode.objects.filter(used_at__isnull=False).count()
        assert outcomes(answers[:45]) == {"code_invalid": ADDRESS_FAILURES, "rate_limited": 15}
        assert outcomes(answers[45:])["200"] == logins
        assert outcomes(answers[45:])["rate_limited"] == len(found) - logins
        assert attempts() == ADDRESS_FAILURES + logins
        server.figures.add(attempts() - logins)
        late = make_code(phone(first + 50))
        assert server.one(guess(late, right(late), address)).code == "rate_limited"
        assert server.one(guess(late, right(late))).status == 200


@pytest.mark.guarantee("Wrong invite codes of one user", limit="10 codes")
def test_wrong_invite_codes_of_a_user(server: Server) -> None:
    for round_ in server.figures.each_round():
        user = sign_up(phone(round_))
        answers = server.at_once([activate(user, f"ABCD{number:02}") for number in range(PARALLEL)])
        assert outcomes(answers) == {
            "invite_unknown": INVITE_FAILURES,
            "rate_limited": PARALLEL - INVITE_FAILURES,
        }
        server.figures.add(counted(policy.invite_failures(user)))
        inviter = sign_up(phone(1000 + round_))
        late = server.one(activate(user, inviter.invite_code.code))
        assert late.code == "rate_limited"
    assert_nothing_broken()


@pytest.mark.guarantee("Wrong guesses at 8 codes of a phone: its 30 days", limit="40 guesses")
def test_the_failures_of_a_phone_and_of_the_site_are_all_counted(
    server: Server, no_counts: Callable[[], None]
) -> None:
    for round_ in server.figures.each_round():
        no_counts()
        LoginCode.objects.all().delete()
        number = phone(round_)
        login_codes = [make_code(number) for _ in range(8)]
        guesses = [guess(code, wrong(code)) for code in login_codes for _ in range(7)]
        answers = server.at_once(guesses)
        evaluated = ATTEMPTS * len(login_codes)
        assert outcomes(answers) == {
            "code_invalid": evaluated,
            "code_exhausted": len(guesses) - evaluated,
        }
        assert attempts() == counted(policy.site_failures()) == evaluated
        server.figures.add(counted(policy.phone_failures(number)))
