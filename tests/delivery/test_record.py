"""What became of a message is kept with its code, logged and announced."""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

import pytest
from django.utils import timezone

from django_phone_invites import delivery, signals
from django_phone_invites.delivery import queue, record
from django_phone_invites.delivery.handover import Try
from django_phone_invites.models import LoginCode
from django_phone_invites.senders import (
    DeliveryState,
    PermanentSendError,
    Receipt,
    TemporarySendError,
    UnclearSendError,
)
from tests.delivery.stand_ins import (
    Script,
    events,
    failing_receiver,
    failover_described,
    fresh,
    listening,
    make_code,
    row,
)

pytestmark = pytest.mark.django_db

MASKED = "+7 •••-•••-••-22"


def test_a_sent_message_is_recorded_and_announced() -> None:
    login_code = make_code()
    with listening(signals.code_sent) as sent, listening(signals.code_failed) as failed:
        delivery.deliver(login_code)
    assert row(login_code) == {
        "delivery": "sent",
        "delivered_by": "MemorySender",
        "message_id": "1",
        "delivery_error": "",
    }
    (heard,) = sent
    assert failed == []
    assert heard["sender"] is LoginCode
    assert heard["login_code"] == login_code
    assert heard["receipt"] == Receipt(message_id="1")


@pytest.mark.parametrize("state", DeliveryState)
def test_the_state_of_a_receipt_is_kept(state: DeliveryState, answer: Any) -> None:
    failed = state is DeliveryState.FAILED
    answer(Receipt(message_id="x" * 200, state=state, error="E17" if failed else ""))
    login_code = make_code()
    delivery.deliver(login_code)
    assert row(login_code) == {
        "delivery": state.value,
        "delivered_by": "ScriptedSender",
        "message_id": "x" * 128,
        "delivery_error": "PermanentSendError E17" if failed else "",
    }


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (PermanentSendError("blocked", code="E17"), "PermanentSendError E17"),
        (TemporarySendError("busy"), "TemporarySendError"),
        (TemporarySendError("busy", code="9" * 200), "TemporarySendError " + "9" * 109),
        (PermanentSendError(code="\0E\0"), "PermanentSendError E"),
        (ConnectionResetError("reset by peer"), "ConnectionResetError"),
        (ValueError("garbage"), "ValueError"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_failure_is_recorded_and_announced(error: Exception, reason: str, answer: Any) -> None:
    answer(error)
    login_code = make_code()
    with listening(signals.code_sent) as sent, listening(signals.code_failed) as failed:
        delivery.deliver(login_code)
    assert row(login_code) == {
        "delivery": "failed",
        "delivered_by": "ScriptedSender",
        "message_id": "",
        "delivery_error": reason,
    }
    (heard,) = failed
    assert sent == []
    assert heard["sender"] is LoginCode
    assert (heard["login_code"], heard["error"]) == (login_code, error)


def test_an_unclear_failure_counts_as_sent(caplog: Any, answer: Any) -> None:
    answer(UnclearSendError("no answer", code="ReadTimeout"))
    login_code = make_code()
    with listening(signals.code_failed) as failed:
        delivery.deliver(login_code)
    assert row(login_code)["delivery"] == "unknown"
    assert row(login_code)["delivery_error"] == "UnclearSendError ReadTimeout"
    assert len(failed) == 1
    assert f"Login code {login_code.pk} to {MASKED} may not have been sent" in caplog.text


def test_a_receiver_that_fails_undoes_nothing(answer: Any) -> None:
    sent, failed = make_code(), make_code()
    with failing_receiver(signals.code_sent), failing_receiver(signals.code_failed):
        answer(Receipt(message_id="7"))
        delivery.deliver(sent)
        answer(TemporarySendError("busy"))
        delivery.deliver(failed)
    assert row(sent)["message_id"] == "7"
    assert row(failed)["delivery_error"] == "TemporarySendError"


def test_success_is_logged_with_a_masked_number(caplog: Any) -> None:
    caplog.set_level(logging.DEBUG)
    login_code = make_code()
    delivery.deliver(login_code)
    (logged,) = [found for found in caplog.records if found.name == "django_phone_invites"]
    assert logged.levelno == logging.INFO
    assert logged.getMessage() == f"Sent login code {login_code.pk} to {MASKED}."


def test_a_failure_is_logged_with_its_type_and_the_providers_code(caplog: Any, answer: Any) -> None:
    answer(PermanentSendError("blocked", code="E17"))
    login_code = make_code()
    delivery.deliver(login_code)
    (logged,) = [found for found in caplog.records if found.name == "django_phone_invites"]
    assert logged.levelno == logging.ERROR
    assert logged.exc_info is None
    assert logged.getMessage() == (
        f"Login code {login_code.pk} to {MASKED} was not sent: PermanentSendError E17."
    )


# --- tries ---


def test_each_sender_that_was_asked_is_kept_by_its_name(clock: Any, settings: Any) -> None:
    settings.PHONE_INVITES_SENDER = failover_described(
        first=Script(TemporarySendError(code="busy")), second=Script(Receipt("m-1"))
    )
    login_code = make_code()
    delivery.deliver(login_code)
    at = timezone.now().isoformat()
    tries = fresh(login_code).tries
    assert all(0 <= one.pop("seconds") < 1 for one in tries)
    assert tries == [
        {"sender": "first", "at": at, "state": "failed", "error": "TemporarySendError busy"},
        {"sender": "second", "at": at, "state": "sent", "error": ""},
    ]
    assert row(login_code) == {
        "delivery": "sent",
        "delivered_by": "second",
        "message_id": "m-1",
        "delivery_error": "",
    }


def test_the_last_twenty_tries_are_kept() -> None:
    login_code = make_code()
    now = timezone.now()
    record.keep(login_code, [Try(f"sender {number}", now) for number in range(15)])
    record.keep(login_code, [Try(f"sender {number}", now) for number in range(15, 30)])
    kept = [one["sender"] for one in fresh(login_code).tries]
    assert kept == [f"sender {number}" for number in range(10, 30)]


def test_a_retry_is_kept_and_logged_and_not_announced(caplog: Any, clock: Any) -> None:
    login_code = make_code()
    next_at = timezone.now() + dt.timedelta(seconds=2)
    failed = Try("ours", timezone.now(), error=TemporarySendError(code="busy"))
    with listening(signals.code_sent) as sent, listening(signals.code_failed) as announced:
        record.keep_for_retry(login_code, [failed], next_at)
    assert (sent, announced) == ([], [])
    assert fresh(login_code).delivery == "queued"
    assert fresh(login_code).next_try_at == next_at
    assert events(caplog) == ["code_retried"]
    (logged,) = caplog.messages
    assert logged.startswith(f"Login code {login_code.pk} to {MASKED} was not sent: ")
    assert logged.endswith("TemporarySendError busy. It is tried again.")


def test_a_code_that_is_over_is_given_up_in_words(caplog: Any) -> None:
    login_code = make_code()
    record.give_up(login_code)
    assert (row(login_code)["delivery"], row(login_code)["delivery_error"]) == ("failed", "over")
    assert events(caplog) == ["code_given_up"]
    assert caplog.messages == [
        f"Login code {login_code.pk} to {MASKED} is not sent any more: it is over."
    ]


def test_a_code_that_is_entered_meanwhile_stays_used(answer: Any) -> None:
    login_code = make_code(**queue.waiting(timezone.now()))

    def is_entered() -> Receipt:
        LoginCode.objects.update(used_at=timezone.now(), attempts=1)
        return Receipt()

    answer(is_entered)
    queue.take(login_code.pk)
    stored = fresh(login_code)
    assert (stored.delivery, stored.attempts, stored.used_at is None) == ("sent", 1, False)


def test_a_code_whose_phone_is_erased_meanwhile_stays_erased(answer: Any) -> None:
    login_code = make_code(**queue.waiting(timezone.now()))

    def is_erased() -> Receipt:
        LoginCode.objects.all().delete()
        return Receipt()

    answer(is_erased)
    assert queue.take(login_code.pk) is None
    assert not LoginCode.objects.exists()
