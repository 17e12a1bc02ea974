"""``manage.py phone_invites_check``."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from django_phone_invites.services import upkeep


class Command(BaseCommand):
    """Finds rows that break what the package promises; exit status 1 if there are any."""

    help = "Find rows that break what django-phone-invites promises. Changes nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print what was found."""
        found = 0
        for found, broken in enumerate(upkeep.find_broken(), start=1):  # noqa: B007
            self.stderr.write(broken)
        if found:
            raise CommandError(f"{found} found.", returncode=1)
        self.stdout.write("Nothing is broken.")
