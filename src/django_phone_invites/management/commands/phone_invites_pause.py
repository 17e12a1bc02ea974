"""``manage.py phone_invites_pause RU KZ``."""

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from django_phone_invites.conf import app_settings
from django_phone_invites.management.arguments import known_region
from django_phone_invites.models import NOTE_MAX_LENGTH, SendingPause
from django_phone_invites.services import pauses


def short_note(raw: str) -> str:
    """Read ``--note``."""
    if len(raw) > NOTE_MAX_LENGTH:
        raise argparse.ArgumentTypeError(f"Give {NOTE_MAX_LENGTH} characters at most.")
    return raw


class Command(BaseCommand):
    """The kill switch, for whoever has a shell."""

    help = "Stop sending codes to regions or everywhere, or start again."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take regions and what to do with them."""
        parser.add_argument("region", nargs="*", type=known_region, help="For example RU.")
        parser.add_argument("--everywhere", action="store_true", help="Instead of regions.")
        parser.add_argument("--lift", action="store_true", help="Send again.")
        parser.add_argument("--note", type=short_note, default="", help="Why it is paused.")
        parser.add_argument("--list", action="store_true", help="Show what is paused.")

    def handle(
        self,
        *args: Any,
        region: list[str],
        everywhere: bool,
        lift: bool,
        note: str,
        **options: Any,
    ) -> None:
        """Change what is named, or list what is in force."""
        named = len(region) > 0
        if sum([named, everywhere, options["list"]]) != 1:
            raise CommandError("Give either regions, or --everywhere, or --list.")
        if options["list"]:
            self._list()
        for one in [pauses.EVERYWHERE] if everywhere else region:
            self.stdout.write(self._lift(one) if lift else self._pause(one, note))
        if lift and not everywhere:
            self._warn_of_all()
        self._warn_of_setting()
        self._warn_of_regions(region)

    def _list(self) -> None:
        in_force = pauses.in_force()
        for row in in_force:
            self.stdout.write(_in_words(row))
        if not in_force:
            self.stdout.write("Nothing is paused.")

    def _pause(self, region: str, note: str) -> str:
        row, is_new = pauses.pause(region=region, note=note)
        return f"{row}: paused." if is_new else f"Paused already: {_in_words(row)}"

    def _lift(self, region: str) -> str:
        lifted = pauses.lift(region=region)
        return f"{_name(region)}: {'lifted' if lifted else 'was not paused'}."

    def _warn_of_all(self) -> None:
        if any(row.region == pauses.EVERYWHERE for row in pauses.in_force()):
            self.stderr.write("Sending is still paused everywhere.")

    def _warn_of_setting(self) -> None:
        if by_setting := pauses.paused_by_setting():
            names = ", ".join(_name(region) for region in by_setting)
            self.stderr.write(f"PHONE_INVITES_PAUSED pauses in the settings: {names}.")

    def _warn_of_regions(self, named: list[str]) -> None:
        sent_to = app_settings.regions
        never = sorted(set(named).difference(sent_to)) if sent_to else []
        if never:
            names = ", ".join(never)
            self.stderr.write(f"Codes are never sent to {names}: see PHONE_INVITES_REGIONS.")


def _name(region: str) -> str:
    return region or "everywhere"


def _in_words(row: SendingPause) -> str:
    note = f": {row.note}" if row.note else ""
    return f"{_name(row.region)}, since {row.started_at:%Y-%m-%d %H:%M:%S} UTC, {row.reason}{note}"
