"""``manage.py phone_invites_deliver --every 10``."""

import argparse
import math
import signal
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import close_old_connections

from django_phone_invites.delivery import queue

#: An hour: no code lives longer.
LONGEST_PAUSE = 3600


def seconds(raw: str) -> float:
    """Read ``--every``."""
    pause = float(raw)
    if not (math.isfinite(pause) and 0 < pause <= LONGEST_PAUSE):
        raise argparse.ArgumentTypeError(f"Give more than 0 and at most {LONGEST_PAUSE} seconds.")
    return pause


class Command(BaseCommand):
    """Sends what no worker has sent."""

    help = (
        "Send login codes whose message still waits, and mark those that somebody left half sent."
    )

    _is_stopped = False

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the pause."""
        parser.add_argument(
            "--every", type=seconds, metavar="SECONDS", help="Go on until stopped, with this pause."
        )

    def handle(self, *args: Any, every: float | None, **options: Any) -> None:
        """Sweep once, or until SIGTERM or SIGINT: a code whose turn it is then is still sent."""
        if every is None:
            self._sweep()
            return
        # A command that is called by another one has no say over the signals of the process.
        before = {one: signal.signal(one, self._stop) for one in (signal.SIGTERM, signal.SIGINT)}
        try:
            while not self._is_stopped:
                close_old_connections()
                self._sweep(quiet=True)
                self._wait(every)
        finally:
            for one, handler in before.items():
                signal.signal(one, handler)
        self.stdout.write("Stopped.")

    def _stop(self, *args: Any) -> None:
        self._is_stopped = True

    def _wait(self, pause: float) -> None:
        end = time.monotonic() + pause
        # Bit by bit: a handler does not end a sleep.
        while not self._is_stopped and (left := end - time.monotonic()) > 0:
            time.sleep(min(left, 0.5))

    def _sweep(self, *, quiet: bool = False) -> None:
        swept = queue.sweep(is_stopped=lambda: self._is_stopped)
        if swept.taken or swept.lost or not quiet:
            self.stdout.write(
                f"{swept.taken} codes were due, {swept.lost} had been left half sent."
            )
