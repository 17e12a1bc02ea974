"""A believable set of people and invites, made through the package's own services."""

from __future__ import annotations

import random
from collections.abc import Iterator

from django.contrib.auth.models import User
from django.utils import timezone

from django_phone_invites.models import InviteCode
from django_phone_invites.services import accounts, invites
from django_phone_invites.transactions import run_durably

#: The people of the published samples: the first invited the next two.
SAMPLES = ["+79096869722", "+79096869723", "+79096869724"]


def fill(count: int) -> Iterator[int]:
    """Make people up to ``count`` and let two thirds of them activate an earlier one's code.

    Yields how many there are so far. People who exist already are left as they are.
    """
    chance = random.Random(1)  # noqa: S311 - the same people each time
    known: list[User] = []
    for number in range(count):
        phone = SAMPLES[number] if number < len(SAMPLES) else f"+7916{1000000 + number:07}"
        found = accounts.find(phone)
        if found is not None:
            known.append(found.user)
            continue
        user = run_durably(lambda phone=phone: accounts.create(phone, timezone.now())).user
        inviter = _inviter(number, known, chance)
        if inviter is not None:
            code = InviteCode.objects.get(owner=inviter).code
            invites.activate_invite(user=user, code=code)
        known.append(user)
        yield number + 1


def _inviter(number: int, known: list[User], chance: random.Random) -> User | None:
    if number in (1, 2):
        return known[0]
    if number == 0 or chance.random() > 2 / 3:
        return None
    # Some invite many, most nobody.
    return known[int(len(known) * chance.random() ** 3)]
