"""Appends messages to a file. For development."""

from __future__ import annotations

import json
import os
from pathlib import Path

from django.core.checks import CheckMessage, Error
from django.utils import timezone

from django_phone_invites.senders.base import Message, Receipt, Sender


class FileSender(Sender):
    """Appends one line of JSON for each message to the file at ``path``.

    A new file is for its owner alone (mode 0600): there are codes in it. One that is there already
    keeps its mode.
    """

    development = True

    def __init__(self, *, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    def check(self) -> list[CheckMessage]:
        """Report a folder that does not exist."""
        if self.path.parent.is_dir():
            return []
        return [Error(f"The folder of FileSender's path does not exist: {self.path.parent}.")]

    def send(self, message: Message) -> Receipt:
        """Append the message. One write, so that lines of several processes do not mix."""
        line = json.dumps(
            {
                "sent_at": timezone.now().isoformat(),
                "phone": message.phone,
                "code": message.code,
                "text": message.text,
            },
            ensure_ascii=False,
        )
        with open(self.path, "a", encoding="utf-8", opener=_open_for_owner) as file:
            file.write(line + "\n")
        return Receipt()


def _open_for_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
