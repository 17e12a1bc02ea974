"""Logins that go on."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from django_phone_invites import user_agents


class ActiveLogin(models.Model):
    """What is remembered of a login through this package, until it ends.

    It is a note: whether the login goes on, its session or the issuer of its token says.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="+",
        verbose_name=_("user"),
    )
    #: Names the login. It opens nothing.
    reference = models.CharField(max_length=32, unique=True, editable=False)
    issuer = models.CharField(
        _("token issuer"),
        max_length=200,
        blank=True,
        help_text=_("What gave out its token; empty for a session."),
    )
    #: The key of its session, under SECRET_KEY: without it nobody could end the session.
    sealed_key = models.CharField(max_length=255, blank=True, editable=False)
    user_agent = models.CharField(
        _("device"),
        max_length=user_agents.MAX_LENGTH,
        blank=True,
        help_text=_("In the words of the client, which may say anything."),
    )
    created_at = models.DateTimeField(_("logged in at"), editable=False)
    #: When it may be over, and is looked at.
    check_after = models.DateTimeField(db_index=True, editable=False)

    class Meta:
        verbose_name = _("active login")
        verbose_name_plural = _("active logins")

    def __str__(self) -> str:
        return f"active login {self.pk}"
