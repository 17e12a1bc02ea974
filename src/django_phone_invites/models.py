"""What is kept: phone accounts, login codes, invite codes, activations, pauses, counters."""

from __future__ import annotations

import datetime as dt
from typing import Any, TypeAlias

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from django_phone_invites import codes, phones
from django_phone_invites.conf import app_settings
from django_phone_invites.fields import E164_MAX_LENGTH, E164Field
from django_phone_invites.senders import DeliveryState

#: An instance of ``AUTH_USER_MODEL``, whichever that is.
SiteUser: TypeAlias = Any

#: The largest number that a ``PositiveIntegerField`` holds on every database.
MOST_USES = 2**31 - 1


#: Characters of the note that says why sending is paused.
NOTE_MAX_LENGTH = 200


class PhoneAccount(models.Model):
    """A user's phone. It exists only once the phone was verified."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="phone_account",
        verbose_name=_("user"),
    )
    phone = E164Field(_("phone"), unique=True)
    verified_at = models.DateTimeField(
        _("verified at"), help_text=_("When a right code was last entered for this phone.")
    )
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("phone account")
        verbose_name_plural = _("phone accounts")
        permissions = [("view_phone_number", _("Can see whole phone numbers"))]

    def __str__(self) -> str:
        return phones.mask(self.e164)

    @property
    def e164(self) -> str:
        """The phone in E.164."""
        return str(self.phone.as_e164)


class LoginCode(models.Model):
    """A code that was asked for, and what became of its message. Never the code itself."""

    class Purpose(models.TextChoices):
        LOGIN = "login", _("Login")

    class Channel(models.TextChoices):
        WEB = "web", _("Pages")
        API = "api", _("API")

    class Delivery(models.TextChoices):
        QUEUED = DeliveryState.QUEUED.value, _("Queued")
        SENT = DeliveryState.SENT.value, _("Sent")
        DELIVERED = DeliveryState.DELIVERED.value, _("Delivered")
        FAILED = DeliveryState.FAILED.value, _("Failed")
        UNKNOWN = DeliveryState.UNKNOWN.value, _("Unknown")

    phone = models.CharField(_("phone"), max_length=E164_MAX_LENGTH)
    region = models.CharField(_("region"), max_length=2, blank=True)
    purpose = models.CharField(_("purpose"), max_length=16, choices=Purpose.choices)
    channel = models.CharField(_("channel"), max_length=3, choices=Channel.choices)
    token = models.CharField(max_length=32, unique=True, default=codes.new_token, editable=False)
    nonce = models.CharField(max_length=32, default=codes.new_nonce, editable=False)
    length = models.PositiveSmallIntegerField(_("digits"))
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    locale = models.CharField(_("language"), max_length=35)
    address = models.GenericIPAddressField(_("address of the asker"), null=True, blank=True)
    invite = models.CharField(
        _("invite code brought along"), max_length=codes.INVITE_MAX_LENGTH, blank=True
    )
    created_at = models.DateTimeField(_("created at"))
    expires_at = models.DateTimeField(_("expires at"))
    used_at = models.DateTimeField(_("used at"), null=True, blank=True)
    ended_at = models.DateTimeField(
        _("ended at"),
        null=True,
        blank=True,
        help_text=_("When a newer code took its place, or it was entered for a disabled user."),
    )

    delivery = models.CharField(
        _("delivery"), max_length=9, choices=Delivery.choices, default=Delivery.QUEUED
    )
    delivered_by = models.CharField(_("sender"), max_length=128, blank=True)
    message_id = models.CharField(_("message id"), max_length=128, blank=True)
    delivery_error = models.CharField(_("error"), max_length=128, blank=True)

    class Meta:
        verbose_name = _("login code")
        verbose_name_plural = _("login codes")
        indexes = [
            models.Index(fields=["phone", "created_at"], name="phone_invites_code_phone"),
            models.Index(fields=["region", "created_at"], name="phone_invites_code_region"),
            models.Index(fields=["expires_at"], name="phone_invites_code_expiry"),
        ]

    def __str__(self) -> str:
        return f"{phones.mask(self.phone)}, {self.created_at:%Y-%m-%d %H:%M:%S}"

    @property
    def seed(self) -> codes.Seed:
        """What the code is derived from."""
        return codes.Seed(
            phone=self.phone,
            purpose=self.purpose,
            token=self.token,
            nonce=self.nonce,
            length=self.length,
        )

    @property
    def attempts_left(self) -> int:
        """How many more guesses are evaluated, 0 or more."""
        return max(0, app_settings.code_attempts - self.attempts)

    def is_live(self, now: dt.datetime) -> bool:
        """Tell whether a guess would be evaluated at ``now``; the same rule as :meth:`live`."""
        open_still = self.used_at is None and self.ended_at is None and self.expires_at > now
        return open_still and self.attempts_left > 0

    @staticmethod
    def live(now: dt.datetime) -> models.Q:
        """Return the condition under which a guess is evaluated at ``now``."""
        return models.Q(
            used_at=None,
            ended_at=None,
            expires_at__gt=now,
            attempts__lt=app_settings.code_attempts,
        )


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

    @property
    def invitee_phone(self) -> str:
        """The invitee's phone in E.164."""
        invitee: SiteUser = self.invitee
        return str(invitee.phone_account.e164)


class SendingPause(models.Model):
    """That codes are not sent, to one region or to any: one row each, which is used again."""

    #: The ``region`` of the pause that stops all sending.
    EVERYWHERE = ""

    class Reason(models.TextChoices):
        MANUAL = "manual", _("By hand")
        ALERT = "alert", _("By an alert")

    region = models.CharField(_("region"), max_length=2, unique=True, blank=True)
    reason = models.CharField(
        _("reason"),
        max_length=6,
        choices=Reason.choices,
        default=Reason.MANUAL,
        editable=False,
    )
    note = models.CharField(_("note"), max_length=NOTE_MAX_LENGTH, blank=True)
    started_at = models.DateTimeField(_("since"), default=timezone.now, editable=False)
    lifted_at = models.DateTimeField(
        _("lifted at"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("Empty while it is in force."),
    )

    class Meta:
        verbose_name = _("sending pause")
        verbose_name_plural = _("sending pauses")

    def __str__(self) -> str:
        return self.region or str(_("everywhere"))


class LimitCounter(models.Model):
    """What was counted against one limit, for example the messages to one phone."""

    key = models.CharField(max_length=80, unique=True)
    #: JSON of the events that still count, as ``limits.rules`` has them; no database looks inside.
    events = models.TextField(default="[]")
    #: Goes up by one with each change, so that a change can be made on condition.
    version = models.PositiveBigIntegerField(default=0)
    updated_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("limit counter")
        verbose_name_plural = _("limit counters")

    def __str__(self) -> str:
        return f"limit {self.pk}"
