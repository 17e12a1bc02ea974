"""Senders that hand each message to others: which, in which order, and until when."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from django_phone_invites.senders import (
    PermanentSendError,
    Receipt,
    SendError,
    TemporarySendError,
    UnclearSendError,
    build,
    clock,
)
from django_phone_invites.senders.failover import FailoverSender, RegionSender
from tests.delivery.stand_ins import MESSAGE, Script, described, failover

KAZAKH = replace(MESSAGE, phone="+77010000001")
AMERICAN = replace(MESSAGE, phone="+12025550123")

SENT = Receipt("m-1")


def names(senders: Any) -> list[str]:
    return [sender.name for sender in senders]


def regions(**routes: str) -> dict[str, Any]:
    """Return a description: a sender of this name for each region, or ``default``."""
    senders = {region: described(Script(SENT), name) for region, name in routes.items()}
    default = senders.pop("default", None)
    return {
        "BACKEND": "django_phone_invites.senders.failover.RegionSender",
        "OPTIONS": {"routes": senders, "default": default},
    }


# --- in turn ---


def test_the_first_that_takes_the_message_is_the_last_that_is_asked() -> None:
    first, second, third = Script(TemporarySendError()), Script(SENT), Script(SENT)
    assert failover(a=first, b=second, c=third).send(MESSAGE) == SENT
    assert [len(script.messages) for script in (first, second, third)] == [1, 1, 0]


@pytest.mark.parametrize("error", [PermanentSendError, UnclearSendError, OSError, TypeError])
def test_only_after_a_temporary_error_is_the_next_one_asked(error: type[Exception]) -> None:
    second = Script(SENT)
    with pytest.raises(error):
        failover(a=Script(error()), b=second).send(MESSAGE)
    assert second.messages == []


def test_what_the_last_one_says_is_what_is_said() -> None:
    sender = failover(
        a=Script(TemporarySendError(code="1")), b=Script(TemporarySendError(code="2"))
    )
    with pytest.raises(TemporarySendError) as raised:
        sender.send(MESSAGE)
    assert raised.value.code == "2"


def test_nobody_is_asked_when_the_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "TIMEOUT", 0.05)

    def be_slow() -> Exception:
        time.sleep(0.1)
        return TemporarySendError(code="slow")

    second = Script(SENT)
    with pytest.raises(TemporarySendError) as raised:
        failover(a=Script(be_slow), b=second).send(MESSAGE)
    assert (raised.value.code, second.messages) == ("slow", [])


def test_an_inner_one_asks_its_own_in_its_place() -> None:
    inner = {
        "BACKEND": "django_phone_invites.senders.failover.FailoverSender",
        "OPTIONS": {"senders": [described(Script(SENT), "b"), described(Script(SENT), "c")]},
    }
    sender = FailoverSender(
        senders=[described(Script(SENT), "a"), inner, described(Script(SENT), "d")]
    )
    assert names(sender.candidates(MESSAGE)) == ["a", "b", "c", "d"]
    assert names(sender.members()) == ["a", "b", "c", "d"]


def test_a_sender_is_called_what_the_setting_says_or_as_its_class() -> None:
    assert build(described(Script(SENT), "ours")).name == "ours"
    assert build(described(Script(SENT))).name == "ScriptedSender"


def test_no_sender_and_two_of_one_name_are_reported() -> None:
    assert [found.msg for found in FailoverSender(senders=[]).check()] == [
        "FailoverSender: there is no sender."
    ]
    twice = [described(Script(SENT)), described(Script(SENT))]
    assert [found.msg for found in FailoverSender(senders=twice).check()] == [
        'FailoverSender: two senders are called ScriptedSender: give one a "NAME".'
    ]
    assert failover(a=Script(SENT), b=Script(SENT)).check() == []


def test_what_its_senders_have_to_say_is_reported() -> None:
    lost = {
        "BACKEND": "django_phone_invites.senders.file.FileSender",
        "OPTIONS": {"path": "/no/such/folder/messages"},
    }
    (found,) = FailoverSender(senders=[lost]).check()
    assert found.msg == "The folder of FileSender's path does not exist: /no/such/folder."


# --- by region ---


@pytest.mark.parametrize(
    ("message", "name"), [(MESSAGE, "russian"), (KAZAKH, "kazakh"), (AMERICAN, "any")]
)
def test_the_region_of_the_number_decides(message: Any, name: str) -> None:
    sender = build(regions(RU="russian", KZ="kazakh", default="any"))
    assert names(sender.candidates(message)) == [name]
    assert sender.send(message) == SENT


def test_a_region_without_a_sender_gets_no_message() -> None:
    sender = build(regions(RU="russian"))
    assert list(sender.candidates(AMERICAN)) == []
    with pytest.raises(SendError) as raised:
        sender.send(AMERICAN)
    assert (type(raised.value), raised.value.code) == (TemporarySendError, "no sender")


def test_a_region_that_does_not_exist_is_reported() -> None:
    assert [found.msg for found in build(regions(UK="british", RU="russian")).check()] == [
        "RegionSender: 'UK' is no region such as RU."
    ]


def test_all_that_it_may_hand_messages_to_are_its_members() -> None:
    assert names(build(regions(RU="russian", KZ="kazakh")).members()) == ["russian", "kazakh"]
    assert names(RegionSender(routes={}, default=described(Script(SENT), "any")).members()) == [
        "any"
    ]


def test_regions_in_turns_in_regions() -> None:
    turns = {
        "BACKEND": "django_phone_invites.senders.failover.FailoverSender",
        "OPTIONS": {
            "senders": [
                regions(RU="russian", default="inner"),
                described(Script(SENT), "last"),
            ]
        },
    }
    sender = RegionSender(routes={"KZ": described(Script(SENT), "kazakh")}, default=turns)
    assert names(sender.candidates(MESSAGE)) == ["russian", "last"]
    assert names(sender.candidates(AMERICAN)) == ["inner", "last"]
    assert names(sender.candidates(KAZAKH)) == ["kazakh"]
    assert names(sender.members()) == ["kazakh", "russian", "inner", "last"]
    assert sender.check() == []
