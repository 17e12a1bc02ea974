"""Imitates a provider: slow, and the message arrives on standard output. For evaluation."""

from __future__ import annotations

import os
import random
import sys
import time

from django.core.checks import CheckMessage

from django_phone_invites.senders.base import Message, Receipt, Sender
from django_phone_invites.senders.file import FileSender


class ImitationSender(Sender):
    """Waits as long as a provider would, then prints phone and code on one line.

    Args:
        delay: the least and the most seconds to wait.
        path: where to append the message as well, as ``FileSender`` does.
    """

    development = True

    def __init__(
        self,
        *,
        delay: tuple[float, float] = (1.0, 2.0),
        path: str | os.PathLike[str] | None = None,
    ) -> None:
        self.delay = delay
        self.file = FileSender(path=path) if path is not None else None

    def check(self) -> list[CheckMessage]:
        """Report a folder that does not exist."""
        return self.file.check() if self.file else []

    def send(self, message: Message) -> Receipt:
        """Wait, then print."""
        time.sleep(random.uniform(*self.delay))  # noqa: S311 - a pause, not a secret
        sys.stdout.write(f"SMS to {message.phone}: {message.code or message.text}\n")
        sys.stdout.flush()
        if self.file:
            self.file.send(message)
        return Receipt(message_id=f"imitation-{time.time_ns()}")
