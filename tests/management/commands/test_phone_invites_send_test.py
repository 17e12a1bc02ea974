"""``phone_invites_send_test`` sends one message that is no login code."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from django_phone_invites.exceptions import PhoneInvalid, PhoneRegionRefused, PhoneTypeRefused
from django_phone_invites.senders import (
    Message,
    PermanentSendError,
    Receipt,
    Sender,
    TemporarySendError,
)
from django_phone_invites.senders.memory import outbox
from django_phone_invites.services import pauses


class RefusingSender(Sender):
    """A provider that is out of credit."""

    def send(self, message: Message) -> Receipt:
        raise PermanentSendError("out of credit", code="17")


class UnreachableSender(Sender):
    """A provider that does not answer."""

    def send(self, message: Message) -> Receipt:
        try:
            return Receipt(message_id=self.answer())
        except ConnectionRefusedError as error:
            raise TemporarySendError(code=type(error).__name__)  # noqa: B904 - many do so

    def answer(self) -> str:
        raise ConnectionRefusedError(111, "Connection refused")


class SilentSender(Sender):
    """One whose cause says nothing."""

    def send(self, message: Message) -> Receipt:
        raise TemporarySendError from TimeoutError()


pytestmark = pytest.mark.django_db


def send_test(phone: str, *options: str) -> str:
    out = io.StringIO()
    call_command("phone_invites_send_test", phone, *options, stdout=out)
    return out.getvalue()


@pytest.mark.parametrize("region", ["RU", pauses.EVERYWHERE])
def test_nothing_is_sent_during_a_pause_unless_it_is_asked_for(region: str) -> None:
    pauses.pause(region=region)
    with pytest.raises(CommandError, match="paused: --despite-pause sends it"):
        send_test("+79096869722")
    assert outbox == []
    assert send_test("+79096869722", "--despite-pause") == "sent, message id 1\n"


def test_a_pause_of_another_region_stops_nothing() -> None:
    pauses.pause(region="KZ")
    assert send_test("+79096869722") == "sent, message id 1\n"


def test_a_message_goes_through_the_sender_in_force(settings: Any) -> None:
    settings.LANGUAGE_CODE = "ru"
    assert send_test("+7 (909) 686-97-22") == "sent, message id 1\n"
    assert outbox == [
        Message(
            phone="+79096869722",
            code="000000",
            purpose="test",
            locale="ru",
            lifetime=0,
            text="This is a test message. 000000 is not a code.",
        )
    ]


def test_a_provider_without_ids_is_no_trouble(settings: Any) -> None:
    settings.PHONE_INVITES_SENDER = {
        "BACKEND": "django_phone_invites.senders.console.ConsoleSender"
    }
    assert send_test("+79096869722") == "sent, message id (none)\n"


@pytest.mark.parametrize(
    ("phone", "refusal"),
    [
        ("garbage", PhoneInvalid),
        ("+79999999", PhoneInvalid),
        ("+78005553535", PhoneTypeRefused),
        ("+77012345678", PhoneRegionRefused),
    ],
)
def test_a_number_that_no_code_is_sent_to_is_refused(
    phone: str, refusal: type[Exception], settings: Any
) -> None:
    settings.PHONE_INVITES_REGIONS = ["RU"]
    with pytest.raises(CommandError) as refused:
        send_test(phone)
    assert str(refused.value) == str(refusal())
    assert outbox == []


def test_what_the_provider_refuses_is_told(settings: Any) -> None:
    settings.PHONE_INVITES_SENDER = {"BACKEND": f"{__name__}.RefusingSender"}
    with pytest.raises(CommandError) as refused:
        send_test("+79096869722")
    first, meaning = str(refused.value).splitlines()
    assert first == "PermanentSendError 17: out of credit"
    assert meaning == "It will not work for this number, however often it is tried."


def through(*senders: dict[str, Any]) -> dict[str, Any]:
    return {
        "BACKEND": "django_phone_invites.senders.failover.FailoverSender",
        "OPTIONS": {"senders": senders},
    }


MEMORY = {"BACKEND": "django_phone_invites.senders.memory.MemorySender", "NAME": "second"}


def test_of_several_senders_each_is_named(settings: Any, capsys: Any) -> None:
    silent = {"BACKEND": f"{__name__}.SilentSender", "NAME": "first"}
    settings.PHONE_INVITES_SENDER = through(silent, MEMORY)
    assert send_test("+79096869722") == "second: sent, message id 1\n"
    assert capsys.readouterr().err.startswith("first: TemporarySendError\n")


def test_no_other_sender_is_asked_about_a_number_that_one_calls_wrong(settings: Any) -> None:
    settings.PHONE_INVITES_SENDER = through({"BACKEND": f"{__name__}.RefusingSender"}, MEMORY)
    with pytest.raises(CommandError, match=r"^RefusingSender: PermanentSendError 17"):
        send_test("+79096869722")
    assert outbox == []


def test_a_number_without_a_sender_is_told(settings: Any) -> None:
    settings.PHONE_INVITES_SENDER = {
        "BACKEND": "django_phone_invites.senders.failover.RegionSender",
        "OPTIONS": {"routes": {"KZ": MEMORY}, "default": None},
    }
    with pytest.raises(CommandError, match="no sender for this number"):
        send_test("+79096869722")


@pytest.mark.parametrize(
    ("sender", "cause"),
    [
        (UnreachableSender, "ConnectionRefusedError: [Errno 111] Connection refused"),
        (SilentSender, "TimeoutError"),
    ],
)
def test_the_cause_of_a_failure_is_told(sender: type[Sender], cause: str, settings: Any) -> None:
    settings.PHONE_INVITES_SENDER = {"BACKEND": f"{__name__}.{sender.__name__}"}
    with pytest.raises(CommandError) as refused:
        send_test("+79096869722")
    first, second, meaning = str(refused.value).splitlines()
    assert meaning == "It may work later, or through another provider."
    assert first.split()[0] == "TemporarySendError"
    assert second == f"Caused by {cause}"
    # What --traceback shows.
    assert isinstance(refused.value.__cause__, TemporarySendError)
