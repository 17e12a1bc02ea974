"""The Django app."""

from django.apps import AppConfig
from django.core.checks import register
from django.utils.translation import gettext_lazy as _

# Before the models and phonenumber_field, whose own ImportError would name no extra.
from django_phone_invites import phones  # noqa: F401


class PhoneInvitesConfig(AppConfig):
    """Registers the system checks, and nothing else."""

    name = "django_phone_invites"
    label = "phone_invites"
    verbose_name = _("Phone sign-in and invites")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the checks."""
        from django_phone_invites import checks  # noqa: PLC0415 - needs the app registry

        for check in checks.ALWAYS:
            register(check)
        for check in checks.DEPLOY:
            register(check, deploy=True)
