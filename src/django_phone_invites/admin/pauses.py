"""Pauses of sending: made, lifted and made again here. None is deleted: it is the record."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from django_phone_invites import phones
from django_phone_invites.models import SendingPause
from django_phone_invites.services import pauses

#: What the form sends for everywhere; an empty choice must not stop a whole site.
ALL = "all"


def region_choices() -> list[tuple[str, Any]]:
    """Return what can be paused; whoever opens the form has to choose."""
    regions = [(region, region) for region in sorted(phones.REGIONS)]
    return [("", "---------"), (ALL, _("everywhere")), *regions]


def name(regions: Iterable[str]) -> str:
    """Return regions in words."""
    return ", ".join(region or gettext("everywhere") for region in regions)


class PauseForm(forms.ModelForm):
    """Pauses a region, or everywhere."""

    region = forms.ChoiceField(label=_("region"), choices=region_choices)

    class Meta:
        model = SendingPause
        fields = ("region", "note")

    def clean_region(self) -> str:
        """Refuse what is paused already."""
        chosen: str = self.cleaned_data["region"]
        region = pauses.EVERYWHERE if chosen == ALL else chosen
        if SendingPause.objects.filter(region=region, lifted_at=None).exists():
            raise ValidationError(_("Sending is paused there already."), code="unique")
        return region

    def validate_unique(self) -> None:
        """Let a region be paused again: its row is used again."""


@admin.register(SendingPause)
class SendingPauseAdmin(admin.ModelAdmin):
    """The kill switch."""

    form = PauseForm
    list_display = ("where", "reason", "note", "started_at", "lifted_at")
    ordering = ("region",)
    actions = ("lift", "pause_again")

    @admin.display(description=_("region"), ordering="region")
    def where(self, row: SendingPause) -> str:
        """Show the region; "" is all of them."""
        return str(row)

    def get_fields(self, request: HttpRequest, obj: SendingPause | None = None) -> list[Any]:
        """Ask for the region once; what the package writes is shown afterwards."""
        return ["region", "note"] if obj is None else [*self.list_display]

    def get_readonly_fields(
        self, request: HttpRequest, obj: SendingPause | None = None
    ) -> list[Any]:
        """Keep all but the note of a pause."""
        return [] if obj is None else [field for field in self.list_display if field != "note"]

    def save_model(
        self, request: HttpRequest, obj: SendingPause, form: forms.ModelForm, change: bool
    ) -> None:
        """Pause the region, in the row that it may have from before."""
        if change:
            obj.save(update_fields=["note"])
            return
        obj.pk = pauses.pause(region=obj.region, note=obj.note)[0].pk

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes one: it tells what was paused, and from when the watch counts."""
        return False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Say on top what is paused."""
        if request.method == "GET":
            self._warn(request)
        return super().changelist_view(request, extra_context)

    def _warn(self, request: HttpRequest) -> None:
        if in_force := name(row.region for row in pauses.in_force()):
            text = gettext("Sending is paused: %(where)s.") % {"where": in_force}
            messages.warning(request, text)
        if by_setting := name(pauses.paused_by_setting()):
            text = gettext("The setting PHONE_INVITES_PAUSED pauses sending: %(where)s.")
            messages.warning(request, text % {"where": by_setting})

    @admin.action(description=_("Lift the selected pauses"), permissions=["change"])
    def lift(self, request: HttpRequest, queryset: models.QuerySet[SendingPause]) -> None:
        """Send codes again."""
        lifted = [row for row in queryset if pauses.lift(region=row.region)]
        self._record(request, lifted, gettext("Lifted."))
        text = ngettext("%d pause was lifted.", "%d pauses were lifted.", len(lifted))
        self.message_user(request, text % len(lifted))

    @admin.action(description=_("Pause the selected regions again"), permissions=["change"])
    def pause_again(self, request: HttpRequest, queryset: models.QuerySet[SendingPause]) -> None:
        """Stop sending again, by hand and with the note that is there."""
        paused = [row for row in queryset if pauses.pause(region=row.region, note=row.note)[1]]
        self._record(request, paused, gettext("Paused again."))
        text = ngettext("%d pause is in force again.", "%d pauses are in force again.", len(paused))
        self.message_user(request, text % len(paused))

    def _record(self, request: HttpRequest, rows: list[SendingPause], what: str) -> None:
        """Keep in the admin's history who did it."""
        for row in rows:
            self.log_change(request, row, what)
