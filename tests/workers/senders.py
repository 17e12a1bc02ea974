"""A provider with hiccups, and one that takes its time."""

from __future__ import annotations

import os
import random
import time

from django_phone_invites.senders import Message, Receipt, TemporarySendError
from django_phone_invites.senders.file import FileSender


class HiccupSender(FileSender):
    """Refuses the first message to each phone; writes the others to the file at ``path``."""

    def send(self, message: Message) -> Receipt:
        refused = self.path.with_suffix(".refused")
        before = refused.read_text("utf-8") if refused.exists() else ""
        if message.phone not in before:
            refused.write_text(f"{before}{message.phone}\n", "utf-8")
            raise TemporarySendError(code="hiccup")
        return super().send(message)


class SlowSender(FileSender):
    """Takes time to send the message, and again to say so; tells which processes are at it."""

    def send(self, message: Message) -> Receipt:
        self.path.with_suffix(".busy").write_text(str(os.getsid(0)), "utf-8")
        time.sleep(random.uniform(0, 0.3))
        receipt = super().send(message)
        time.sleep(random.uniform(0, 0.3))
        return receipt
