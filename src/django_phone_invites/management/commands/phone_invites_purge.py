"""``manage.py phone_invites_purge``."""

import argparse
import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from django_phone_invites import logins
from django_phone_invites.services import upkeep

#: A hundred years: more than any row is old, and few enough for a date.
MOST_DAYS = 36_500


def number_of_days(raw: str) -> int:
    """Read ``--days``."""
    days = int(raw)
    if not 0 <= days <= MOST_DAYS:
        raise argparse.ArgumentTypeError(f"Give 0 to {MOST_DAYS} days.")
    return days


class Command(BaseCommand):
    """Deletes what is over."""

    help = (
        "Delete login codes and changes of numbers that are over, counters that count nothing, and"
        " what is remembered of logins that are over."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the age."""
        parser.add_argument(
            "--days",
            type=number_of_days,
            default=30,
            help="Keep login codes and changes this many days after they were over (30).",
        )

    def handle(self, *args: Any, days: int, verbosity: int, **options: Any) -> None:
        """Delete batch by batch, saying how far it is."""
        age = dt.timedelta(days=days)
        self._purge("login codes", upkeep.purge_login_codes(older_than=age))
        self._purge("changes", upkeep.purge_changes(older_than=age))
        self._purge("counters", upkeep.purge_counters())
        self._purge("ended logins", logins.purge_ended())

    def _purge(self, what: str, batches: Iterator[int]) -> None:
        total = 0
        for deleted in batches:
            total += deleted
            self.stdout.write(f"{total} {what} so far ...")
        self.stdout.write(f"Deleted {total} {what}.")
