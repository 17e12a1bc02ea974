"""What is left of phones that were erased."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from django_phone_invites import codes


class ErasedPhone(models.Model):
    """That a phone was erased: a keyed digest of it, so that it is not invited a second time."""

    digest = models.CharField(max_length=64, unique=True, editable=False)
    has_activated = models.BooleanField(_("has activated an invite code"), editable=False)
    erased_at = models.DateTimeField(_("erased at"), editable=False)

    class Meta:
        verbose_name = _("erased phone")
        verbose_name_plural = _("erased phones")

    def __str__(self) -> str:
        return f"erased phone {self.pk}"

    @classmethod
    def of(cls, phone: str) -> models.QuerySet[ErasedPhone]:
        """Return the rows of a phone in E.164, whichever key they were made under."""
        return cls.objects.filter(digest__in=codes.phone_digests(phone))
