"""``manage.py phone_invites_export +79096869722``."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.serializers.json import DjangoJSONEncoder

from django_phone_invites.exceptions import Refusal
from django_phone_invites.services import own_data


class Command(BaseCommand):
    """Prints what is held about a phone."""

    help = "Print everything that is held about a phone, as JSON. It is personal data."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the number."""
        parser.add_argument("phone", help="A phone number, with its country code.")

    def handle(self, *args: Any, phone: str, **options: Any) -> None:
        """Print it."""
        try:
            data = own_data.export_phone(phone=phone)
        except Refusal as refusal:
            raise CommandError(str(refusal)) from None
        self.stdout.write(json.dumps(data, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2))
