"""``manage.py phone_invites_settings``."""

from typing import Any

from django.conf import settings as django_settings
from django.core.management.base import BaseCommand

from django_phone_invites.conf import AppSettings, app_settings


class Command(BaseCommand):
    """Shows the settings in force. Options of classes may hold credentials: names only."""

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
        return str(value) if hasattr(value, "total_seconds") else repr(value)

    def _without_secrets(self, declared: Any) -> str:
        options = declared.get("OPTIONS", {}) if isinstance(declared, dict) else None
        if not isinstance(options, dict) or not isinstance(declared.get("BACKEND"), str):
            return "(not shown: see manage.py check)"
        return repr({"BACKEND": declared["BACKEND"], "OPTIONS": dict.fromkeys(options, "…")})
