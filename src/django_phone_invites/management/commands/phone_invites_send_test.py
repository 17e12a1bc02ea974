"""``manage.py phone_invites_send_test +79096869722``."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from django_phone_invites import phones
from django_phone_invites.exceptions import Refusal, SendingPaused
from django_phone_invites.senders import (
    Message,
    PermanentSendError,
    SendError,
    TemporarySendError,
    UnclearSendError,
    get_sender,
)
from django_phone_invites.services import pauses


class Command(BaseCommand):
    """Sends a message through the sender in force. It is no login code."""

    help = "Send a test message through PHONE_INVITES_SENDER."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the number."""
        parser.add_argument("phone", help="A phone number, with its country code.")
        parser.add_argument(
            "--despite-pause",
            action="store_true",
            help="Send it although sending is paused, to try a provider before it is lifted.",
        )

    def handle(self, *args: Any, phone: str, despite_pause: bool, **options: Any) -> None:
        """Send it and say what the provider answered."""
        try:
            e164 = _require_sending(phone, despite_pause=despite_pause)
        except Refusal as refusal:
            raise CommandError(str(refusal)) from None
        message = Message(
            phone=e164,
            code="000000",
            purpose="test",
            locale=settings.LANGUAGE_CODE,
            lifetime=0,
            text="This is a test message. 000000 is not a code.",
        )
        senders = list(get_sender().candidates(message))
        failure = CommandError("PHONE_INVITES_SENDER has no sender for this number.")
        for number, sender in enumerate(senders):
            if number > 0:
                self.stderr.write(str(failure))
            name = f"{sender.name}: " if len(senders) > 1 else ""
            try:
                receipt = sender.send(message)
            except SendError as error:
                failure = CommandError(name + _in_words(error))
                failure.__cause__ = error
                if not isinstance(error, TemporarySendError):
                    break
            else:
                found = f"{receipt.state.value}, message id {receipt.message_id or '(none)'}"
                self.stdout.write(name + found)
                return
        raise failure


def _require_sending(phone: str, *, despite_pause: bool) -> str:
    """Return the number in E.164, if codes are sent to it."""
    e164 = phones.parse(phone)
    phones.require_textable(e164)
    try:
        if not despite_pause:
            pauses.require_sending(phones.region_of(e164))
    except SendingPaused:
        raise CommandError("Sending is paused: --despite-pause sends it all the same.") from None
    return e164


def _in_words(error: SendError) -> str:
    """Return what went wrong, with its cause.

    The text of a cause may hold credentials, so no log has it; here it goes to the terminal of
    whoever configured the sender. The only code that it can hold is that of the test.
    """
    lines = [_name_and_text(error, error.code)]
    if cause := error.__cause__ or error.__context__:
        lines.append(f"Caused by {_name_and_text(cause)}")
    kinds = (TemporarySendError, PermanentSendError, UnclearSendError)
    lines += [str(kind.__doc__) for kind in kinds if isinstance(error, kind)]
    return "\n".join(lines)


def _name_and_text(error: BaseException, code: str = "") -> str:
    name = f"{type(error).__name__} {code}".rstrip()
    return f"{name}: {error}" if str(error) else name
