"""django-phone-verify (tried: 3.0.1, 3.3.0): ``sms_verification`` knows numbers and no users.

Whose a number is, the site keeps itself: in a field of its users. A number is verified if the table
has a row of it that was.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.apps.registry import Apps
from django.contrib.auth import get_user_model
from django.db import models

from django_phone_invites.elsewhere.base import (
    BATCH,
    Claim,
    Source,
    database,
    read_flag,
    read_users,
    require_table,
)


class SMSVerification(models.Model):  # noqa: DJ008 - nobody sees it
    """The columns that are read, in a registry of their own: no app and no migration has them."""

    # Never selected, so its type, which differs between databases, does not matter.
    id = models.TextField(primary_key=True)
    phone_number = models.TextField()
    is_verified = models.BooleanField()
    created_at = models.DateTimeField()

    class Meta:
        app_label = "phone_invites"
        apps = Apps()
        db_table = "sms_verification"
        managed = False


class PhoneVerifySource(Source):
    """Reads the numbers of the users, and the table for which of them were verified, and when.

    When is ``created_at``, the moment at which the code was asked for: it was entered within the
    life of a code, an hour unless the site's settings say otherwise, so the date is never too late.
    ``modified_at`` may be, as any later change of the row moves it.
    """

    needs = frozenset({"number"})
    takes = frozenset({"verified"})
    has_dates = True

    def claims(self) -> Iterator[Claim]:
        """Yield the number of each user who has one."""
        verified = self._verified()
        fields = self.fields
        users = get_user_model()._base_manager.using(database())
        for user, raw, flag in read_users(users.all(), fields.number, fields.verified):
            if raw is None or not str(raw).strip():
                continue
            phone = self.read_number(raw)
            vouched = fields.verified is None or read_flag(flag, fields.verified)
            yield Claim(
                user=user,
                phone=phone,
                is_verified=vouched and (phone is None or phone in verified),
                verified_at=verified.get(phone),
            )

    def _verified(self) -> dict[str | None, dt.datetime]:
        """Return when each verified number was last verified."""
        require_table(SMSVerification._meta.db_table)
        rows = SMSVerification._base_manager.using(database()).filter(is_verified=True)
        verified: dict[str | None, dt.datetime] = {}
        for raw, created_at in (
            rows.order_by("created_at")
            .values_list("phone_number", "created_at")
            .iterator(chunk_size=BATCH)
        ):
            if phone := self.read_number(raw):
                verified[phone] = created_at
        return verified
