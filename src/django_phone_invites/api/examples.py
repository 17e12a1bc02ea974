"""What answers and refusals look like in the schema.

A value is made when the schema is: routes, user model, issuer, masks and language are the site's.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from typing import Any

from drf_spectacular.utils import OpenApiExample
from rest_framework import fields
from rest_framework.renderers import JSONRenderer

from django_phone_invites import phones
from django_phone_invites.api import ids, refusals
from django_phone_invites.api.issuers import get_issuer
from django_phone_invites.conf import app_settings
from django_phone_invites.exceptions import (
    CodeExhausted,
    CodeExpired,
    CodeInvalid,
    CodeUsed,
    RateLimited,
    Refusal,
)

PHONE, INVITEE = "+79096869722", "+79096869723"
UNDO = "7c1d90b2e6f84a35b0c7d2e9f1a46835"
OWN_INVITE, INVITE = "gPcRwV", "TwXK36"

_ASKED = dt.datetime(2026, 1, 1, 12, tzinfo=dt.timezone.utc)
_NEXT = _ASKED + dt.timedelta(minutes=1)

#: Refusals that say more than their class.
_MORE: Mapping[type[Refusal], Callable[[], Refusal]] = {
    CodeInvalid: lambda: CodeInvalid(attempts_left=2, resend_at=_NEXT),
    CodeExpired: lambda: CodeExpired(resend_at=_NEXT),
    CodeUsed: lambda: CodeUsed(resend_at=_NEXT),
    CodeExhausted: lambda: CodeExhausted(resend_at=_NEXT),
    RateLimited: lambda: RateLimited(retry_at=_NEXT, now=_ASKED, limit="phone-messages"),
}


class Example(OpenApiExample):
    """An example whose value is asked for when the schema is made."""

    def __init__(self, name: str, make: Callable[[], Any]) -> None:
        self._make = make
        super().__init__(name)

    @property
    def value(self) -> Any:
        """What it looks like."""
        return self._make()

    @value.setter
    def value(self, nothing: Any) -> None:
        """Take the nothing that ``OpenApiExample`` sets."""


def of_refusal(refusal: type[Refusal]) -> Example:
    """Return an example of a refusal of this package."""
    return of_error(refusal.code, _MORE.get(refusal, refusal))


def of_error(code: str, make: Callable[[], Exception]) -> Example:
    """Return an example of what an exception is answered with."""
    return Example(code, lambda: _as_json(refusals.body_of(make())))


def challenge() -> dict[str, Any]:
    """Return the answer to a request for a code."""
    return {"id": _code_id("code"), **_asked()}


def number_challenge() -> dict[str, Any]:
    """Return the answer to a request for a code that changes the number."""
    return {"id": _code_id("number_code"), **_asked()}


def number() -> dict[str, Any]:
    """Return the own number."""
    return {"phone": PHONE}


def _code_id(route: str) -> Any:
    return 1 if ids.codes_are_numbered(route) else "0f6d7a3b9c1e4f58a2b6d4c8e0917f35"


def _asked() -> dict[str, Any]:
    return {
        "phone": PHONE,
        "expires_at": _in_iso(_ASKED + app_settings.code_lifetime),
        "resend_at": _in_iso(_NEXT),
        "attempts_left": app_settings.code_attempts,
    }


def login() -> dict[str, Any]:
    """Return the answer to a right code."""
    return {**get_issuer().sample, "id": _user_id()}


def profile() -> dict[str, Any]:
    """Return an own profile."""
    return {
        "id": _user_id(),
        "phone": PHONE,
        "invite_code": OWN_INVITE,
        "stranger_invite_code": None,
        "invite_user": [_invitee()],
        "invite_user_count": 1,
    }


def invitees() -> dict[str, Any]:
    """Return the last page of invitees."""
    return {"invite_user": [_invitee()], "older_than": None}


def logins() -> dict[str, Any]:
    """Return what a user is logged in with."""
    login = {
        "id": "b2f3c1d0a9e84f7d8c6b5a4938271605",
        "kind": "token",
        "issuer": app_settings.token_issuer,
        "began_at": _in_iso(_ASKED),
        "ends_at": _in_iso(_ASKED + dt.timedelta(days=30)),
        "user_agent": "okhttp",
        "is_present": True,
    }
    return {"logins": [login], "unknown": []}


def _invitee() -> dict[str, Any]:
    return {"phone": phones.shown_to_inviter(INVITEE), "activated_at": _in_iso(_ASKED)}


def _user_id() -> Any:
    is_uuid = ids.user_id_schema().get("format") == "uuid"
    return "41fad0a4-2c1a-4b4e-8b3c-0d8e0b1c2d3e" if is_uuid else 1


def _in_iso(moment: dt.datetime) -> Any:
    return fields.DateTimeField(default_timezone=dt.timezone.utc).to_representation(moment)


def _as_json(data: Any) -> Any:
    return json.loads(JSONRenderer().render(data))
