"""A sender is one class with one method; its words tell nothing that must not be told."""

from __future__ import annotations

import dataclasses

import pytest

from django_phone_invites.models import LoginCode
from django_phone_invites.senders import (
    Callback,
    CallbackError,
    DeliveryState,
    Message,
    PermanentSendError,
    Receipt,
    Sender,
    SendError,
    TemporarySendError,
)
from django_phone_invites.senders.memory import MemorySender

MESSAGE = Message(
    phone="+79096869722",
    code="012345",
    purpose="login",
    locale="ru",
    lifetime=300,
    text="012345 is your code.",
)


class SmallestSender(Sender):
    """What a site has to write."""

    def send(self, message: Message) -> Receipt:
        return Receipt(message_id=message.locale)


def test_a_sender_needs_send_and_nothing_else() -> None:
    sender = SmallestSender()
    assert sender.send(MESSAGE) == Receipt("ru", DeliveryState.SENT)
    assert sender.check() == []
    assert sender.development is False


def test_a_class_without_send_is_no_sender() -> None:
    with pytest.raises(TypeError, match="send"):
        Sender()  # type: ignore[abstract]


@pytest.mark.parametrize("secret", [MESSAGE.phone, MESSAGE.phone[1:], MESSAGE.code, MESSAGE.text])
def test_the_repr_of_a_message_tells_nothing(secret: str) -> None:
    assert secret not in repr(MESSAGE)
    assert secret not in str(MESSAGE)


def test_a_message_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        MESSAGE.code = "111111"  # type: ignore[misc]


def test_a_receipt_is_sent_without_an_id_unless_it_says_otherwise() -> None:
    assert Receipt() == Receipt(message_id="", state=DeliveryState.SENT)


@pytest.mark.parametrize("kind", [TemporarySendError, PermanentSendError])
def test_errors_carry_the_providers_code_apart_from_its_text(kind: type[SendError]) -> None:
    error = kind("no credit", code="E17")
    assert isinstance(error, SendError)
    assert (str(error), error.code) == ("no credit", "E17")
    assert kind().code == ""


def test_states_are_those_of_a_login_code_that_nobody_is_sending() -> None:
    ours = {LoginCode.Delivery.SENDING.value, LoginCode.Delivery.NONE.value}
    assert {state.value for state in DeliveryState} == set(LoginCode.Delivery.values) - ours


def test_a_sender_has_no_callbacks_unless_it_says_so() -> None:
    callback = Callback("https://example.com/receipts/plain/", {}, b"")
    with pytest.raises(CallbackError, match="no callbacks"):
        MemorySender().read_callback(callback)
    assert MemorySender().answer_callback(callback) == ""
