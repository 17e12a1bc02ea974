"""What a code that is asked for now would meet, in words: one sentence each."""

from __future__ import annotations

import pytest

from django_phone_invites import phones
from django_phone_invites.admin.facts import KINDS, LIMITS, Fact, Says, facts_of, failures
from django_phone_invites.exceptions import PhoneInvalid, PhoneRegionRefused, PhoneTypeRefused
from django_phone_invites.limits import policy
from django_phone_invites.models import SenderHealth, SendingPause
from django_phone_invites.services.explain import Reached
from tests.admin.explained import NOW, SECOND, at, found


@pytest.mark.parametrize(
    ("words", "keys"),
    [
        (KINDS, set(phones.Kind)),
        (
            LIMITS,
            {limit.name for limit in policy.messages(phone="+79096869722", address=None)},
        ),
    ],
)
def test_whatever_is_found_has_words(words, keys):
    assert set(words) == keys


def test_nothing_stands_in_the_way():
    assert list(facts_of(found())) == [
        Fact("Codes are sent to numbers of this region and kind.", Says.FINE),
        Fact("Sending to it is not paused.", Says.FINE),
        Fact("No limit is reached.", Says.FINE),
        Fact("Senders, in the order in which they are asked: TwilioSender.", Says.FINE),
    ]


def test_a_test_number_is_sent_nothing_and_that_stops_nobody():
    *_, last = facts_of(found(is_test=True, senders=[]))
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
    stopping = [fact.text for fact in facts_of(found(**fields)) if fact.says is Says.STOPS]
    assert stopping == [sentence]


def test_a_gate_is_not_asked_and_says_so(settings):
    settings.PHONE_INVITES_GATE = "nowhere.gate"
    assert [fact.text for fact in facts_of(found()) if fact.says is Says.NOTE] == [
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
    (fact,) = [fact for fact in facts_of(found(has_account=False)) if "no account" in fact.text]
    assert fact.says is says
    assert words in fact.text
    assert not [fact for fact in facts_of(found()) if "no account" in fact.text]


def test_an_open_site_says_nothing_of_a_number_without_an_account():
    assert list(facts_of(found(has_account=False))) == list(facts_of(found()))


def test_senders_that_have_failed_are_noted():
    senders = [SenderHealth(sender="A", failures=1), SenderHealth(sender="B")]
    noted = [fact.text for fact in facts_of(found(senders=senders)) if fact.says is Says.NOTE]
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
