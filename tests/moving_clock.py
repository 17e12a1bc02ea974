"""A plugin of pytest that finds tests which a midnight, or the end of a second, makes fail by chance.

Each test begins a tenth of a second before midnight, and each look at the clock is ``CLOCK_STEP`` seconds
(0.09) later than the last one, unless the test has stopped the clock.
"""

from __future__ import annotations

import datetime as dt
import os
import time

import pytest
import time_machine
from django.utils import timezone

STEP = float(os.environ.get("CLOCK_STEP", "0.09"))

_real_time, _real_now = time.time, timezone.now


class MovingClock:
    """Moves when it is looked at."""

    def __init__(self) -> None:
        day = dt.datetime.now(dt.timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
        self._begin = (day + dt.timedelta(days=1)).timestamp() - 0.1
        self._looks = 0

    def begin(self) -> None:
        self._looks = 0

    def time(self) -> float:
        if time_machine.escape_hatch.is_travelling():
            return _real_time()
        self._looks += 1
        return self._begin + self._looks * STEP

    def now(self) -> dt.datetime:
        if time_machine.escape_hatch.is_travelling():
            return _real_now()
        return dt.datetime.fromtimestamp(self.time(), tz=dt.timezone.utc)


_clock = MovingClock()
time.time, timezone.now = _clock.time, _clock.now


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    _clock.begin()
