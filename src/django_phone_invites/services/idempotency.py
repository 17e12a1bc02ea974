"""A request for a code that carries a key is answered once, however often it is sent.

The IETF's draft of "The Idempotency-Key HTTP Header Field" leaves to the server for how long a key
counts: here for as long as the code. Where another request comes with the key it suggests 422; here
that is 409, as everything that meets what is there. Its 409 for a first request that is not
answered yet is never seen: the answer does not depend on the provider, so it is there as soon as
the row is.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from django_phone_invites.exceptions import IdempotencyKeyInvalid, IdempotencyKeyReused
from django_phone_invites.models import LoginCode

KEY_MAX_LENGTH = 255
_KEY = re.compile(rf"[ -~]{{1,{KEY_MAX_LENGTH}}}")


@dataclass(frozen=True)
class Claim:
    """A key of one asker, and what was asked for with it; digests, as they stand in the row."""

    key: str
    asked: str

    @property
    def columns(self) -> dict[str, str]:
        """The columns of the row that answers it."""
        return {"request_key": self.key, "request_digest": self.asked}


def claim(key: str | None, *, channel: str, address: str | None, asked: Any) -> Claim | None:
    """Return what ``key`` claims. It is the address's own: nobody else's answer is behind it.

    Args:
        key: 1 to 255 printable characters of ASCII; None claims nothing.
        channel: one of ``LoginCode.Channel``.
        address: the address of the asker.
        asked: whatever the request holds, in types of JSON.

    Raises:
        IdempotencyKeyInvalid: this is no key.
    """
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        raise IdempotencyKeyInvalid
    return Claim(_digest([channel, address, key]), _digest(asked))


def find_answered(claim: Claim | None) -> LoginCode | None:
    """Return the code that was sent for a claim, if it can still log in.

    Raises:
        IdempotencyKeyReused: something else was asked for with this key.
    """
    if claim is None:
        return None
    found = LoginCode.objects.filter(request_key=claim.key).first()
    if found is None:
        return None
    if not found.is_live(timezone.now()):
        # Expired, used, exhausted, or replaced by another: the row stays, the key is free.
        LoginCode.objects.filter(pk=found.pk).update(request_key=None)
        return None
    if found.request_digest != claim.asked:
        raise IdempotencyKeyReused
    return found


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
