"""What an issuer is."""

from __future__ import annotations

import datetime as dt
import hashlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request

from django_phone_invites import user_agents
from django_phone_invites.exceptions import LogoutImpossible
from django_phone_invites.models import ActiveLogin, SiteUser

#: When what has no end is looked at, whether it is there still.
_LOOK_AGAIN = dt.timedelta(days=30)


@dataclass(frozen=True)
class IssuedLogin:
    """A login that an issuer knows: ``name`` is for good, one of its user's, and no token."""

    name: str
    began_at: dt.datetime | None = None
    #: None where it ends at a logout only, or nobody knows.
    ends_at: dt.datetime | None = None


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

    def logins(self, user: SiteUser) -> Sequence[IssuedLogin] | None:
        """Return the logins of ``user`` that go on; None where the issuer does not know them."""
        return None

    def present(self, request: Request) -> str | None:
        """Return the name of the login that the request was authenticated with, if it is known."""
        return None

    def revoke_one(self, user: SiteUser, name: str) -> None:
        """End the one of ``logins`` that has this name.

        Raises:
            LogoutImpossible: it cannot be ended; nothing has changed.
        """
        raise LogoutImpossible

    def remember(
        self, request: Request, user: SiteUser, name: str, ends_at: dt.datetime | None = None
    ) -> None:
        """Remember what a login was made with. Called by ``issue``, where each has a name."""
        now = timezone.now()
        ActiveLogin.objects.create(
            user=user,
            reference=self.reference_of(name),
            issuer=self.path,
            user_agent=user_agents.describe(request.META),
            created_at=now,
            check_after=ends_at or now + _LOOK_AGAIN,
        )

    @property
    def path(self) -> str:
        """The dotted path of the class."""
        return f"{type(self).__module__}.{type(self).__qualname__}"

    def reference_of(self, name: str) -> str:
        """Return what names a login outside: 32 characters in hexadecimal."""
        return hashlib.sha256(f"{self.path}:{name}".encode()).hexdigest()[:32]
