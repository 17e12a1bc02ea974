"""The messages that the sender has written to its file, as a phone would show them."""

from __future__ import annotations

import datetime as dt
import json
import os
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from django.utils.dateparse import parse_datetime

#: Bytes at the end of the file that are read, however long the file has become.
TAIL = 64 * 1024

#: Messages that are shown.
MOST = 20


@dataclass(frozen=True)
class ReceivedMessage:
    """What a phone shows of a message."""

    phone: str
    text: str
    sent_at: dt.datetime


def read_newest(path: Path) -> list[ReceivedMessage]:
    """Return the newest messages of the file at ``path``, newest first; [] without one."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL))
            lines = file.read(TAIL).split(b"\n")
    except FileNotFoundError:
        return []
    read = (_read(line) for line in reversed(lines))
    return list(islice(filter(None, read), MOST))


def _read(line: bytes) -> ReceivedMessage | None:
    """Return the message of a line; None for a torn one, or one that a sender did not write."""
    try:
        found = json.loads(line.decode())
        phone, text = found["phone"], found["text"]
        sent_at = parse_datetime(found["sent_at"]).astimezone(dt.timezone.utc)
        # JSON can hold half of a surrogate pair, which no page can.
        (phone + text).encode()
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError):
        return None
    return ReceivedMessage(phone, text, sent_at)
