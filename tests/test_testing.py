"""What a site's own tests are given: sent codes, a client that is logged in, a contract."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from django_phone_invites.exceptions import PhoneInvalid
from django_phone_invites.models import InviteCode, LoginCode, PhoneAccount
from django_phone_invites.senders import Message, PermanentSendError, Receipt, Sender
from django_phone_invites.senders.memory import MemorySender
from django_phone_invites.services import verifications
from django_phone_invites.services.challenges import request_code
from django_phone_invites.services.login import verify_code
from django_phone_invites.testing import SenderContract, last_code, log_in, outbox, sign_up

PHONE, OTHER = "+79096869722", "+79096869723"


@pytest.mark.django_db
def test_the_last_code_of_a_phone_logs_in(settings: Any) -> None:
    challenge = request_code(phone=PHONE, channel=LoginCode.Channel.WEB)
    request_code(phone=OTHER, channel=LoginCode.Channel.WEB)
    done = verify_code(
        login_code=challenge.login_code,
        guess=last_code("+7 909 686 97 22"),
        sign_in=lambda user: user.pk,
    )
    assert done.account.e164 == PHONE
    assert done.result == done.account.user_id


def test_the_last_code_is_the_newest_one_of_its_phone() -> None:
    contract = SenderContract()
    first = contract.make_message()
    later = Message(
        phone=first.phone, code="999999", purpose="login", locale="en", lifetime=1, text=""
    )
    outbox.extend([first, later])
    assert last_code(first.phone) == "999999"
    outbox.append(first)
    assert last_code(first.phone) == first.code


def test_no_code_is_a_lookup_error() -> None:
    with pytest.raises(LookupError, match=r"No code was sent to \+79096869722"):
        last_code(PHONE)


def test_a_sender_that_keeps_no_codes_is_named(settings: Any) -> None:
    backend = "django_phone_invites.senders.console.ConsoleSender"
    settings.PHONE_INVITES_SENDER = {"BACKEND": backend}
    with pytest.raises(LookupError, match=r"PHONE_INVITES_SENDER is ConsoleSender, .+MemorySender"):
        last_code(PHONE)


@pytest.mark.django_db
def test_a_client_that_is_logged_in_was_verified_just_now(client: Client) -> None:
    user = log_in(client, PHONE)
    verified_at = verifications.in_session(client.session, user)
    assert verifications.is_recent(verified_at, dt.timedelta(minutes=1))


@pytest.mark.django_db
def test_signing_up_makes_what_a_first_login_makes() -> None:
    user = sign_up("+7 (909) 686-97-22")
    assert PhoneAccount.objects.get(user=user).e164 == PHONE
    assert InviteCode.objects.get(owner=user).uses == 0
    assert not user.has_usable_password()


@pytest.mark.django_db
def test_signing_up_twice_gives_the_same_user() -> None:
    assert sign_up(PHONE) == sign_up(PHONE)
    assert sign_up(OTHER) != sign_up(PHONE)
    assert get_user_model().objects.count() == 2


@pytest.mark.django_db
def test_only_a_number_can_sign_up() -> None:
    with pytest.raises(PhoneInvalid):
        sign_up("garbage")


@pytest.mark.django_db
def test_a_client_is_logged_in_as_the_user_of_the_phone(client: Client) -> None:
    user = log_in(client, PHONE)
    assert user == sign_up(PHONE)
    assert client.session["_auth_user_id"] == str(user.pk)


# --- the contract, against senders that break it ---


class Broken(Sender):
    """Answers as its class attribute says."""

    answer: Any = None

    def send(self, message: Message) -> Receipt:
        if self.answer == "text":
            raise PermanentSendError(f"cannot send {message.text}")
        if self.answer == "phone":
            raise PermanentSendError("no such number", code=message.phone)
        if self.answer == "digits":
            raise PermanentSendError(f"no such number {message.phone[1:]}")
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer  # type: ignore[no-any-return]


class BrokenContract(SenderContract):
    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def make_sender(self) -> Sender:
        sender = Broken()
        sender.answer = self.answer
        return sender

    make_failing_sender = make_sender


@pytest.mark.parametrize("answer", [None, "sent", Receipt(message_id="x" * 129)], ids=repr)
def test_the_contract_finds_a_sender_without_a_fitting_receipt(answer: Any) -> None:
    with pytest.raises(AssertionError):
        BrokenContract(answer).test_send_returns_a_receipt()


@pytest.mark.parametrize("answer", ["text", "phone", Receipt()], ids=repr)
def test_the_contract_finds_a_refusal_that_tells_too_much_or_nothing(answer: Any) -> None:
    with pytest.raises(AssertionError):
        BrokenContract(answer).test_refusal_is_typed_and_keeps_the_code_to_itself()


def test_the_contract_lets_no_other_exception_pass_for_a_refusal() -> None:
    with pytest.raises(ConnectionResetError):
        BrokenContract(ConnectionResetError()).test_refusal_is_typed_and_keeps_the_code_to_itself()


def test_the_contract_finds_wrong_options() -> None:
    class Complaining(MemorySender):
        def check(self) -> list[Any]:
            return ["wrong"]

    contract = SenderContract()
    contract.make_sender = Complaining  # type: ignore[method-assign]
    with pytest.raises(AssertionError):
        contract.test_check_returns_messages()


def test_the_contract_asks_for_a_sender() -> None:
    with pytest.raises(NotImplementedError):
        SenderContract().make_sender()


def test_the_contract_finds_a_number_without_its_plus_sign() -> None:
    with pytest.raises(AssertionError):
        BrokenContract("digits").test_refusal_is_typed_and_keeps_the_code_to_itself()
