"""How long sending takes, so that whoever is sent nothing is answered no sooner."""

from __future__ import annotations

import random
import time
from contextlib import suppress

from django_phone_invites.conf import app_settings
from django_phone_invites.models import LoginCode
from django_phone_invites.senders.clock import TIMEOUT
from django_phone_invites.text import render

#: Deliveries that are looked at, the newest, among so many codes.
_MOST, _AMONG = 20, 1000


def matters() -> bool:
    """Tell whether some are sent nothing in the requests in which others are sent a code."""
    return app_settings.sign_up != "open" and not app_settings.sign_up_notice


def draw(login_code: LoginCode) -> float:
    """Return how many seconds the senders of a code before ``login_code`` took.

    One of the last, at random: so both kinds of answers take the same times equally often. One
    statement, and the same for everybody. 0 where nothing was delivered of late.
    """
    before = LoginCode.objects.filter(pk__gt=login_code.pk - _AMONG, delivered_by__gt="")
    rows = before.order_by("-pk").values_list("tries", flat=True)[:_MOST]
    took: list[float] = [sum(one.get("seconds", 0.0) for one in tries) for tries in rows]
    return random.choice(took or [0.0])  # noqa: S311 - a pause, not a secret


def wait(login_code: LoginCode, seconds: float) -> None:
    """Do what precedes the senders, and wait as long as they would take, ``TIMEOUT`` at most."""
    with suppress(Exception):  # a template may be anybody's code
        render(login_code)
    time.sleep(min(seconds, TIMEOUT))
