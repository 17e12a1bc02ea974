"""Where the pages of the admin are, and what each kind of row is called there."""

from __future__ import annotations

from django.urls import reverse

from django_phone_invites.models import (
    ActiveLogin,
    InviteActivation,
    InviteCode,
    LoginCode,
    PhoneAccount,
    PhoneChange,
    SenderHealth,
    SendingPause,
)

PHONE = "+79096869722"
OTHER_PHONE = "+79261234567"
MODELS = {
    "phoneaccount": PhoneAccount,
    "phonechange": PhoneChange,
    "logincode": LoginCode,
    "invitecode": InviteCode,
    "inviteactivation": InviteActivation,
    "sendingpause": SendingPause,
    "senderhealth": SenderHealth,
    "activelogin": ActiveLogin,
}


def changelist(name):
    return reverse(f"admin:phone_invites_{name}_changelist")


def page(name, row, view="change"):
    return reverse(f"admin:phone_invites_{name}_{view}", args=[row.pk])


def add(name):
    return reverse(f"admin:phone_invites_{name}_add")


def every_page(rows):
    for name, row in rows.items():
        yield changelist(name)
        yield page(name, row)
        yield page(name, row, "history")
        yield page(name, row, "delete")
