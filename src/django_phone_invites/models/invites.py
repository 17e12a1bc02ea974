"""Invite codes, and who activated them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from django_phone_invites import codes
from django_phone_invites.models.accounts import SiteUser

#: The largest number that a ``PositiveIntegerField`` holds on every database.
MOST_USES = 2**31 - 1


class InviteCode(models.Model):
    """A user's own invite code, or a campaign's, which has no owner."""

    owner = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="invite_code",
        verbose_name=_("owner"),
        help_text=_("Empty for a campaign."),
    )
    code = models.CharField(_("code"), max_length=codes.INVITE_MAX_LENGTH)
    folded = models.CharField(max_length=codes.INVITE_MAX_LENGTH, unique=True, editable=False)
    uses = models.PositiveIntegerField(_("uses"), default=0, editable=False)
    max_uses = models.PositiveIntegerField(
        _("most uses"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_USES)],
        help_text=_("Empty for no bound."),
    )
    expires_at = models.DateTimeField(_("expires at"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)
    label = models.CharField(_("label"), max_length=100, blank=True)
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("invite code")
        verbose_name_plural = _("invite codes")

    def __str__(self) -> str:
        return self.code

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save it with ``folded``, the key that it is looked up under.

        ``bulk_create`` and ``update`` do not come here: set ``folded`` there.

        Raises:
            ValueError: no invite code can look like this.
        """
        folded = codes.fold_invite_code(self.code)
        if folded is None:
            raise ValueError(
                f"{self.code!r} is no invite code: use 4 to 32 letters A-Z and digits."
            )
        self.folded = folded
        if "code" in (kwargs.get("update_fields") or ()):
            kwargs["update_fields"] = {*kwargs["update_fields"], "folded"}
        super().save(*args, **kwargs)

    @staticmethod
    def usable(now: dt.datetime) -> models.Q:
        """Return the condition under which a code can be activated at ``now``."""
        unexpired = models.Q(expires_at=None) | models.Q(expires_at__gt=now)
        unspent = models.Q(max_uses=None) | models.Q(uses__lt=models.F("max_uses"))
        return unexpired & unspent & models.Q(revoked_at=None)


class InviteActivation(models.Model):
    """That a user activated an invite code. It outlives both users, so that counts stay right."""

    invitee = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="invite_activation",
        verbose_name=_("invitee"),
    )
    inviter = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        db_index=False,
        related_name="invitations",
        verbose_name=_("inviter"),
    )
    invite_code = models.ForeignKey(
        InviteCode,
        on_delete=models.SET_NULL,
        null=True,
        related_name="activations",
        verbose_name=_("invite code"),
    )
    code = models.CharField(
        _("code"),
        max_length=codes.INVITE_MAX_LENGTH,
        help_text=_("As it was when it was activated; kept when the inviter is deleted."),
    )
    pair = models.CharField(
        max_length=160,
        unique=True,
        null=True,
        editable=False,
        help_text="Both users in one order: the database itself refuses A by B and then B by A.",
    )
    activated_at = models.DateTimeField(_("activated at"))

    class Meta:
        verbose_name = _("invite activation")
        verbose_name_plural = _("invite activations")
        indexes = [models.Index(fields=["inviter", "id"], name="phone_invites_inviter")]

    def __str__(self) -> str:
        return f"{self.code}, {self.activated_at:%Y-%m-%d %H:%M:%S}"

    @staticmethod
    def pair_of(invitee_id: object, inviter_id: object) -> str:
        """Return the same for A by B and for B by A."""
        return ":".join(sorted([str(invitee_id), str(inviter_id)]))

    @property
    def invitee_phone(self) -> str:
        """The invitee's phone in E.164."""
        invitee: SiteUser = self.invitee
        return str(invitee.phone_account.e164)
