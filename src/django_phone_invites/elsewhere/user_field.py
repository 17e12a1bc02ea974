"""Numbers in fields of the site's users: whatever package has put them there."""

from __future__ import annotations

from collections.abc import Iterator

from django.contrib.auth import get_user_model

from django_phone_invites.elsewhere.base import (
    Claim,
    Fields,
    Source,
    database,
    read_date,
    read_flag,
    read_users,
)


class UserFieldSource(Source):
    """Reads a field with the number, and one that says whether it was verified.

    Each may be a look-up over a relation (``profile__phone``), to many rows too.
    """

    needs = frozenset({"number", "verified"})

    def claims(self) -> Iterator[Claim]:
        """Yield the number of each user who has one."""
        yield from self.claims_from(self.fields)

    def claims_from(self, fields: Fields) -> Iterator[Claim]:
        """Yield what ``fields`` hold."""
        # The base manager: one that hides some users would hide who else has a number.
        users = get_user_model()._base_manager.using(database())
        lookups = fields.number, fields.verified, fields.date
        for user, raw, flag, date in read_users(users.all(), *lookups):
            if raw is not None and str(raw).strip():
                yield Claim(
                    user=user,
                    phone=self.read_number(raw),
                    is_verified=read_flag(flag, str(fields.verified)),
                    verified_at=read_date(date, str(fields.date)),
                )
