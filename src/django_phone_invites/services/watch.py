"""Watch over regions: say so, and stop sending, where few of the codes that are sent are entered.

That is what SMS pumping looks like: nobody waits for the messages, somebody shares what they cost.
"""

from __future__ import annotations

import datetime as dt

from django.db.models import Count
from django.utils import timezone

from django_phone_invites import limits, logs, signals
from django_phone_invites.conf import app_settings
from django_phone_invites.exceptions import Unavailable
from django_phone_invites.limits import Reading, policy
from django_phone_invites.limits.rules import Limit
from django_phone_invites.models import LoginCode, SendingPause
from django_phone_invites.services import pauses
from django_phone_invites.services.boundary import service

#: The codes of how long are looked at.
WINDOW = dt.timedelta(hours=1)

#: Of more, the newest are looked at. Their share is as good, and a flood makes no look slower: they
#: are so many rows of one index.
MOST_CODES = 10_000


def counters(region: str) -> list[Limit]:
    """Return what :func:`look_when_due` needs in the reading of a request.

    Nothing where there is no watch, nor where a number has no region: "" is no region but all.
    """
    if app_settings.region_alert_share is None or not region:
        return []
    return [policy.region_watch(region)]


def look_when_due(region: str, reading: Reading) -> None:
    """Look at the codes of a region, once a minute over all processes.

    Call it after the message was sent. A minute in which it is not due costs nothing; one in which
    it is costs one request four statements. A database that does not answer here is logged only:
    the code is on its way, and whoever asked for it shall have the page to enter it on.
    """
    if not any(_is_due(limit, reading) for limit in counters(region)):
        return
    try:
        _look(region)
    except Unavailable:
        logs.record("watch_failed", "The codes of region %s could not be looked at.", region)


def _is_due(limit: Limit, reading: Reading) -> bool:
    next_at = limit.next_at(reading.events(limit))
    return next_at is None or next_at <= reading.now


@service
def _look(region: str) -> None:
    now = timezone.now()
    share = app_settings.region_alert_share
    if share is None or not limits.take(policy.region_watch(region), now):
        return
    sent, verified = _count(region, now)
    if sent >= app_settings.region_alert_minimum and verified / sent < share:
        _alert(region, sent, verified, now)


def _count(region: str, now: dt.datetime) -> tuple[int, int]:
    """Return how many codes were sent, and how many of these were entered.

    Those of the last hour that have run out: a younger one may still be entered. Those from before
    sending was started again were judged already. What the provider did not take was not sent, nor
    was the code of a test number, nor that of a phone that may not sign up. A notice is no code.
    """
    since = max(now - WINDOW, pauses.last_lifted(region) or now - WINDOW)
    until = now - app_settings.code_lifetime
    found = LoginCode.objects.filter(
        region=region, withheld="", created_at__gt=since, created_at__lte=until
    ).exclude(delivery__in=[LoginCode.Delivery.FAILED, LoginCode.Delivery.NONE])
    found = found.exclude(purpose=LoginCode.Purpose.CHANGED)
    newest = found.order_by("-created_at")[:MOST_CODES]
    counted = newest.aggregate(sent=Count("pk"), verified=Count("used_at"))
    return counted["sent"], counted["verified"]


def _alert(region: str, sent: int, verified: int, now: dt.datetime) -> None:
    """Pause the region if that is set, and say so: once an hour, and whenever it was paused."""
    paused = app_settings.region_alert_pauses and _pause(region, sent, verified)
    if not limits.take(policy.region_alert(region), now) and not paused:
        return
    logs.record(
        "region_alerted",
        "Of %s codes sent to region %s in an hour %s were entered.%s",
        sent,
        region,
        verified,
        " Sending to it is paused." if paused else "",
    )
    signals.region_alerted.send_robust(
        LoginCode, region=region, sent=sent, verified=verified, paused=paused
    )


def _pause(region: str, sent: int, verified: int) -> bool:
    note = f"Of {sent} codes sent in an hour {verified} were entered."
    _, is_new = pauses.pause(region=region, note=note, reason=SendingPause.Reason.ALERT)
    return is_new
