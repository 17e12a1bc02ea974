"""What became of a code and of its message, as a table; and as delivery itself leaves the row."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from django_phone_invites.delivery import apply_receipts, deliver, queue
from django_phone_invites.models import LoginCode
from django_phone_invites.senders import (
    DeliveryState,
    Message,
    PermanentSendError,
    Receipt,
    Sender,
    TemporarySendError,
    UnclearSendError,
)
from django_phone_invites.services.fates import End, Fate, end_of, fate_of

NOW = dt.datetime(2026, 1, 2, 12, 1, 0, tzinfo=dt.timezone.utc)
SECOND = dt.timedelta(seconds=1)
PHONE = "+79096869722"


def tried(state="failed", sender="TwilioSender"):
    return {"sender": sender, "at": NOW.isoformat(), "state": state, "error": ""}


def row(**fields):
    """Return a code that was asked for at ``NOW`` and is not saved."""
    times = {"created_at": NOW, "expires_at": NOW + dt.timedelta(minutes=5), "delivery_at": NOW}
    asked = {"phone": PHONE, "purpose": "login", "channel": "web", "length": 6, "locale": "en"}
    return LoginCode(**{**asked, **times, **fields})


WAITING = {"delivery": "queued", "next_try_at": NOW + 8 * SECOND}
LOST_AFTER = queue.LOST_AFTER.total_seconds()

FATES = [
    (WAITING, 7, Fate.WAITING),
    (WAITING, 8, Fate.OVERDUE),
    (WAITING | {"tries": [tried()]}, 7, Fate.RETRYING),
    (WAITING | {"tries": [tried()]}, 8, Fate.RETRY_OVERDUE),
    ({"delivery": "sending"}, LOST_AFTER, Fate.SENDING),
    ({"delivery": "sending"}, LOST_AFTER + 1, Fate.LOST),
    ({"delivery": "sending", "delivery_at": None}, LOST_AFTER + 1, Fate.LOST),
    ({"delivery": "unknown", "delivery_error": "lost"}, 1, Fate.LOST),
    ({"delivery": "queued", "tries": [tried("queued")]}, 1, Fate.QUEUED),
    ({"delivery": "sent", "tries": [tried("sent")]}, 1, Fate.SENT),
    ({"delivery": "none"}, 1, Fate.NOT_SENT),
    ({"delivery": "none", "withheld": "sign_up_closed"}, 1, Fate.CLOSED),
    ({"delivery": "none", "withheld": "invite_required"}, 1, Fate.NOT_INVITED),
    ({"delivery": "delivered", "tries": [tried("sent")]}, 1, Fate.DELIVERED),
    ({"delivery": "delivered"}, 1, Fate.DELIVERED),
    ({"delivery": "failed", "delivery_error": "30003", "tries": [tried("sent")]}, 1, Fate.UNDELIVERED),
    ({"delivery": "failed", "delivery_error": "", "tries": [tried("queued")]}, 1, Fate.UNDELIVERED),
    ({"delivery": "unknown", "delivery_error": "UnclearSendError"}, 1, Fate.UNCLEAR),
    ({"delivery": "unknown", "delivery_error": ""}, 1, Fate.UNCLEAR),
    ({"delivery": "failed", "delivery_error": "PermanentSendError 21211", "tries": [tried()]}, 1, Fate.REFUSED),
    ({"delivery": "failed", "delivery_error": "PermanentSendError"}, 1, Fate.REFUSED),
    ({"delivery": "failed", "delivery_error": "TemporarySendError 503"}, 1, Fate.NOT_TAKEN),
    ({"delivery": "failed", "delivery_error": "TemporarySendError no sender", "tries": [tried()]}, 1, Fate.NO_SENDER),
    ({"delivery": "failed", "delivery_error": "KeyError", "tries": [tried()]}, 1, Fate.BROKEN),
    ({"delivery": "failed", "delivery_error": ""}, 1, Fate.BROKEN),
    ({"delivery": "failed", "delivery_error": "ImportError", "tries": [tried(sender="")]}, 1, Fate.UNPREPARED),
    ({"delivery": "failed", "delivery_error": "over"}, 1, Fate.NO_WORKER),
    ({"delivery": "failed", "delivery_error": "over", "tries": [tried()]}, 1, Fate.GIVEN_UP),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "seconds", "fate"), FATES)
def test_a_message_has_one_fate(fields, seconds, fate):
    assert fate_of(row(**fields), NOW + seconds * SECOND) is fate


@pytest.mark.parametrize("state", LoginCode.Delivery)
def test_every_state_of_delivery_has_a_fate(state):
    assert fate_of(row(delivery=state.value), NOW) in Fate


def test_every_fate_is_in_the_table():
    assert {fate for _, _, fate in FATES} == set(Fate)


USED = {"used_at": NOW + SECOND, "attempts": 1}
ENDED = {"ended_at": NOW + 90 * SECOND}

ENDS = [
    ({}, 299, End.LIVE),
    ({"attempts": 4}, 299, End.LIVE),
    (USED, 1, End.USED),
    ({**USED, "attempts": 5}, 301, End.USED),
    ({"attempts": 5}, 1, End.EXHAUSTED),
    ({"attempts": 5, **ENDED}, 91, End.EXHAUSTED),
    (ENDED, 91, End.REPLACED),
    ({"ended_at": NOW + 91 * SECOND}, 91, End.ENDED),
    ({}, 300, End.NOT_ENTERED),
    ({"attempts": 4}, 300, End.MISTYPED),
    ({"purpose": "changed", "ended_at": NOW}, 1, End.NOTICE),
    # A newer code, asked for when this one had run out.
    ({"ended_at": NOW + 300 * SECOND}, 301, End.NOT_ENTERED),
]


@pytest.mark.parametrize(("fields", "seconds", "end"), ENDS)
def test_a_code_has_one_end(fields, seconds, end):
    asked = [NOW, NOW + 90 * SECOND, NOW + 300 * SECOND]
    assert end_of(row(**fields), NOW + seconds * SECOND, asked=asked) is end


def test_every_end_is_in_the_table():
    assert {end for _, _, end in ENDS} == set(End)


# As delivery leaves them: its words are read here


class TellingSender(Sender):
    """Answers with what ``answer`` is, or raises it."""

    answer: Receipt | Exception

    def send(self, message: Message) -> Receipt:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


TELLING = {"BACKEND": f"{__name__}.TellingSender"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("answer", "fate"),
    [
        (Receipt("1"), Fate.SENT),
        (Receipt("1", DeliveryState.QUEUED), Fate.QUEUED),
        (Receipt("1", DeliveryState.UNKNOWN), Fate.UNCLEAR),
        (Receipt("1", DeliveryState.FAILED, "7"), Fate.REFUSED),
        (PermanentSendError(code="7"), Fate.REFUSED),
        (TemporarySendError(code="503"), Fate.NOT_TAKEN),
        (UnclearSendError(), Fate.UNCLEAR),
        (KeyError("id"), Fate.BROKEN),
    ],
)
def test_what_a_sender_answers_is_the_fate(settings, answer, fate):
    settings.PHONE_INVITES_SENDER = TELLING
    TellingSender.answer = answer
    code = row(delivery="sending")
    code.save()
    deliver(code)
    assert fate_of(LoginCode.objects.get(), NOW) is fate


@pytest.mark.django_db
def test_a_receipt_that_comes_later_says_undelivered(settings):
    settings.PHONE_INVITES_SENDER = TELLING
    TellingSender.answer = Receipt("1")
    code = row(delivery="sending")
    code.save()
    deliver(code)
    apply_receipts([Receipt("1", DeliveryState.FAILED, "30003")], sender="TellingSender")
    assert fate_of(LoginCode.objects.get(), NOW) is Fate.UNDELIVERED


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("sender", "fate"),
    [
        (
            {
                "BACKEND": "django_phone_invites.senders.failover.RegionSender",
                "OPTIONS": {"routes": {"KZ": TELLING}, "default": None},
            },
            Fate.NO_SENDER,
        ),
        ({"BACKEND": "nowhere.Sender"}, Fate.UNPREPARED),
    ],
)
def test_what_no_sender_was_asked_for_has_its_own_fate(settings, sender, fate):
    settings.PHONE_INVITES_SENDER = sender
    code = row(delivery="sending")
    code.save()
    deliver(code)
    assert fate_of(LoginCode.objects.get(), NOW) is fate


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("state", "tries", "fate"),
    [
        ("waiting", [], Fate.NO_WORKER),
        ("waiting", [tried()], Fate.GIVEN_UP),
        ("sending", [], Fate.LOST),
    ],
)
def test_what_a_sweep_finds_too_late_has_its_own_fate(state, tries, fate):
    now = timezone.now()
    asked = now - dt.timedelta(minutes=5)
    fields = {"delivery": "sending"} if state == "sending" else queue.waiting(asked)
    code = row(created_at=asked, expires_at=now, tries=tries, **{"delivery_at": asked, **fields})
    code.save()
    queue.sweep()
    assert fate_of(LoginCode.objects.get(), now) is fate
