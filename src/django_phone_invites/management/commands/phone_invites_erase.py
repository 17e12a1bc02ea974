"""``manage.py phone_invites_erase +79096869722``."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from django_phone_invites import logins
from django_phone_invites.exceptions import Refusal
from django_phone_invites.services import own_data


class Command(BaseCommand):
    """Erases a phone."""

    help = (
        "Erase a phone: its account, login codes and counters. All logins of its user end, and a"
        " keyed digest is kept, so that the number is not invited again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the number, and what becomes of its user."""
        parser.add_argument("phone", help="A phone number, with its country code.")
        parser.add_argument("--user", action="store_true", help="Delete its user too.")
        parser.add_argument(
            "--no-input", action="store_false", dest="interactive", help="Do not ask."
        )

    def handle(self, *args: Any, phone: str, user: bool, interactive: bool, **options: Any) -> None:
        """Erase it, and say what was there."""
        if interactive and not self._is_sure(phone, user):
            raise CommandError("Nothing was erased.")
        try:
            done = own_data.erase_phone(phone=phone, delete_user=user, end_logins=logins.end_all)
        except Refusal as refusal:
            raise CommandError(f"{refusal} Nothing was erased.") from None
        self.stdout.write(_in_words(done))
        for name in done.logins_left:
            self.stderr.write(f"These logins of the user could not be ended here: {name}.")

    def _is_sure(self, phone: str, user: bool) -> bool:
        what = "this phone and its user" if user else "this phone"
        try:
            answer = input(f"Erase {what} for good: {phone}? Type yes: ")
        except (EOFError, KeyboardInterrupt):
            # Nobody is there to answer, or they have thought better of it.
            return False
        return answer.strip().lower() == "yes"


def _in_words(done: own_data.Erasure) -> str:
    account = "a phone account" if done.had_account else "no phone account"
    user = " with its user" if done.user_deleted else ""
    return f"Erased {account}{user} and {done.login_codes} login codes."
