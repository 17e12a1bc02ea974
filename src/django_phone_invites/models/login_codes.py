"""Login codes, and what became of their messages."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from django_phone_invites import codes, phones
from django_phone_invites.conf import app_settings
from django_phone_invites.fields import E164_MAX_LENGTH
from django_phone_invites.senders import DeliveryState


class LoginCode(models.Model):
    """A code that was asked for, and what became of its message. Never the code itself."""

    class Purpose(models.TextChoices):
        LOGIN = "login", _("Login")
        #: The message says that there is no account, and holds no code.
        NO_ACCOUNT = "no_account", _("No account")
        #: A code that makes the phone its user's, and logs nobody in.
        CHANGE = "change", _("Change of the number")
        #: The message tells the old number of a change, and holds no code.
        CHANGED = "changed", _("The number was changed")

    class Channel(models.TextChoices):
        WEB = "web", _("Pages")
        API = "api", _("API")

    class Delivery(models.TextChoices):
        QUEUED = DeliveryState.QUEUED.value, _("Queued")
        SENDING = "sending", _("Being sent")
        SENT = DeliveryState.SENT.value, _("Sent")
        DELIVERED = DeliveryState.DELIVERED.value, _("Delivered")
        FAILED = DeliveryState.FAILED.value, _("Failed")
        UNKNOWN = DeliveryState.UNKNOWN.value, _("Unknown")
        NONE = "none", _("Not sent")

    phone = models.CharField(_("phone"), max_length=E164_MAX_LENGTH)
    region = models.CharField(_("region"), max_length=2, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("user"),
        help_text=_("Whose number it changes; a code that logs in has none."),
    )
    purpose = models.CharField(_("purpose"), max_length=16, choices=Purpose.choices)
    channel = models.CharField(_("channel"), max_length=3, choices=Channel.choices)
    token = models.CharField(max_length=32, unique=True, default=codes.new_token, editable=False)
    nonce = models.CharField(max_length=32, default=codes.new_nonce, editable=False)
    length = models.PositiveSmallIntegerField(_("digits"))
    #: That its code is the one of PHONE_INVITES_TEST_NUMBERS, and not derived.
    is_test = models.BooleanField(default=False, editable=False)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    locale = models.CharField(_("language"), max_length=35)
    address = models.GenericIPAddressField(_("address of the asker"), null=True, blank=True)
    invite = models.CharField(
        _("invite code brought along"), max_length=codes.INVITE_MAX_LENGTH, blank=True
    )
    #: Digests of what names the request, and of what it asked for (services.idempotency). Unique,
    #: so that the database decides who of several was first.
    request_key = models.CharField(
        max_length=64, unique=True, null=True, blank=True, editable=False
    )
    request_digest = models.CharField(max_length=64, blank=True, editable=False)
    created_at = models.DateTimeField(_("created at"))
    expires_at = models.DateTimeField(_("expires at"))
    used_at = models.DateTimeField(_("used at"), null=True, blank=True)
    ended_at = models.DateTimeField(
        _("ended at"),
        null=True,
        blank=True,
        help_text=_(
            "When a newer code took its place, or it was entered for a user who may not log in."
        ),
    )

    delivery = models.CharField(
        _("delivery"), max_length=9, choices=Delivery.choices, default=Delivery.SENDING
    )
    delivery_at = models.DateTimeField(_("delivery since"), null=True, blank=True)
    next_try_at = models.DateTimeField(
        _("next try at"),
        null=True,
        blank=True,
        help_text=_("While the message waits for a worker; who takes this away sends it."),
    )
    delivered_by = models.CharField(_("sender"), max_length=128, blank=True)
    message_id = models.CharField(_("message id"), max_length=128, blank=True)
    delivery_error = models.CharField(_("error"), max_length=128, blank=True)
    #: The code of the refusal to sign up that its phone, which had no account, would have met.
    withheld = models.CharField(max_length=16, blank=True, editable=False)
    #: One dict for each sender that was asked: ``sender``, ``at``, ``state``, ``error``,
    #: ``seconds``.
    tries = models.JSONField(_("tries"), default=list, editable=False)

    class Meta:
        verbose_name = _("login code")
        verbose_name_plural = _("login codes")
        indexes = [
            models.Index(fields=["phone", "created_at"], name="phone_invites_code_phone"),
            models.Index(fields=["region", "created_at"], name="phone_invites_code_region"),
            models.Index(fields=["expires_at"], name="phone_invites_code_expiry"),
            models.Index(fields=["message_id"], name="phone_invites_code_message"),
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
    def is_withheld(self) -> bool:
        """Whether no message is sent, neither the code nor that there is no account."""
        return self.withheld != "" and self.purpose == self.Purpose.LOGIN

    @property
    def attempts_left(self) -> int:
        """How many more guesses are evaluated, 0 or more."""
        return max(0, app_settings.code_attempts - self.attempts)

    @property
    def tells_code(self) -> bool:
        """Whether there is a code in the message, and not a notice alone."""
        return self.purpose not in {self.Purpose.NO_ACCOUNT, self.Purpose.CHANGED}

    def is_of_use(self, now: dt.datetime) -> bool:
        """Tell whether whoever gets the message at ``now`` can do something with it."""
        if self.purpose == self.Purpose.CHANGED:
            return self.expires_at > now
        return self.is_live(now)

    def is_live(self, now: dt.datetime) -> bool:
        """Tell whether a guess would be evaluated at ``now``; the same rule as :meth:`live`."""
        open_still = self.used_at is None and self.ended_at is None and self.expires_at > now
        return open_still and self.attempts_left > 0

    @staticmethod
    def live(now: dt.datetime) -> models.Q:
        """Return the condition under which a guess is evaluated at ``now``.

        A notice never fulfils it: it has ended from the beginning.
        """
        return models.Q(
            used_at=None,
            ended_at=None,
            expires_at__gt=now,
            attempts__lt=app_settings.code_attempts,
        )
