"""Numbers that were changed, and whether that can be undone."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from django_phone_invites import codes, phones
from django_phone_invites.fields import E164_MAX_LENGTH
from django_phone_invites.models.accounts import SiteUser


class PhoneChange(models.Model):
    """That a user has had another number since; ``old`` is "" where it is their first."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="phone_changes",
        verbose_name=_("user"),
    )
    old = models.CharField(_("old number"), max_length=E164_MAX_LENGTH, blank=True)
    new = models.CharField(_("new number"), max_length=E164_MAX_LENGTH)
    changed_at = models.DateTimeField(_("changed at"))
    undo_until = models.DateTimeField(
        _("can be undone until"),
        null=True,
        blank=True,
        help_text=_("Nobody else can have the old number before."),
    )
    undone_at = models.DateTimeField(
        _("undone at"),
        null=True,
        blank=True,
        help_text=_("Itself, or a change before it with which it fell."),
    )
    #: A keyed digest of the token in the message to the old number; None where it cannot be undone.
    undo_digest = models.CharField(max_length=64, unique=True, null=True, editable=False)

    class Meta:
        verbose_name = _("change of a number")
        verbose_name_plural = _("changes of numbers")
        indexes = [models.Index(fields=["old", "undo_until"], name="phone_invites_change_old")]

    def __str__(self) -> str:
        shown = " - ".join(phones.mask(phone) for phone in (self.old, self.new) if phone)
        return f"{shown}, {self.changed_at:%Y-%m-%d %H:%M:%S}"

    @staticmethod
    def undoable(now: dt.datetime) -> models.Q:
        """Return the condition under which a change can be undone at ``now``."""
        return models.Q(undone_at=None, undo_until__gt=now, undo_digest__isnull=False)

    @classmethod
    def of_token(cls, token: str) -> models.QuerySet[PhoneChange]:
        """Return the row of an undo token, whichever key its digest was made under."""
        return cls.objects.filter(undo_digest__in=codes.undo_digests(token))

    @classmethod
    def reserves(cls, phone: str, *, user: SiteUser, now: dt.datetime) -> bool:
        """Tell whether a phone in E.164 may be given back to somebody else than ``user`` yet."""
        others = cls.objects.filter(cls.undoable(now), old=phone).exclude(user=user)
        return others.exists()
