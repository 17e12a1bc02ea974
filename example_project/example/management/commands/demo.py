"""``manage.py demo``: set up and serve."""

import argparse
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

from example import people


class Command(BaseCommand):
    """Migrates, fills the database with people and the admin's user if asked to, and serves."""

    help = (
        "Migrate, fill with people and (with DEBUG only) the admin's user if asked to, and serve."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what to fill and whether to serve."""
        parser.add_argument(
            "address",
            nargs="?",
            default="127.0.0.1:8000",
            help="Where to serve: HOST:PORT, or PORT. Default: %(default)s.",
        )
        parser.add_argument(
            "--people",
            type=_count,
            default=0,
            metavar="N",
            help="Make people, their codes and invites, until there are N; and the admin's user.",
        )
        parser.add_argument(
            "--serve",
            action=argparse.BooleanOptionalAction,
            default=True,
            help="Serve when all is set up (--no-serve: do not).",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it in that order."""
        call_command("migrate", verbosity=0)
        if options["people"]:
            self._fill(options["people"])
            if settings.DEBUG:
                self._make_admin()
        if options["serve"]:
            # It says where, once it has the port.
            call_command("runserver", options["address"], use_reloader=False)

    def _make_admin(self) -> None:
        user_model = get_user_model()
        if not user_model.objects.filter(username="admin").exists():
            user_model.objects.create_superuser("admin", password="admin")
            self.stdout.write("The admin's user is admin, and so is the password.")

    def _fill(self, count: int) -> None:
        made = 0
        for number in people.fill(count):
            made += 1
            if number % 100 == 0 or number == count:
                self.stdout.write(f"{number} of {count} people")
        self.stdout.write(f"Made {made} people; {count - made} were there already.")


def _count(raw: str) -> int:
    """Read how many people to make."""
    if not raw.isdecimal() or int(raw) > people.MOST_PEOPLE:
        raise argparse.ArgumentTypeError(f"must be a number from 0 to {people.MOST_PEOPLE}")
    return int(raw)
