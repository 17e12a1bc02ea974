"""For a site's own tests: what was sent, a logged-in client, contract tests for a sender.

In the settings of the tests, ``PHONE_INVITES_SENDER`` is
``{"BACKEND": "django_phone_invites.senders.memory.MemorySender"}``.
"""

from __future__ import annotations

from unittest import SkipTest

from django.test import Client
from django.utils import timezone

from django_phone_invites import phones, sessions
from django_phone_invites.models import LoginCode, SiteUser
from django_phone_invites.senders import Message, Receipt, Sender, SendError, get_sender
from django_phone_invites.senders.memory import MemorySender, outbox
from django_phone_invites.services import accounts, linking, verifications
from django_phone_invites.transactions import run_durably

__all__ = ["SenderContract", "last_code", "log_in", "outbox", "sign_up"]


def last_code(phone: str) -> str:
    """Return the code that was sent to ``phone`` last.

    Raises:
        LookupError: none was sent, or another sender than ``MemorySender`` sent it.
    """
    e164 = phones.parse(phone)
    for message in reversed(outbox):
        if message.phone == e164:
            return message.code
    raise LookupError(f"No code was sent to {phone}.{_other_sender()}")


def _other_sender() -> str:
    sender = get_sender()
    if isinstance(sender, MemorySender):
        return ""
    return (
        f" PHONE_INVITES_SENDER is {type(sender).__name__}, and only MemorySender keeps codes:"
        ' use {"BACKEND": "django_phone_invites.senders.memory.MemorySender"} in tests.'
    )


def sign_up(phone: str) -> SiteUser:
    """Return the user of ``phone``, found or made as by a first login if there is none.

    Raises:
        AccountConflict, AccountDisabled: ``PHONE_INVITES_LINK_USER`` finds one who may not have it.
        PhoneReserved: its user has changed it, and may get it back yet.
    """
    e164 = phones.parse(phone)
    known = accounts.find(e164)
    if known is not None:
        return known.user
    found = linking.find_user(e164)
    return run_durably(lambda: accounts.create(e164, timezone.now(), found)).user


def log_in(client: Client, phone: str) -> SiteUser:
    """Log ``client`` in as the user of ``phone``, who is made if need be, and return the user.

    It counts as a right code that was entered just now (``recently_verified``).
    """
    user = sign_up(phone)
    client.force_login(user)
    session = client.session
    verifications.remember(session, user)
    sessions.remember(session, user, user_agent="")
    return user


class SenderContract:
    """What every sender must hold. Mix it into a ``TestCase`` and give :meth:`make_sender`."""

    #: A number that the provider under test takes.
    phone = "+79096869722"

    def make_sender(self) -> Sender:
        """Return the sender under test, with whatever answers it in place."""
        raise NotImplementedError

    def make_failing_sender(self) -> Sender | None:
        """Return a sender whose provider refuses the message, or None if it cannot."""
        return None

    def make_message(self) -> Message:
        """Return a message."""
        return Message(
            phone=self.phone,
            code="012345",
            purpose=LoginCode.Purpose.LOGIN.value,
            locale="en",
            lifetime=300,
            text="012345 is your code.",
        )

    def test_send_returns_a_receipt(self) -> None:
        """What is sent is answered with a receipt that fits its columns."""
        receipt = self.make_sender().send(self.make_message())
        assert isinstance(receipt, Receipt)
        assert len(receipt.message_id) <= 128

    def test_check_returns_messages(self) -> None:
        """The options of the sender under test are right."""
        assert self.make_sender().check() == []

    def test_refusal_is_typed_and_keeps_the_code_to_itself(self) -> None:
        """A provider's refusal is a ``SendError`` without code or number."""
        sender = self.make_failing_sender()
        if sender is None:
            raise SkipTest("make_failing_sender returns no sender.")
        message = self.make_message()
        try:
            sender.send(message)
        except SendError as error:
            assert message.code not in f"{error!r} {error.code}"
            assert message.phone.lstrip("+") not in f"{error!r} {error.code}"
        else:
            raise AssertionError("The failing sender did not raise SendError.")
