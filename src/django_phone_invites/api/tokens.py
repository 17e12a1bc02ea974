"""Token issuers: what an API login gives out. ``PHONE_INVITES_TOKEN_ISSUER`` names one."""

from __future__ import annotations

from typing import Any

from django.utils.module_loading import import_string
from rest_framework.request import Request

from django_phone_invites.conf import app_settings
from django_phone_invites.models import SiteUser


def issue_token(request: Request, user: SiteUser) -> dict[str, Any]:
    """Return what the issuer in force gives ``user``, ready for JSON."""
    issued: dict[str, Any] = import_string(app_settings.token_issuer)(request, user)
    return issued


def drf_token(request: Request, user: SiteUser) -> dict[str, Any]:
    """Return the user's token of ``rest_framework.authtoken``; it is made once and never ends."""
    # Its model can only be imported where the app is installed.
    from rest_framework.authtoken.models import Token  # noqa: PLC0415

    token, _ = Token.objects.get_or_create(user=user)
    return {"token": token.key}
