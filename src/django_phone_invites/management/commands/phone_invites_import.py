"""``manage.py phone_invites_import drfpasswordless``."""

import argparse
import datetime as dt
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from django_phone_invites import elsewhere
from django_phone_invites.elsewhere import Fields, ImportImpossible, Report
from django_phone_invites.management.arguments import known_region

INVITATIONS = "invitations"


def past_day(raw: str) -> dt.datetime:
    """Read ``--assume-verified-at``: the beginning of a day.

    Today is none: whoever has just entered a code is let in where a site asks for one of late.
    """
    try:
        day = dt.datetime.strptime(raw, "%Y-%m-%d")  # noqa: DTZ007 - made aware below
    except ValueError:
        raise argparse.ArgumentTypeError("give a day such as 2026-01-31") from None
    moment = timezone.make_aware(day) if settings.USE_TZ else day
    if moment.date() >= _today():
        raise argparse.ArgumentTypeError("give a day before today")
    return moment


def _today() -> dt.date:
    return timezone.localdate() if settings.USE_TZ else timezone.now().date()


class Command(BaseCommand):
    """Brings over what another package kept in the same database."""

    help = "Make phone accounts or invite codes of what another package kept in the database."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the source, and what it cannot tell."""
        parser.add_argument("source", choices=[*elsewhere.SOURCES, INVITATIONS])
        parser.add_argument("--field", help="The user's field with the number: profile__phone.")
        parser.add_argument("--verified-field", help="The one that says that it was verified.")
        parser.add_argument("--date-field", help="The one that says when.")
        parser.add_argument(
            "--assume-verified-at",
            type=past_day,
            metavar="DAY",
            help="When numbers without a date were verified.",
        )
        parser.add_argument(
            "--region", type=known_region, help="Of numbers without a country code."
        )
        parser.add_argument("--dry-run", action="store_true", help="Change nothing.")

    def handle(self, *args: Any, source: str, dry_run: bool, **options: Any) -> None:
        """Import, and report."""
        fields = Fields(options["field"], options["verified_field"], options["date_field"])
        region, assumed = options["region"], options["assume_verified_at"]
        try:
            if source == INVITATIONS:
                if any([*vars(fields).values(), region, assumed]):
                    raise CommandError("Invitations have no numbers: give --dry-run or nothing.")
                report = elsewhere.import_invitations(dry_run=dry_run, say=self.stdout.write)
            else:
                report = elsewhere.import_accounts(
                    source=elsewhere.SOURCES[source](fields, region),
                    assumed=assumed,
                    dry_run=dry_run,
                    say=self.stdout.write,
                )
        except ImportImpossible as error:
            raise CommandError(str(error)) from None
        self._print(report, dry_run=dry_run)

    def _print(self, report: Report, *, dry_run: bool) -> None:
        """Print keys, and never a number."""
        verb = "Would import" if dry_run else "Imported"
        self.stdout.write(f"{verb} {report.imported}, {report.already_there} already there.")
        for reason, keys in report.skipped.items():
            listed = ", ".join(str(key) for key in keys)
            self.stdout.write(f"Skipped {len(keys)}, {reason.value}: {listed}")
