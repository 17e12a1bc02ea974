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
            raise CommandError(f"{type(error).__name__} {error.code}: {error}") from None
        self.stdout.write(f"{receipt.state.value}, message id {receipt.message_id or '(none)'}")
