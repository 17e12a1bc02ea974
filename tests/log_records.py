"""What a log record tells, for tests that look for secrets in it."""

from __future__ import annotations

import logging

#: What every record has besides: times, places, threads and processes. Six digits of a time may be a
#: code by chance.
_CIRCUMSTANCES = {*vars(logging.makeLogRecord({}))} - {"msg", "args", "exc_info", "exc_text"}


def told(record: logging.LogRecord) -> str:
    """Return its message, and all that whoever logged it has given it."""
    given = {name: value for name, value in vars(record).items() if name not in _CIRCUMSTANCES}
    return record.getMessage() + repr(given)
