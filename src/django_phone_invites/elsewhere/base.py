"""What a source is, what it yields, and what is reported in the end."""

from __future__ import annotations

import datetime as dt
import enum
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import FieldError
from django.db import connections, models, router
from django.utils import timezone

from django_phone_invites import phones
from django_phone_invites.exceptions import PhoneInvalid, PhoneInvitesError
from django_phone_invites.models import PhoneAccount

#: Rows read, and rows written in one transaction: few enough to hold no lock for long.
BATCH = 500

#: Is told how far a long import is.
Say = Callable[[str], None]


def silent(text: str) -> None:
    """Say nothing."""


class ImportImpossible(PhoneInvitesError):
    """The source cannot be read as asked; nothing was changed. The message is for developers."""


@dataclass(frozen=True)
class Fields:
    """Where a source finds things, as look-ups from the user model: ``profile__phone``.

    None for what was not said; a source has its own names for some.
    """

    number: str | None = None
    verified: str | None = None
    date: str | None = None


@dataclass(frozen=True)
class Claim:
    """That a number is a user's."""

    #: The user's key.
    user: Any
    #: In E.164; None where what is kept is no number.
    phone: str | None = field(repr=False)
    is_verified: bool
    verified_at: dt.datetime | None = None


@dataclass
class Report:
    """What came over, and what did not and why, by the key of the user (or of the invitation)."""

    imported: int = 0
    already_there: int = 0
    skipped: dict[enum.Enum, list[Any]] = field(default_factory=dict)

    def skip(self, reason: enum.Enum, key: Any) -> None:
        """Note that ``key`` does not come over."""
        self.skipped.setdefault(reason, []).append(key)


class Source(ABC):
    """Where another package keeps numbers: a subclass says where, and decides nothing.

    Raises:
        ImportImpossible: it needs a field that was not named, or does not use one that was.
    """

    #: The attributes of ``Fields`` that it must be given, and those that it may be.
    needs: ClassVar[frozenset[str]] = frozenset()
    takes: ClassVar[frozenset[str]] = frozenset({"date"})

    def __init__(self, fields: Fields, region: str | None = None) -> None:
        given = {name for name, value in vars(fields).items() if value is not None}
        if missing := self.needs - given:
            raise ImportImpossible(f"This source needs {_as_options(missing)}.")
        if idle := given - self.needs - self.takes:
            raise ImportImpossible(f"This source does not use {_as_options(idle)}.")
        self.fields = fields
        self.region = region

    @property
    def has_dates(self) -> bool:
        """Whether it may say when a number was verified."""
        return self.fields.date is not None

    @abstractmethod
    def claims(self) -> Iterator[Claim]:
        """Yield each number that a user has, verified or not.

        Raises:
            ImportImpossible: a table or a field is not there, or is not of the right kind.
        """

    def read_number(self, raw: object) -> str | None:
        """Return the E.164 form of what a column holds, or None if that is no number."""
        # RFC 3966 is one of the formats that PHONENUMBER_DB_FORMAT may name.
        try:
            return phones.parse(str(raw).removeprefix("tel:"), self.region)
        except PhoneInvalid:
            return None


_OPTIONS = {"number": "--field", "verified": "--verified-field", "date": "--date-field"}


def _as_options(names: set[str] | frozenset[str]) -> str:
    return " and ".join(option for name, option in _OPTIONS.items() if name in names)


def read_users(users: models.QuerySet[Any], *lookups: str | None) -> Iterator[tuple[Any, ...]]:
    """Yield the key of each user with the values of ``lookups``; None for a look-up that is None.

    Raises:
        ImportImpossible: one of them is no field.
    """
    named = [lookup for lookup in lookups if lookup is not None]
    try:
        rows = users.order_by("pk").values_list("pk", *named)
    except FieldError as error:
        raise ImportImpossible(f"The user model cannot be read: {error}") from None
    for key, *values in rows.iterator(chunk_size=BATCH):
        found = iter(values)
        yield (key, *(None if lookup is None else next(found) for lookup in lookups))


def read_flag(value: object, name: str) -> bool:
    """Return whether a column says that a number was verified: a boolean, or the moment of it.

    Raises:
        ImportImpossible: it is of another kind, in which "no" may be as true as "yes".
    """
    if value is None or isinstance(value, (bool, dt.date)):
        return bool(value)
    raise ImportImpossible(f"{name} is neither a boolean nor a date.")


def read_date(value: object, name: str) -> dt.datetime | None:
    """Return a moment as the site's other moments are; a day begins at midnight.

    Raises:
        ImportImpossible: it is no date.
    """
    if value is None:
        return None
    if not isinstance(value, dt.date):
        raise ImportImpossible(f"{name} is no date.")
    moment = value if isinstance(value, dt.datetime) else dt.datetime(*value.timetuple()[:3])  # noqa: DTZ001
    if settings.USE_TZ and timezone.is_naive(moment):
        return timezone.make_aware(moment)
    return moment


def require_table(table: str) -> str:
    """Return ``table``, which is in the database of the phone accounts.

    Raises:
        ImportImpossible: it is not.
    """
    if table not in connections[database()].introspection.table_names():
        raise ImportImpossible(f"There is no table {table} in the database.")
    return table


def database() -> str:
    """Return the alias of the database that is read and written."""
    return router.db_for_write(PhoneAccount)
