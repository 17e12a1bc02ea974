"""Counters of the limits."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class LimitCounter(models.Model):
    """What was counted against one limit, for example the messages to one phone."""

    key = models.CharField(max_length=80, unique=True)
    #: JSON of the events that still count, as ``limits.rules`` has them; no database looks inside.
    events = models.TextField(default="[]")
    #: Goes up by one with each change, so that a change can be made on condition.
    version = models.PositiveBigIntegerField(default=0)
    updated_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("limit counter")
        verbose_name_plural = _("limit counters")

    def __str__(self) -> str:
        return f"limit {self.pk}"
