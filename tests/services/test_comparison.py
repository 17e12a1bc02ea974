"""Codes that a provider makes and compares: every limit holds as for our own."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.utils import timezone

from django_phone_invites.exceptions import (
    CodeExhausted,
    CodeExpired,
    CodeInvalid,
    CodeMalformed,
    CodeUsed,
    RateLimited,
    Unavailable,
)
from django_phone_invites.models import LoginCode, PhoneAccount
from django_phone_invites.senders import (
    CodeOwner,
    Message,
    Receipt,
    Sender,
    TemporarySendError,
)
from django_phone_invites.services.challenges import request_code
from tests.services.conftest import PHONE, Asked

pytestmark = pytest.mark.django_db

CODE = "4711"

#: What the provider was asked, and what it says in place of an answer.
asked_for: list[tuple[str, str]] = []
outage: list[Exception] = []


class OwnerSender(Sender, CodeOwner):
    """A provider with codes of four digits; each of them is right once."""

    digits = 4
    used = False

    def send(self, message: Message) -> Receipt:
        OwnerSender.used = False
        return Receipt(message_id="v-1")

    def verify(self, phone: str, code: str) -> bool:
        asked_for.append((phone, code))
        for error in outage:
            raise error
        right = code == CODE and not OwnerSender.used
        OwnerSender.used = OwnerSender.used or right
        return right


OWNER = {"BACKEND": f"{__name__}.OwnerSender"}


@pytest.fixture(autouse=True)
def _owner(settings: Any) -> None:
    settings.PHONE_INVITES_SENDER = OWNER
    asked_for.clear()
    outage.clear()


def ask(**arguments: Any) -> Asked:
    return Asked(request_code(phone=PHONE, channel="web", **arguments), CODE)


def test_the_provider_compares_and_the_length_is_its_own() -> None:
    asked = ask()
    assert asked.fresh.length == asked.row.length == 4
    done = asked.enter()
    assert done.created
    assert asked_for == [(PHONE, CODE)]
    assert (asked.fresh.attempts, asked.fresh.used_at is not None) == (1, True)


def test_a_wrong_guess_is_counted_once() -> None:
    asked = ask()
    with pytest.raises(CodeInvalid) as refused:
        asked.enter("0000")
    assert refused.value.attempts_left == 4
    assert asked.fresh.attempts == 1


def test_the_code_that_we_would_have_made_is_none() -> None:
    asked = ask()
    LoginCode.objects.update(length=6)
    with pytest.raises(CodeInvalid):
        asked.enter("123456")
    assert asked_for == [(PHONE, "123456")]


def test_the_provider_is_not_asked_about_what_can_be_no_code() -> None:
    with pytest.raises(CodeMalformed):
        ask().enter("47a1")
    assert asked_for == []


def test_the_last_attempt_may_be_the_right_one_and_no_further_one_reaches_the_provider() -> None:
    asked = ask()
    for _ in range(4):
        with pytest.raises(CodeInvalid):
            asked.enter("0000")
    assert asked.enter().created
    with pytest.raises(CodeUsed):
        asked.enter()
    assert len(asked_for) == 5


def test_no_guess_reaches_the_provider_after_the_attempts() -> None:
    asked = ask()
    for _ in range(5):
        with pytest.raises(CodeInvalid):
            asked.enter("0000")
    with pytest.raises(CodeExhausted):
        asked.enter()
    assert len(asked_for) == 5


@pytest.mark.parametrize(("column", "refusal"), [("used_at", CodeUsed), ("ended_at", CodeExpired)])
def test_a_code_that_is_over_once_the_provider_has_compared_logs_nobody_in(
    column: str, refusal: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ask()
    verify = OwnerSender.verify

    def late(self: OwnerSender, phone: str, code: str) -> bool:
        right = verify(self, phone, code)
        LoginCode.objects.update(**{column: timezone.now()})
        return right

    monkeypatch.setattr(OwnerSender, "verify", late)
    with pytest.raises(refusal):
        asked.enter()
    assert not PhoneAccount.objects.exists()


def test_the_limit_of_the_address_stands_before_the_provider(settings: Any) -> None:
    settings.PHONE_INVITES_ADDRESS_FAILURES_PER_HOUR = 1
    asked = ask()
    with pytest.raises(CodeInvalid):
        asked.enter("0000")
    with pytest.raises(RateLimited):
        asked.enter()
    assert len(asked_for) == 1
    assert asked.fresh.attempts == 1


def test_a_provider_that_does_not_say_logs_nobody_in(caplog: Any) -> None:
    outage.append(TemporarySendError("the key is 5ecret", code="E17"))
    asked = ask()
    with caplog.at_level(logging.INFO), pytest.raises(Unavailable):
        asked.enter()
    assert asked.fresh.used_at is None
    assert asked.fresh.attempts == 1
    assert "TemporarySendError E17" in caplog.text
    assert "5ecret" not in caplog.text and CODE not in caplog.text


def test_the_sender_that_sent_it_is_the_one_that_is_asked(settings: Any) -> None:
    settings.PHONE_INVITES_SENDER = {
        "BACKEND": "django_phone_invites.senders.failover.FailoverSender",
        "OPTIONS": {
            "senders": [
                {"BACKEND": "django_phone_invites.senders.memory.MemorySender"},
                {**OWNER, "NAME": "owner"},
            ]
        },
    }
    asked = ask()
    assert asked.fresh.delivered_by == "MemorySender"
    assert asked.fresh.length == 6
    with pytest.raises(CodeInvalid):
        asked.enter("000000")
    assert asked_for == []


def test_many_right_guesses_at_once_log_in_once(in_parallel: Any) -> None:
    asked = ask()
    found = in_parallel([asked.enter] * 12)
    assert sum(not isinstance(result, Exception) for result in found) == 1
    assert len(asked_for) <= 5
    assert asked.fresh.attempts <= 5
