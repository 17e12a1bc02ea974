"""The health of senders: which are asked last, and an action that asks them first again."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from django_phone_invites.admin.base import ReadOnlyAdmin
from django_phone_invites.admin.facts import failures
from django_phone_invites.models import SenderHealth
from django_phone_invites.services import health


@admin.register(SenderHealth)
class SenderHealthAdmin(ReadOnlyAdmin):
    """Senders that have failed."""

    list_display = ("sender", "failures", "failed_at", "skipped_until")
    fields = list_display
    readonly_fields = list_display
    ordering = ("sender",)
    actions = ("ask_again",)

    def has_ask_again_permission(self, request: HttpRequest) -> bool:
        """Whoever could change a row may: the rows themselves are changed by nobody."""
        return request.user.has_perm("phone_invites.change_senderhealth")

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Say on top who is asked last."""
        if request.method == "GET":
            self._warn(request)
        return super().changelist_view(request, extra_context)

    def _warn(self, request: HttpRequest) -> None:
        now = timezone.now()
        for row in health.skipped(now):
            messages.warning(request, failures(row, now))

    @admin.action(description=_("Ask the selected senders again now"), permissions=["ask_again"])
    def ask_again(self, request: HttpRequest, queryset: models.QuerySet[SenderHealth]) -> None:
        """Forget their failures."""
        asked = [row for row in queryset if health.ask_again(sender=row.sender)]
        for row in asked:
            self.log_change(request, row, gettext("Asked again."))
        text = ngettext("%d sender is asked again.", "%d senders are asked again.", len(asked))
        self.message_user(request, text % len(asked))
