"""The tokens of ``rest_framework.authtoken``: one for each user, kept as it is, without an end."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request

from django_phone_invites.api.issuers.base import IssuedLogin, Issuer
from django_phone_invites.exceptions import LogoutImpossible
from django_phone_invites.models import SiteUser


class AuthTokenAnswer(serializers.Serializer):
    """The user's token."""

    token = serializers.CharField()


class AuthTokenIssuer(Issuer):
    """Gives out the user's token. All of their devices share it, and a logout ends it for all."""

    apps = ("rest_framework.authtoken",)
    authentication = "rest_framework.authentication.TokenAuthentication"
    answer = AuthTokenAnswer
    sample = {"token": "46d7112273cc6af7570c01b001fa619a26333da9"}

    def issue(self, request: Request, user: SiteUser) -> dict[str, Any]:
        """Return the token; it is made once."""
        # The model can only be imported where the app is installed; so below.
        from rest_framework.authtoken.models import Token  # noqa: PLC0415

        token, _ = Token.objects.get_or_create(user=user)
        return {"token": token.key}

    def revoke(self, request: Request) -> None:
        """Delete the token."""
        from rest_framework.authtoken.models import Token  # noqa: PLC0415

        if not isinstance(request.auth, Token):
            raise LogoutImpossible
        request.auth.delete()

    def revoke_all(self, user: SiteUser) -> None:
        """Delete the token, which is the only one."""
        from rest_framework.authtoken.models import Token  # noqa: PLC0415

        Token.objects.filter(user=user).delete()

    def logins(self, user: SiteUser) -> Sequence[IssuedLogin]:
        """Return the token, if there is one: all devices are one login."""
        from rest_framework.authtoken.models import Token  # noqa: PLC0415

        return [_login_of(token) for token in Token.objects.filter(user=user)]

    def present(self, request: Request) -> str | None:
        """Return the name of the token."""
        from rest_framework.authtoken.models import Token  # noqa: PLC0415

        return _login_of(request.auth).name if isinstance(request.auth, Token) else None

    def revoke_one(self, user: SiteUser, name: str) -> None:
        """Delete the token, unless another has taken its place."""
        from rest_framework.authtoken.models import Token  # noqa: PLC0415

        for token in Token.objects.filter(user=user):
            if _login_of(token).name == name:
                token.delete()

    def ends(self) -> bool:
        """Say that it never does."""
        return False


def _login_of(token: Any) -> IssuedLogin:
    # Its key is what opens the API.
    name = hashlib.sha256(token.key.encode()).hexdigest()
    return IssuedLogin(name, began_at=token.created)
