"""The tokens of django-rest-knox: one for each login, kept as a digest, with an end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Q
from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request

from django_phone_invites.api.issuers.base import IssuedLogin, Issuer
from django_phone_invites.exceptions import LogoutImpossible
from django_phone_invites.models import SiteUser

try:
    from knox.settings import knox_settings
except ImportError as missing:  # pragma: no cover - tested in a process of its own
    raise ImportError(
        'Tokens of knox need django-rest-knox: pip install "django-phone-invites[knox]"'
    ) from missing


class KnoxAnswer(serializers.Serializer):
    """A token, and when it ends."""

    token = serializers.CharField()
    expires_at = serializers.DateTimeField(allow_null=True)


class KnoxIssuer(Issuer):
    """Gives out a token for each login. ``REST_KNOX`` says how long it lives."""

    apps = ("knox",)
    authentication = "knox.auth.TokenAuthentication"
    answer = KnoxAnswer
    sample = {
        "token": "9b1d6e0f5c2a4783",
        "expires_at": "2026-01-01T22:00:00Z",
    }

    def issue(self, request: Request, user: SiteUser) -> dict[str, Any]:
        """Return a new token."""
        # The models can only be imported where the app is installed; so below.
        from knox.models import get_token_model  # noqa: PLC0415

        _make_room(user)
        kept, token = get_token_model().objects.create(user)
        self.remember(request, user, kept.digest, kept.expiry)
        return {"token": token, "expires_at": kept.expiry}

    def revoke(self, request: Request) -> None:
        """Delete the token."""
        from knox.models import get_token_model  # noqa: PLC0415

        if not isinstance(request.auth, get_token_model()):
            raise LogoutImpossible
        request.auth.delete()

    def revoke_all(self, user: SiteUser) -> None:
        """Delete the tokens of all logins."""
        user.auth_token_set.all().delete()

    def logins(self, user: SiteUser) -> Sequence[IssuedLogin]:
        """Return one for each token that works."""
        live = user.auth_token_set.filter(Q(expiry=None) | Q(expiry__gt=timezone.now()))
        return [IssuedLogin(kept.digest, kept.created, kept.expiry) for kept in live]

    def present(self, request: Request) -> str | None:
        """Return the name of the token: its digest."""
        from knox.models import get_token_model  # noqa: PLC0415

        kept = request.auth
        return kept.digest if isinstance(kept, get_token_model()) else None

    def revoke_one(self, user: SiteUser, name: str) -> None:
        """Delete the token."""
        user.auth_token_set.filter(digest=name).delete()

    def ends(self) -> bool:
        """Tell whether tokens have a life."""
        return knox_settings.TOKEN_TTL is not None


def _make_room(user: SiteUser) -> None:
    """Delete the oldest tokens above ``TOKEN_LIMIT_PER_USER``.

    Knox's own login refuses instead. Here a message was paid for, and whoever has lost a device
    could not get in to end its token.
    """
    limit = knox_settings.TOKEN_LIMIT_PER_USER
    if limit is None:
        return
    for oldest in user.auth_token_set.order_by("-created")[limit - 1 :]:
        oldest.delete()
