"""``manage.py demo``: set up and serve."""

import argparse
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

from example import people


class Command(BaseCommand):
    """Migrates, fills the database with people if asked to, and serves."""

    help = "Migrate, fill with people if asked to (--people), and serve."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what to fill and whether to serve."""
        parser.add_argument("--people", type=int, default=0, metavar="N", help="Make N people.")
        parser.add_argument(
            "--serve",
            action=argparse.BooleanOptionalAction,
            default=True,
            help="Serve when all is set up (--no-serve: do not).",
        )
        parser.add_argument("address", nargs="?", default="127.0.0.1:8000")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it in that order."""
        call_command("migrate", verbosity=0)
        if options["people"]:
            self._fill(options["people"])
        if options["serve"]:
            self.stdout.write(f"Serving http://{options['address']}/ (stop with Ctrl-C)")
            call_command("runserver", options["address"], use_reloader=False)

    def _fill(self, count: int) -> None:
        for made in people.fill(count):
            if made % 100 == 0 or made == count:
                self.stdout.write(f"{made} of {count} people")
        user_model = get_user_model()
        if not user_model.objects.filter(username="admin").exists():
            user_model.objects.create_superuser("admin", password="admin")
            self.stdout.write("The admin's user is admin, and so is the password.")
