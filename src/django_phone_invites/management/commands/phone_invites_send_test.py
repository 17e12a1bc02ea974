"""``manage.py phone_invites_send_test +79096869722``."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from django_phone_invites import phones
from django_phone_invites.exceptions import FieldRefusal
from django_phone_invites.senders import Message, SendError, get_sender


class Command(BaseCommand):
    """Sends a message through the sender in force. It is no login code."""

    help = "Send a test message through PHONE_INVITES_SENDER."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the number."""
        parser.add_argument("phone", help="A phone number, with its country code.")

    def handle(self, *args: Any, phone: str, **options: Any) -> None:
        """Send it and say what the provider answered."""
        try:
            e164 = phones.parse(phone)
            phones.require_textable(e164)
        except FieldRefusal as refusal:
            raise CommandError(str(refusal)) from None
        message = Message(
            phone=e164,
            code="000000",
            purpose="test",
            locale=settings.LANGUAGE_CODE,
            lifetime=0,
            text="This is a test message. 000000 is not a code.",
        )
        try:
            receipt = get_sender().send(message)
        except SendError as error:
            raise CommandError(_in_words(error)) from error
        self.stdout.write(f"{receipt.state.value}, message id {receipt.message_id or '(none)'}")


def _in_words(error: SendError) -> str:
    """Return what went wrong, with its cause.

    The text of a cause may hold credentials, so no log has it; here it goes to the terminal of
    whoever configured the sender. The only code that it can hold is that of the test.
    """
    words = _name_and_text(error, error.code)
    cause = error.__cause__ or error.__context__
    return words if cause is None else f"{words}\nCaused by {_name_and_text(cause)}"


def _name_and_text(error: BaseException, code: str = "") -> str:
    name = f"{type(error).__name__} {code}".rstrip()
    return f"{name}: {error}" if str(error) else name
