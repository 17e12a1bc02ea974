"""A site's own function for an issuer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from rest_framework.request import Request

from django_phone_invites.api.issuers.base import Issuer
from django_phone_invites.exceptions import LogoutImpossible
from django_phone_invites.models import SiteUser


class FunctionIssuer(Issuer):
    """Gives out what a function returns. Nobody here knows what that is, so nobody can end it."""

    def __init__(self, function: Callable[[Request, SiteUser], dict[str, Any]]) -> None:
        self.function = function

    def issue(self, request: Request, user: SiteUser) -> dict[str, Any]:
        """Return what the function does."""
        return self.function(request, user)

    def revoke(self, request: Request) -> NoReturn:
        """Refuse."""
        raise LogoutImpossible

    def revoke_all(self, user: SiteUser) -> NoReturn:
        """Refuse."""
        raise LogoutImpossible
