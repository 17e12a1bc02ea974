"""A believable set of people and invites, made through the package's own services."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Max
from django.utils import timezone

from django_phone_invites.models import InviteActivation, InviteCode, LoginCode, PhoneAccount
from django_phone_invites.services import accounts, invites
from django_phone_invites.transactions import run_durably

#: The people of the published samples: the first invited the next two.
SAMPLES = ["+79096869722", "+79096869723", "+79096869724"]

#: As many as there are numbers for.
MOST_PEOPLE = 1_000_000

#: Over how long a time the first of them came.
PERIOD = dt.timedelta(days=30)

#: How the first code of some people came to nothing, before they logged in with a second.
FIRST_CODES = [
    {"delivery": LoginCode.Delivery.FAILED, "delivery_error": "TemporarySendError 503"},
    {"delivery": LoginCode.Delivery.SENT, "attempts": settings.PHONE_INVITES_CODE_ATTEMPTS},
    {"delivery": LoginCode.Delivery.UNKNOWN},
    {"delivery": LoginCode.Delivery.DELIVERED, "attempts": 1},
    {"delivery": LoginCode.Delivery.FAILED, "delivery_error": "PermanentSendError"},
]


def fill(count: int) -> Iterator[int]:
    """Make people up to ``count`` and let two thirds of them activate an earlier one's code.

    Yields how many there are so far. People who exist already are left as they are.
    """
    chance = random.Random(1)  # noqa: S311 - the same people each time
    now = timezone.now()
    newest = PhoneAccount.objects.aggregate(newest=Max("created_at"))["newest"]
    begin = max(now - PERIOD, newest or now - PERIOD)
    known: list[User] = []
    for number in range(count):
        phone = SAMPLES[number] if number < len(SAMPLES) else f"+7916{1000000 + number:07}"
        found = accounts.find(phone)
        if found is not None:
            known.append(found.user)
            continue
        moment = begin + (now - begin) * ((number + 1) / count)
        user = run_durably(lambda phone=phone, moment=moment: accounts.create(phone, moment)).user
        _add_codes(number, phone, moment)
        inviter = _inviter(number, known, chance)
        if inviter is not None:
            _invite(user, inviter, moment)
        known.append(user)
        yield number + 1


def _inviter(number: int, known: list[User], chance: random.Random) -> User | None:
    if number in (1, 2):
        return known[0]
    if number == 0 or chance.random() > 2 / 3:
        return None
    # Some invite many, most nobody.
    return known[int(len(known) * chance.random() ** 3)]


def _invite(user: User, inviter: User, moment: dt.datetime) -> None:
    code = InviteCode.objects.get(owner=inviter).code
    activation = invites.activate_invite(user=user, code=code)
    InviteActivation.objects.filter(pk=activation.pk).update(activated_at=moment)


def _add_codes(number: int, phone: str, moment: dt.datetime) -> None:
    """Record how a person logged in at ``moment``: one in three with the second code only."""
    asked = moment - dt.timedelta(seconds=20)
    if number % 3 == 0:
        first = FIRST_CODES[number // 3 % len(FIRST_CODES)]
        _add_code(number, phone, asked - dt.timedelta(seconds=90), ended_at=asked, **first)
    _add_code(number, phone, asked, used_at=moment, delivery=LoginCode.Delivery.SENT, attempts=1)


def _add_code(number: int, phone: str, asked: dt.datetime, **more: object) -> None:
    channels = LoginCode.Channel.values
    LoginCode.objects.create(
        phone=phone,
        region="RU",
        purpose=LoginCode.Purpose.LOGIN,
        channel=channels[number % len(channels)],
        length=settings.PHONE_INVITES_CODE_LENGTH,
        locale="ru",
        # From a block for documentation (RFC 5737).
        address=f"203.0.113.{number % 254 + 1}",
        created_at=asked,
        expires_at=asked + dt.timedelta(minutes=5),
        delivered_by="ImitationSender",
        **more,
    )
