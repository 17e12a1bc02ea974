"""django-invitations (tried: 2.0.0, 2.1.0): open rows of the table ``invitations_invitation``.

Each becomes an invite code for one use. The code follows from the invitation's key, so that the
links that were sent can lead to it, and so that none is made twice.
"""

from __future__ import annotations

import datetime as dt
import enum
import hashlib
from functools import partial

from django.apps.registry import Apps
from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from django_phone_invites.codes import INVITE_ALPHABET
from django_phone_invites.elsewhere.base import (
    BATCH,
    Report,
    Say,
    database,
    require_table,
    silent,
)
from django_phone_invites.models import InviteCode
from django_phone_invites.services.boundary import service
from django_phone_invites.transactions import run_durably

#: 31 signs each: 7e23 codes, of which none is guessed.
CODE_LENGTH = 16


class InvitationReason(enum.Enum):
    """Why an open invitation did not become an invite code."""

    UNSENT = "never sent"
    EXPIRED = "expired"


class Invitation(models.Model):  # noqa: DJ008 - nobody sees it
    """The columns that are read, in a registry of their own: no app and no migration has them."""

    key = models.TextField()
    accepted = models.BooleanField()
    sent = models.DateTimeField(null=True)
    # As it stands there: users' keys are of more than one type.
    inviter_id = models.TextField(null=True)

    class Meta:
        app_label = "phone_invites"
        apps = Apps()
        db_table = "invitations_invitation"
        managed = False


def code_of(key: str) -> str:
    """Return the invite code that an invitation with this key becomes.

    It is a digest and no more: whoever has the key may have the code, and nobody else can tell it.
    """
    number = int.from_bytes(hashlib.sha256(key.encode()).digest(), "big")
    signs = []
    for _ in range(CODE_LENGTH):
        number, sign = divmod(number, len(INVITE_ALPHABET))
        signs.append(INVITE_ALPHABET[sign])
    return "".join(signs)


@service
def import_invitations(*, dry_run: bool = False, say: Say = silent) -> Report:
    """Make an invite code for one use of each invitation that is sent, not accepted and not over.

    It has no owner, as a user has one code only; its label names the invitation and the inviter.
    What is there already stays as it is, also if it was revoked or used.

    Args:
        dry_run: change nothing, and report what would be.
        say: is told how far it is.

    Raises:
        ImportImpossible: there is no such table.
        Unavailable: the database does not answer. What ``say`` was told of is there.
    """
    require_table(Invitation._meta.db_table)
    report = Report()
    rows = Invitation._base_manager.using(database()).filter(accepted=False).order_by("pk")
    total, done = rows.count(), 0
    last = None
    while batch := list((rows if last is None else rows.filter(pk__gt=last))[:BATCH]):
        wanted = _require_new(_require_open(batch, report), report)
        lost = 0 if dry_run else run_durably(partial(_write, wanted))
        # The code follows from the invitation, so whoever was faster has made the same one.
        report.already_there += lost
        report.imported += len(wanted) - lost
        last, done = batch[-1].pk, done + len(batch)
        say(f"{done} of {total} invitations so far ...")
    return report


def _require_open(invitations: list[Invitation], report: Report) -> list[InviteCode]:
    """Return the codes that invitations become which can still be accepted."""
    # The name and the default of the package's own setting.
    life = dt.timedelta(days=getattr(settings, "INVITATIONS_INVITATION_EXPIRY", 3))
    now = timezone.now()
    found = []
    for invitation in invitations:
        if invitation.sent is None:
            report.skip(InvitationReason.UNSENT, invitation.pk)
        elif invitation.sent + life <= now:
            report.skip(InvitationReason.EXPIRED, invitation.pk)
        else:
            found.append(_as_code(invitation, invitation.sent + life, now))
    return found


def _as_code(invitation: Invitation, expires_at: dt.datetime, now: dt.datetime) -> InviteCode:
    code = code_of(invitation.key)
    inviter = "" if invitation.inviter_id is None else f", by user {invitation.inviter_id}"
    return InviteCode(
        code=code,
        folded=code,
        max_uses=1,
        expires_at=expires_at,
        label=f"Invitation {invitation.pk}{inviter}",
        created_at=now,
    )


def _require_new(wanted: list[InviteCode], report: Report) -> list[InviteCode]:
    """Return the codes that are not there yet; count the others."""
    codes = InviteCode.objects.using(database())
    there = set(
        codes.filter(folded__in=[code.folded for code in wanted]).values_list("folded", flat=True)
    )
    report.already_there += len(there)
    return [code for code in wanted if code.folded not in there]


def _write(wanted: list[InviteCode]) -> int:
    """Save the codes; return how many somebody else has saved a moment ago."""
    lost = 0
    for code in wanted:
        try:
            with transaction.atomic(using=database()):
                # A conflict runs this again, with the same objects.
                code.pk = None
                code.save(force_insert=True)
        except IntegrityError:
            lost += 1
    return lost
