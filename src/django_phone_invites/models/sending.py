"""Why a message may not be sent: pauses, and the health of senders."""

from __future__ import annotations

import datetime as dt

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

#: Characters of the note that says why sending is paused.
NOTE_MAX_LENGTH = 200


class SendingPause(models.Model):
    """That codes are not sent, to one region or to any: one row each, which is used again."""

    #: The ``region`` of the pause that stops all sending.
    EVERYWHERE = ""

    class Reason(models.TextChoices):
        MANUAL = "manual", _("By hand")
        ALERT = "alert", _("By an alert")

    region = models.CharField(_("region"), max_length=2, unique=True, blank=True)
    reason = models.CharField(
        _("reason"),
        max_length=6,
        choices=Reason.choices,
        default=Reason.MANUAL,
        editable=False,
    )
    note = models.CharField(_("note"), max_length=NOTE_MAX_LENGTH, blank=True)
    started_at = models.DateTimeField(_("since"), default=timezone.now, editable=False)
    lifted_at = models.DateTimeField(
        _("lifted at"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("Empty while it is in force."),
    )

    class Meta:
        verbose_name = _("sending pause")
        verbose_name_plural = _("sending pauses")

    def __str__(self) -> str:
        return self.region or str(_("everywhere"))


class SenderHealth(models.Model):
    """How often a provider has failed in a row, and until when it is asked last."""

    sender = models.CharField(_("sender"), max_length=128, unique=True)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0)
    failed_at = models.DateTimeField(_("failed at"), null=True, blank=True)
    skipped_until = models.DateTimeField(_("asked last until"), null=True, blank=True)

    class Meta:
        verbose_name = _("sender's health")
        verbose_name_plural = _("senders' health")

    def __str__(self) -> str:
        return self.sender

    def is_skipped(self, now: dt.datetime) -> bool:
        """Tell whether it is asked last at ``now``."""
        return self.skipped_until is not None and self.skipped_until > now
