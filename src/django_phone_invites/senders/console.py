"""Prints messages to standard output. For development."""

from __future__ import annotations

import sys

from django_phone_invites.senders.base import Message, Receipt, Sender


class ConsoleSender(Sender):
    """Writes phone, code and text to standard output."""

    development = True

    def send(self, message: Message) -> Receipt:
        """Write the message."""
        sys.stdout.write(f"{message.phone} {message.code}\n{message.text}\n")
        sys.stdout.flush()
        return Receipt()
