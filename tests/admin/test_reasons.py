"""What became of codes, in words: one sentence each, with its times and names."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from django.utils import timezone, translation

from django_phone_invites import phones
from django_phone_invites.admin.reasons import (
    ENDS,
    FATES,
    KINDS,
    LIMITS,
    Fact,
    Says,
    Tried,
    facts,
    failures,
    moment,
    of_end,
    of_message,
    of_purpose,
    tries,
)
from django_phone_invites.exceptions import PhoneInvalid, PhoneRegionRefused, PhoneTypeRefused
from django_phone_invites.limits import policy
from django_phone_invites.models import LoginCode, SenderHealth, SendingPause
from django_phone_invites.services.explain import Explanation, Reached
from django_phone_invites.services.fates import End, Fate

NOW = dt.datetime(2026, 1, 2, 12, 1, 0, tzinfo=dt.timezone.utc)
SECOND = dt.timedelta(seconds=1)


def tried(seconds, state="failed", sender="TwilioSender", error=""):
    at = (NOW + seconds * SECOND).isoformat()
    return {"sender": sender, "at": at, "state": state, "error": error}


def row(**fields):
    """Return a code that was asked for at ``NOW`` and is not saved."""
    times = {"created_at": NOW, "expires_at": NOW + dt.timedelta(minutes=5), "delivery_at": NOW}
    return LoginCode(**{**times, **fields})


def at(seconds):
    return NOW + seconds * SECOND


def found(**fields):
    """Return what is known of a number that can have a code."""
    known = Explanation(
        now=NOW,
        phone="+79096869722",
        region="RU",
        kind=phones.Kind.MOBILE,
        refusal=None,
        is_paused_by_setting=False,
        pauses=[],
        reached=[],
        senders=[SenderHealth(sender="TwilioSender")],
        sender_error="",
        has_account=True,
        is_disabled=False,
        is_test=False,
        codes=[],
    )
    return dataclasses.replace(known, **fields)


# Times


def test_a_time_says_its_day_where_that_is_not_clear(settings):
    settings.TIME_ZONE = "Asia/Tokyo"
    with timezone.override("Asia/Tokyo"):
        assert moment(NOW) == "Jan. 2, 2026, 21:01:00"
        assert moment(NOW, NOW + 60 * SECOND) == "21:01:00"
        # It is the next day there.
        assert moment(NOW + dt.timedelta(hours=3), NOW) == "Jan. 3, 2026, 00:01:00"


def test_times_are_written_in_the_language_of_the_viewer():
    with translation.override("ru"):
        assert moment(NOW) == "2 января 2026 г., 12:01:00"


# What became of a message

MESSAGES = [
    (
        {"delivery": "queued", "next_try_at": at(61)},
        "It has waited for a worker since 12:01:00.",
    ),
    (
        {"delivery": "queued", "next_try_at": at(15)},
        "It has waited since 12:01:00, and no worker has come: is one running? See PHONE_INVITES_SEND.",
    ),
    (
        {
            "delivery": "queued",
            "next_try_at": at(61),
            "tries": [tried(3)],
            "delivery_error": "TemporarySendError 503",
        },
        "No provider took it; the last said TemporarySendError 503. It is tried again at 12:02:01.",
    ),
    (
        {
            "delivery": "sent",
            "delivered_by": "TwilioSender",
            "tries": [tried(3, "sent")],
            "delivery_at": at(3),
        },
        "Sent through TwilioSender at 12:01:03. Whether it arrived, it has not said.",
    ),
    (
        {
            "delivery": "delivered",
            "delivered_by": "TwilioSender",
            "tries": [tried(3, "sent")],
            "delivery_at": at(9),
        },
        "Sent through TwilioSender at 12:01:03, and delivered at 12:01:09.",
    ),
    (
        {
            "delivery": "failed",
            "delivered_by": "TwilioSender",
            "delivery_error": "PermanentSendError 21211",
            "tries": [tried(3)],
        },
        "TwilioSender refused it: PermanentSendError 21211. It does not send to this number; its own error list says why.",
    ),
    # Without tries, name, error or time: as a site's own rows may be.
    (
        {"delivery": "failed", "delivery_error": "TemporarySendError 503", "delivery_at": None},
        "No provider took it; the last, the provider, said TemporarySendError 503.",
    ),
    (
        {"delivery": "unknown", "delivery_at": None},
        "It may have been sent: the provider did not answer in time, or not clearly (no reason given). It is not sent again.",
    ),
]


@pytest.mark.parametrize(("fields", "sentence"), MESSAGES)
def test_a_message_has_a_sentence(fields, sentence):
    assert of_message(row(**fields), NOW + 60 * SECOND) == sentence


# How a code ended

CODES = [
    ({"expires_at": at(300)}, "It can be entered until 12:06:00."),
    ({"used_at": at(30), "attempts": 1}, "It was entered and used at 12:01:30."),
    ({"attempts": 5}, "Wrong guesses used all its attempts."),
    ({"ended_at": at(60)}, "A newer code took its place at 12:02:00."),
    (
        {"ended_at": at(61)},
        "It ended at 12:02:01: a code to another number took its place, or the user or the number did not allow it.",
    ),
    (
        {"expires_at": at(100), "attempts": 2},
        "Only wrong guesses were entered before it ran out at 12:02:40.",
    ),
    ({"expires_at": at(100)}, "Nothing was entered before it ran out at 12:02:40."),
]


@pytest.mark.parametrize(("fields", "sentence"), CODES)
def test_a_code_has_a_sentence(fields, sentence):
    code = row(**fields)
    assert of_end(code, found(now=at(120), codes=[row(created_at=at(60)), code])) == sentence


@pytest.mark.parametrize(
    ("words", "keys"),
    [
        (FATES, set(Fate)),
        (ENDS, set(End)),
        (KINDS, set(phones.Kind)),
        (
            LIMITS,
            {limit.name for limit in policy.messages(phone="+79096869722", address=None)},
        ),
    ],
)
def test_whatever_is_found_has_words(words, keys):
    assert set(words) == keys


def test_each_try_is_told_with_its_sender():
    code = row(
        tries=[
            tried(1, sender="A", error="TemporarySendError 503"),
            tried(2, "unknown", sender="B", error="UnclearSendError"),
        ]
    )
    assert tries(code) == [
        Tried("12:01:01", "A", "Failed", "TemporarySendError 503"),
        Tried("12:01:02", "B", "Unknown", "UnclearSendError"),
    ]


# What a code that is asked for now would meet


def test_nothing_stands_in_the_way():
    assert list(facts(found())) == [
        Fact("Codes are sent to numbers of this region and kind.", Says.FINE),
        Fact("Sending to it is not paused.", Says.FINE),
        Fact("No limit is reached.", Says.FINE),
        Fact("Senders, in the order in which they are asked: TwilioSender.", Says.FINE),
    ]


def test_a_test_number_is_sent_nothing_and_that_stops_nobody():
    *_, last = facts(found(is_test=True, senders=[]))
    text = "It is a test number: nothing is sent, and the code of the settings logs in."
    assert last == Fact(text, Says.NOTE)


def pause(region, **fields):
    return SendingPause(region=region, started_at=NOW - 60 * SECOND, **fields)


STOPS = [
    ({"refusal": PhoneInvalid()}, "No operator has given out this number: nothing is sent."),
    ({"refusal": PhoneTypeRefused()}, "Codes are sent to mobile numbers only."),
    (
        {"refusal": PhoneRegionRefused()},
        "The setting PHONE_INVITES_REGIONS leaves its region out: nothing is sent.",
    ),
    ({"is_paused_by_setting": True}, "The setting PHONE_INVITES_PAUSED pauses sending to it."),
    (
        {"pauses": [pause("RU", note="dear")]},
        "Sending is paused since 12:00:00: RU. By hand. dear",
    ),
    (
        {"pauses": [pause("", reason="alert")]},
        "Sending is paused since 12:00:00: everywhere. By an alert.",
    ),
    (
        {"reached": None},
        "The counters of the limits do not answer: nothing is sent until they do.",
    ),
    (
        {"reached": [Reached("phone-messages", at(60))]},
        "This number gets no further code before 12:02:00.",
    ),
    (
        {"reached": [Reached("address-messages", at(60))]},
        "The address that asked last gets no further code, to any number, before 12:02:00.",
    ),
    (
        {"senders": [], "sender_error": "TypeError"},
        "PHONE_INVITES_SENDER cannot be used: TypeError.",
    ),
    ({"senders": []}, "PHONE_INVITES_SENDER has no sender for this number."),
    (
        {"is_disabled": True},
        "The user of this number is disabled: a right code does not log in.",
    ),
]


@pytest.mark.parametrize(("fields", "sentence"), STOPS)
def test_what_stands_in_the_way_is_said(fields, sentence):
    stopping = [fact.text for fact in facts(found(**fields)) if fact.says is Says.STOPS]
    assert stopping == [sentence]


def test_a_gate_is_not_asked_and_says_so(settings):
    settings.PHONE_INVITES_GATE = "nowhere.gate"
    assert [fact.text for fact in facts(found()) if fact.says is Says.NOTE] == [
        "What the site's gate says to a request, PHONE_INVITES_GATE, is not known."
    ]


@pytest.mark.parametrize(
    ("policy", "says", "words"),
    [
        ("closed", Says.STOPS, "nobody can sign up"),
        ("invite", Says.NOTE, "only where an invite code in force comes with"),
        ("site.rule", Says.NOTE, "what the site's rule in PHONE_INVITES_SIGN_UP says is not known"),
    ],
)
def test_a_number_without_an_account_meets_the_policy(settings, policy, says, words):
    settings.PHONE_INVITES_SIGN_UP = policy
    (fact,) = [fact for fact in facts(found(has_account=False)) if "no account" in fact.text]
    assert fact.says is says
    assert words in fact.text
    assert not [fact for fact in facts(found()) if "no account" in fact.text]


def test_an_open_site_says_nothing_of_a_number_without_an_account():
    assert list(facts(found(has_account=False))) == list(facts(found()))


def test_senders_that_have_failed_are_noted():
    senders = [SenderHealth(sender="A", failures=1), SenderHealth(sender="B")]
    noted = [fact.text for fact in facts(found(senders=senders)) if fact.says is Says.NOTE]
    assert noted == ["A has failed 1 time in a row."]


@pytest.mark.parametrize(
    ("until", "text"),
    [
        (None, "A has failed 7 times in a row."),
        (NOW, "A has failed 7 times in a row."),
        (at(60), "A has failed 7 times in a row. It is asked last until 12:02:00."),
    ],
)
def test_a_sender_that_is_skipped_says_until_when(until, text):
    assert failures(SenderHealth(sender="A", failures=7, skipped_until=until), NOW) == text


@pytest.mark.parametrize(
    ("purpose", "words"),
    [
        ("login", ""),
        ("no_account", "The message says that there is no account, and holds no code."),
        ("change", "The code makes it the number of a user who is signed in."),
        ("changed", "The message says that its user has another number now, and how to undo it."),
    ],
)
def test_what_a_message_is_for_is_said_unless_it_is_a_login(purpose, words):
    assert of_purpose(row(purpose=purpose)) == words
