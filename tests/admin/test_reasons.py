"""What became of codes, in words: one sentence each, with its times and names."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone, translation

from django_phone_invites.admin.reasons import (
    ENDS,
    FATES,
    Tried,
    moment,
    of_end,
    of_message,
    of_purpose,
    tries,
)
from django_phone_invites.models import LoginCode
from django_phone_invites.services.fates import End, Fate
from tests.admin.explained import NOW, SECOND, at, found


def tried(seconds, state="failed", sender="TwilioSender", error=""):
    at = (NOW + seconds * SECOND).isoformat()
    return {"sender": sender, "at": at, "state": state, "error": error}


def row(**fields):
    """Return a code that was asked for at ``NOW`` and is not saved."""
    times = {"created_at": NOW, "expires_at": NOW + dt.timedelta(minutes=5), "delivery_at": NOW}
    return LoginCode(**{**times, **fields})


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
