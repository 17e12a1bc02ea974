"""Which numbers come over, and to whom: the same rules for every source, and never a guess."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterable, Iterator, Set
from dataclasses import replace
from functools import partial
from typing import Any, cast

from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.utils import timezone

from django_phone_invites import codes
from django_phone_invites.elsewhere.base import (
    BATCH,
    Claim,
    ImportImpossible,
    Report,
    Say,
    Source,
    database,
    silent,
)
from django_phone_invites.exceptions import PhoneReserved
from django_phone_invites.models import ErasedPhone, PhoneAccount, PhoneChange, SiteUser
from django_phone_invites.services import accounts
from django_phone_invites.services.boundary import service
from django_phone_invites.transactions import run_durably


class Reason(enum.Enum):
    """Why a user's number did not come over."""

    UNVERIFIED = "not verified"
    INVALID = "not a number"
    SEVERAL = "the user has verified several numbers"
    SHARED = "several users have verified the number"
    UNDATED = "no date of the verification"
    FUTURE = "verified in the future"
    OTHER = "the user has another number here"
    TAKEN = "the number is another user's here"
    ERASED = "the number was erased here"
    RESERVED = "the number was changed here a short time ago"
    MEANWHILE = "something changed at the same moment; run it again"


@service
def import_accounts(
    *,
    source: Source,
    assumed: dt.datetime | None = None,
    dry_run: bool = False,
    say: Say = silent,
) -> Report:
    """Make a phone account, and an invite code, for each user with a verified number in ``source``.

    What is there already stays as it is, so that it can be run again, also after it was stopped.
    Who is disabled gets an account too: their number is to lead to them, and not to somebody new.

    Args:
        source: where the numbers are.
        assumed: when a number was verified of which the source does not say it.
        dry_run: change nothing, and report what would be.
        say: is told how far it is.

    Raises:
        ImportImpossible: the source cannot be read, or has no dates and none was assumed.
        Unavailable: the database does not answer. What ``say`` was told of is there.
    """
    if assumed is None and not source.has_dates:
        raise ImportImpossible(
            "This source has no dates of verification: give --date-field or --assume-verified-at."
        )
    report = Report()
    # All of them before the first is written: whether others have the same number decides.
    claims = _require_dates(_sift(_read(source, say), report), assumed, report)
    for start in range(0, len(claims), BATCH):
        batch = claims[start : start + BATCH]
        wanted = _require_free(batch, report)
        lost = [] if dry_run else run_durably(partial(_write, wanted, _users(wanted)))
        for claim in _require_free(lost, report):
            report.skip(Reason.MEANWHILE, claim.user)
        report.imported += len(wanted) - len(lost)
        say(f"{start + len(batch)} of {len(claims)} numbers so far ...")
    return report


def _read(source: Source, say: Say) -> Iterator[Claim]:
    for count, claim in enumerate(source.claims(), start=1):
        yield claim
        if count % (BATCH * 20) == 0:
            say(f"{count} numbers read so far ...")


def _sift(claims: Iterable[Claim], report: Report) -> list[Claim]:
    """Return the claims of users with one verified number that nobody else has verified."""
    by_user: dict[Any, Claim] = {}
    by_phone: dict[str, Any] = {}
    refused: dict[Any, Reason] = {}
    for claim in claims:
        if not claim.is_verified or claim.phone is None:
            reason = Reason.INVALID if claim.is_verified else Reason.UNVERIFIED
            report.skip(reason, claim.user)
            continue
        holder = by_phone.setdefault(claim.phone, claim.user)
        if holder != claim.user:
            refused.setdefault(holder, Reason.SHARED)
            refused.setdefault(claim.user, Reason.SHARED)
        kept = by_user.setdefault(claim.user, claim)
        if kept.phone != claim.phone:
            refused[claim.user] = Reason.SEVERAL
        by_user[claim.user] = max(kept, claim, key=_when)
    for user, reason in refused.items():
        report.skip(reason, user)
    return [claim for user, claim in by_user.items() if user not in refused]


def _when(claim: Claim) -> tuple[bool, Any]:
    return claim.verified_at is not None, claim.verified_at


def _require_dates(
    claims: Iterable[Claim], assumed: dt.datetime | None, report: Report
) -> list[Claim]:
    """Return the claims with a date, that of ``assumed`` where they have none of their own."""
    now = timezone.now()
    dated = []
    for claim in claims:
        verified_at = claim.verified_at or assumed
        if verified_at is None:
            report.skip(Reason.UNDATED, claim.user)
        elif verified_at > now:
            # It would count as recent until then.
            report.skip(Reason.FUTURE, claim.user)
        else:
            dated.append(replace(claim, verified_at=verified_at))
    return dated


def _require_free(claims: list[Claim], report: Report) -> list[Claim]:
    """Return the claims that nothing here speaks against; count those that are here already."""
    there = PhoneAccount.objects.using(database())
    rows = [
        *there.filter(user__in=[claim.user for claim in claims]),
        *there.filter(phone__in=[claim.phone for claim in claims]),
    ]
    erased = _erased({cast("str", claim.phone) for claim in claims})
    reserved = _reserved(claims)
    phones = {row.user_id: row.e164 for row in rows}
    taken = {row.e164 for row in rows}
    free = []
    for claim in claims:
        if phones.get(claim.user) == claim.phone:
            report.already_there += 1
        elif claim.user in phones:
            report.skip(Reason.OTHER, claim.user)
        elif claim.phone in taken:
            report.skip(Reason.TAKEN, claim.user)
        elif claim.phone in erased:
            # Their next right code brings them back, and nothing else.
            report.skip(Reason.ERASED, claim.user)
        elif reserved.get(cast("str", claim.phone), claim.user) != claim.user:
            report.skip(Reason.RESERVED, claim.user)
        else:
            free.append(claim)
    return free


def _erased(phones: Set[str]) -> set[str]:
    """Return those of ``phones`` that were erased."""
    digests = {digest: phone for phone in phones for digest in codes.phone_digests(phone)}
    found = ErasedPhone.objects.using(database()).filter(digest__in=digests)
    return {digests[digest] for digest in found.values_list("digest", flat=True)}


def _reserved(claims: list[Claim]) -> dict[str, Any]:
    """Return those of the phones that may be given back to a user yet, with the user."""
    undoable = PhoneChange.objects.using(database()).filter(PhoneChange.undoable(timezone.now()))
    found = undoable.filter(old__in=[claim.phone for claim in claims])
    return dict(found.values_list("old", "user"))


def _users(claims: list[Claim]) -> dict[Any, SiteUser]:
    """Return the users with their invite codes.

    Read before the transaction: on SQLite one that begins with a write waits for its turn, and one
    that begins with a read fails instead.
    """
    users = get_user_model()._base_manager.using(database()).select_related("invite_code")
    return dict(users.in_bulk([claim.user for claim in claims]))


def _write(claims: list[Claim], users: dict[Any, SiteUser]) -> list[Claim]:
    """Make the accounts; return the claims for which somebody was faster."""
    now = timezone.now()
    lost = [claim for claim in claims if claim.user not in users]
    for claim in (claim for claim in claims if claim.user in users):
        try:
            with transaction.atomic(using=database()):
                accounts.create(
                    cast("str", claim.phone), now, users[claim.user], verified_at=claim.verified_at
                )
        except (IntegrityError, PhoneReserved):
            lost.append(claim)
    return lost
