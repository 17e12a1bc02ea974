"""The kill switch: stop sending codes to a region or to all, and start again, without a deploy."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from django_phone_invites import logs
from django_phone_invites.conf import app_settings
from django_phone_invites.exceptions import SendingPaused
from django_phone_invites.models import SendingPause
from django_phone_invites.services.boundary import service

#: The region that stands for all of them.
EVERYWHERE = SendingPause.EVERYWHERE


@service
def require_sending(region: str) -> None:
    """Refuse where codes are not sent, to ``region`` or at all.

    One statement; none where the setting refuses. A number without a region ("") is stopped by a
    pause of everything only.

    Raises:
        SendingPaused: by ``PHONE_INVITES_PAUSED``, or by a row.
        Unavailable: the database does not answer.
    """
    if _is_paused(region):
        logs.record(
            "sending_refused",
            "Refused: sending to %s is paused.",
            region or "numbers without a region",
        )
        raise SendingPaused


def _is_paused(region: str) -> bool:
    if not {EVERYWHERE, region}.isdisjoint(paused_by_setting()):
        return True
    return SendingPause.objects.filter(region__in=[EVERYWHERE, region], lifted_at=None).exists()


def paused_by_setting() -> list[str]:
    """Return the regions that ``PHONE_INVITES_PAUSED`` stops; ``EVERYWHERE`` among them is all."""
    paused = app_settings.paused
    if isinstance(paused, bool):
        return [EVERYWHERE] if paused else []
    return sorted(paused)


def in_force() -> list[SendingPause]:
    """Return the pauses that stop something, that of everywhere first."""
    return list(SendingPause.objects.filter(lifted_at=None).order_by("region"))


def pause(
    *, region: str, note: str = "", reason: str = SendingPause.Reason.MANUAL
) -> tuple[SendingPause, bool]:
    """Stop sending codes to ``region``, and return the pause and whether it is new.

    One that is in force already stays as it is. Codes that were sent before still log in, and
    requests that are under way may still send theirs.

    Args:
        region: out of ``phones.REGIONS``, or ``EVERYWHERE``.
        note: why, for whoever finds it; ``NOTE_MAX_LENGTH`` characters at most.
        reason: one of ``SendingPause.Reason``.
    """
    values = {"reason": reason, "note": note, "started_at": timezone.now(), "lifted_at": None}
    found, is_new = SendingPause.objects.get_or_create(region=region, defaults=values)
    if not is_new:
        lifted = SendingPause.objects.filter(pk=found.pk, lifted_at__isnull=False)
        is_new = lifted.update(**values) > 0
        found.refresh_from_db()
    if is_new:
        logs.record("sending_paused", "Sending to %s is paused.", region or "all regions")
    return found, is_new


def lift(*, region: str) -> bool:
    """Send codes to ``region`` again; return whether there was a pause to lift.

    It does not lift what the setting pauses, nor, for a region, the pause of everywhere.
    """
    paused = SendingPause.objects.filter(region=region, lifted_at=None)
    is_lifted = paused.update(lifted_at=timezone.now()) > 0
    if is_lifted:
        logs.record("sending_lifted", "Sending to %s goes on.", region or "all regions")
    return is_lifted


def last_lifted(region: str) -> dt.datetime | None:
    """Return when sending to ``region`` was last started again; None if it never was."""
    lifted = SendingPause.objects.filter(region__in=[EVERYWHERE, region], lifted_at__isnull=False)
    return lifted.order_by("-lifted_at").values_list("lifted_at", flat=True).first()
