"""Phone accounts."""

from __future__ import annotations

from typing import Any, TypeAlias

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from django_phone_invites import phones
from django_phone_invites.fields import E164Field

#: An instance of ``AUTH_USER_MODEL``, whichever that is.
SiteUser: TypeAlias = Any


class PhoneAccount(models.Model):
    """A user's phone. It exists only once the phone was verified."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="phone_account",
        verbose_name=_("user"),
    )
    phone = E164Field(_("phone"), unique=True)
    verified_at = models.DateTimeField(
        _("verified at"), help_text=_("When a right code was last entered for this phone.")
    )
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("phone account")
        verbose_name_plural = _("phone accounts")
        permissions = [
            ("view_phone_number", _("Can see whole phone numbers")),
            ("erase_phone", _("Can erase phones")),
        ]

    def __str__(self) -> str:
        return phones.mask(self.e164)

    @classmethod
    def hold(cls, **which: Any) -> bool:
        """Let nobody else change or erase an account before this transaction ends; tell if it is.

        By a write: it holds the row under every isolation, and lets SQLite wait for its turn.
        """
        return cls.objects.filter(**which).update(verified_at=models.F("verified_at")) > 0

    @property
    def e164(self) -> str:
        """The phone in E.164."""
        return str(self.phone.as_e164)
