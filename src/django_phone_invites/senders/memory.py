"""Keeps messages in a list. For tests."""

from __future__ import annotations

from django_phone_invites.senders.base import Message, Receipt, Sender

#: The messages of this process, oldest first, as ``django.core.mail.outbox`` holds mails.
outbox: list[Message] = []


class MemorySender(Sender):
    """Appends the message to :data:`outbox`."""

    development = True

    def send(self, message: Message) -> Receipt:
        """Keep the message."""
        outbox.append(message)
        return Receipt(message_id=str(len(outbox)))
