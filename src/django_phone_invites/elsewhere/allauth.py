"""django-allauth from 65.5 on (tried: 65.5.0, 65.22.1): the site's adapter, as it has no table.

A site that logs in by phone has written ``get_phone`` of its ``ACCOUNT_ADAPTER``, which returns the
number of a user and whether it was verified, wherever both are kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import FieldError
from django.db import models
from django.utils.module_loading import import_string

from django_phone_invites.elsewhere.base import (
    BATCH,
    Claim,
    ImportImpossible,
    Source,
    database,
    read_date,
)


class AllauthSource(Source):
    """Asks the adapter for each user, which costs what the adapter costs."""

    def claims(self) -> Iterator[Claim]:
        """Yield the number of each user who has one."""
        get_phone = _adapter().get_phone
        for user in self._users().iterator(chunk_size=BATCH):
            try:
                found = get_phone(user)
            except NotImplementedError:
                raise ImportImpossible("ACCOUNT_ADAPTER has no get_phone of its own.") from None
            if found and found[0]:
                number, is_verified = found
                yield Claim(
                    user=user.pk,
                    phone=self.read_number(number),
                    is_verified=bool(is_verified),
                    verified_at=read_date(user.phone_invites_date, str(self.fields.date)),
                )

    def _users(self) -> models.QuerySet[Any]:
        users = get_user_model()._base_manager.using(database()).order_by("pk")
        date = (
            models.F(self.fields.date)
            if self.fields.date
            else models.Value(None, output_field=models.DateTimeField())
        )
        try:
            return users.annotate(phone_invites_date=date)
        except FieldError as error:
            raise ImportImpossible(f"The user model cannot be read: {error}") from None


def _adapter() -> Any:
    path = getattr(settings, "ACCOUNT_ADAPTER", None)
    if path is None:
        raise ImportImpossible("ACCOUNT_ADAPTER is not set, so nothing says where phones are.")
    adapter = import_string(path)()
    if not hasattr(adapter, "get_phone"):
        raise ImportImpossible("ACCOUNT_ADAPTER has no get_phone: allauth has it from 65.5 on.")
    return adapter
