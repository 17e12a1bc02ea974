"""``manage.py phone_invites_settings``."""

from typing import Any

from django.conf import settings as django_settings
from django.core.management.base import BaseCommand

from django_phone_invites.conf import AppSettings, app_settings

_NOT_SHOWN = "(not shown: see manage.py check)"


class Command(BaseCommand):
    """Shows the settings in force. Options of classes may hold credentials: names only.

    Of test numbers the last day is shown, and not the code.
    """

    help = "Show the PHONE_INVITES_* settings in force, without secrets."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print one line for each setting; a star marks what the site has set."""
        for setting in app_settings:
            mark = "*" if hasattr(django_settings, setting.name) else " "
            self.stdout.write(f"{mark} {setting.name} = {self._shown(setting)}")

    def _shown(self, setting: Any) -> str:
        value = getattr(django_settings, setting.name, setting.default)
        if setting in (AppSettings.sender, AppSettings.limit_store):
            return self._without_secrets(value)
        if setting is AppSettings.test_numbers:
            return self._without_codes(setting, value)
        return str(value) if hasattr(value, "total_seconds") else repr(value)

    def _without_codes(self, setting: Any, numbers: Any) -> str:
        if setting.problem:
            return _NOT_SHOWN
        return repr({number: {**fixed, "code": "…"} for number, fixed in numbers.items()})

    def _without_secrets(self, declared: Any) -> str:
        options = declared.get("OPTIONS", {}) if isinstance(declared, dict) else None
        if not isinstance(options, dict) or not isinstance(declared.get("BACKEND"), str):
            return _NOT_SHOWN
        return repr({"BACKEND": declared["BACKEND"], "OPTIONS": dict.fromkeys(options, "…")})
