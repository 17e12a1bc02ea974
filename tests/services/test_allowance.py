"""What is sent is limited for a phone, a block, an address and the site: each at exactly its value."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

import pytest

from django_phone_invites.exceptions import RateLimited
from django_phone_invites.models import LoginCode
from django_phone_invites.senders.memory import outbox

pytestmark = pytest.mark.django_db

HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)
MICROSECOND = dt.timedelta(microseconds=1)
ADDRESS = "203.0.113.7"


def phone(number: int) -> str:
    """Return a number that is in a block of its own."""
    return f"+7909{number:04}722"


def neighbour(number: int) -> str:
    """Return a number of one block."""
    return f"+79096869{number:03}"


#: name of the limit, its settings, and how the n-th request is made that counts against it alone.
LIMITS = {
    "address-messages": (
        ("PHONE_INVITES_ADDRESS_MESSAGES_PER_HOUR", "PHONE_INVITES_ADDRESS_MESSAGES_PER_DAY"),
        lambda ask, number: ask(phone(number), address=ADDRESS),
    ),
    "block-messages": (
        ("PHONE_INVITES_BLOCK_MESSAGES_PER_HOUR",),
        lambda ask, number: ask(neighbour(number), address=f"192.0.2.{number}"),
    ),
    "site-messages": (
        ("PHONE_INVITES_SITE_MESSAGES_PER_HOUR", "PHONE_INVITES_SITE_MESSAGES_PER_DAY"),
        lambda ask, number: ask(phone(number), address=f"192.0.2.{number}"),
    ),
}
WINDOWS = [
    (name, setting, HOUR if setting.endswith("HOUR") else DAY)
    for name, (settings, _) in LIMITS.items()
    for setting in settings
]


@pytest.mark.parametrize("most", [1, 4])
@pytest.mark.parametrize(("name", "setting", "length"), WINDOWS)
def test_a_limit_is_enforced_at_exactly_its_value_and_slides(
    ask: Any, clock: Any, settings: Any, name: str, setting: str, length: dt.timedelta, most: int
) -> None:
    settings_of, request = LIMITS[name]
    for other in settings_of:
        setattr(settings, other, None)
    setattr(settings, setting, most)
    for number in range(most):
        request(ask, number)
        clock.shift(1)
    with pytest.raises(RateLimited) as refused:
        request(ask, most)
    assert refused.value.limit == name
    assert refused.value.retry_after == length.total_seconds() - most
    assert len(outbox) == LoginCode.objects.count() == most
    clock.move_to(refused.value.retry_at - MICROSECOND, tick=False)
    with pytest.raises(RateLimited):
        request(ask, most)
    clock.move_to(refused.value.retry_at, tick=False)
    request(ask, most)
    if most > 1:
        with pytest.raises(RateLimited):
            request(ask, most + 1)


@pytest.mark.parametrize(
    ("name", "most"), [("address-messages", 10), ("block-messages", 10), ("site-messages", None)]
)
def test_the_defaults(ask: Any, name: str, most: int | None) -> None:
    _, request = LIMITS[name]
    for number in range(most or 50):
        request(ask, number)
    if most:
        with pytest.raises(RateLimited) as refused:
            request(ask, most)
        assert refused.value.limit == name


def test_a_code_of_the_usual_length_is_not_reported_as_longer(ask: Any, caplog: Any) -> None:
    with caplog.at_level("DEBUG"):
        ask(phone(1))
    events = [getattr(record, "event", None) for record in caplog.records]
    assert events
    assert "code_lengthened" not in events


def test_another_address_and_another_block_are_counted_apart(ask: Any, settings: Any) -> None:
    settings.PHONE_INVITES_ADDRESS_MESSAGES_PER_HOUR = 1
    settings.PHONE_INVITES_BLOCK_MESSAGES_PER_HOUR = 1
    ask(phone(1), address="203.0.113.7")
    ask(phone(2), address="203.0.113.8")
    with pytest.raises(RateLimited) as refused:
        ask(phone(3), address="203.0.113.7")
    assert refused.value.limit == "address-messages"


def test_what_one_limit_refuses_counts_against_no_other(ask: Any, settings: Any) -> None:
    settings.PHONE_INVITES_BLOCK_MESSAGES_PER_HOUR = 1
    settings.PHONE_INVITES_SITE_MESSAGES_PER_HOUR = 2
    ask(neighbour(1))
    for number in range(2, 9):
        with pytest.raises(RateLimited):
            ask(neighbour(number))
    ask(phone(1))
    with pytest.raises(RateLimited) as refused:
        ask(phone(2))
    assert refused.value.limit == "site-messages"


def test_the_refusal_that_lasts_longest_says_when_to_come_back(
    ask: Any, clock: Any, settings: Any
) -> None:
    settings.PHONE_INVITES_SITE_MESSAGES_PER_DAY = 1
    ask(phone(1))
    with pytest.raises(RateLimited) as refused:
        ask(phone(1))  # in its cooldown of a minute too
    assert refused.value.retry_after == DAY.total_seconds()


def test_the_gate_is_no_limit_and_a_refused_number_counts_nowhere(ask: Any, settings: Any) -> None:
    settings.PHONE_INVITES_SITE_MESSAGES_PER_HOUR = 1
    with pytest.raises(Exception, match="mobile numbers only"):
        ask("+78001234567")
    ask(phone(1))


@pytest.mark.django_db(transaction=True)
def test_a_cap_of_the_site_is_exact_in_parallel(in_parallel: Any, ask: Any, settings: Any) -> None:
    settings.PHONE_INVITES_SITE_MESSAGES_PER_HOUR = 7
    works = [lambda number=number: ask(phone(number), address=None) for number in range(10)] * 2
    results = in_parallel(works)
    kinds = Counter(getattr(found, "code", "sent") for found in results)
    assert kinds == {"sent": 7, "rate_limited": 13}
    assert len(outbox) == LoginCode.objects.count() == 7
