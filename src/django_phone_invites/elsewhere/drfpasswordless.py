"""drfpasswordless (tried: 1.5.9): two fields of the user model, which its settings name.

Its one table, ``drfpasswordless_callbacktoken``, says when codes were asked for, and not which of
them were entered: a row is made inactive by its use and by the next row alike. So it dates nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from django.conf import settings

from django_phone_invites.elsewhere.base import Claim
from django_phone_invites.elsewhere.user_field import UserFieldSource


class DRFPasswordlessSource(UserFieldSource):
    """Takes the names of the fields from ``PASSWORDLESS_AUTH``, or the package's defaults."""

    needs = frozenset()
    takes = frozenset({"number", "verified", "date"})

    def claims(self) -> Iterator[Claim]:
        """Yield the number of each user who has one."""
        chosen: dict[str, Any] = getattr(settings, "PASSWORDLESS_AUTH", None) or {}
        number = chosen.get("PASSWORDLESS_USER_MOBILE_FIELD_NAME", "mobile")
        verified = chosen.get("PASSWORDLESS_USER_MOBILE_VERIFIED_FIELD_NAME", "mobile_verified")
        fields = replace(
            self.fields,
            number=self.fields.number or number,
            verified=self.fields.verified or verified,
        )
        yield from self.claims_from(fields)
