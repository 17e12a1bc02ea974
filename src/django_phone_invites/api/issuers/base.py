"""What an issuer is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from rest_framework import serializers
from rest_framework.request import Request

from django_phone_invites.models import SiteUser


class Issuer(ABC):
    """Gives out what an API login answers with, and ends it.

    The attributes are for the checks and the schema.
    """

    #: Dotted names of the apps that keep what is given out (E009).
    apps: ClassVar[tuple[str, ...]] = ()
    #: The dotted path of the authentication class that reads it, one of the site's (W001); "" if
    #: any may.
    authentication: ClassVar[str] = ""
    #: The fields that ``issue`` returns.
    answer: ClassVar[type[serializers.Serializer]] = serializers.Serializer
    #: What ``issue`` returns, for example: JSON with all fields of ``answer``.
    sample: ClassVar[dict[str, Any]] = {}

    @abstractmethod
    def issue(self, request: Request, user: SiteUser) -> dict[str, Any]:
        """Return what ``user`` gets, ready for JSON.

        It is called inside the transaction that uses up the code: if it raises, the code is not
        used. It calls no other service.
        """

    @abstractmethod
    def revoke(self, request: Request) -> None:
        """End what the request was authenticated with, for good.

        Raises:
            LogoutImpossible: it is not of this issuer, or cannot be ended; nothing has changed.
        """

    @abstractmethod
    def revoke_all(self, user: SiteUser) -> None:
        """End all that was given out to ``user``.

        Raises:
            LogoutImpossible: it cannot be ended; nothing has changed.
        """

    def ends(self) -> bool:
        """Tell whether what is given out ends without a logout too (W006)."""
        return True
