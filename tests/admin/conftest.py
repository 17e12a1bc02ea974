"""Staff with more and with fewer permissions, and one row of each kind."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend
from django.test import Client

from django_phone_invites import codes
from django_phone_invites.models import ActiveLogin, PhoneChange, SenderHealth
from django_phone_invites.services import pauses
from django_phone_invites.services.challenges import request_code
from django_phone_invites.services.invites import activate_invite
from django_phone_invites.testing import log_in, sign_up
from tests.admin.pages import OTHER_PHONE, PHONE


class ClerkBackend(ModelBackend):
    """Gives staff every permission on this package's rows but the sight of whole numbers.

    The user models of the tests do not all have the tables that permissions are kept in.
    """

    def has_perm(self, user_obj, perm, obj=None):
        return user_obj.is_active and perm.startswith("phone_invites.") and "number" not in perm

    def has_module_perms(self, user_obj, app_label):
        return user_obj.is_active and app_label == "phone_invites"


class ReaderBackend(ClerkBackend):
    """Lets staff look only."""

    def has_perm(self, user_obj, perm, obj=None):
        return super().has_perm(user_obj, perm) and perm.startswith("phone_invites.view_")


class DeskBackend(ClerkBackend):
    """Lets staff see users too, and still no numbers."""

    def has_perm(self, user_obj, perm, obj=None):
        model = get_user_model()._meta
        return (
            super().has_perm(user_obj, perm) or perm == f"{model.app_label}.view_{model.model_name}"
        )


def make_staff(name="root", **flags):
    model = get_user_model()
    names = {"email": f"{name}@example.com", "phone": "+79090000000"}
    user = model(**{model.USERNAME_FIELD: names.get(model.USERNAME_FIELD, name)})
    user.is_staff = True
    for flag, value in flags.items():
        setattr(user, flag, value)
    user.save()
    return user


@pytest.fixture
def root():
    """A superuser's browser."""
    client = Client()
    client.force_login(make_staff(is_superuser=True))
    return client


def staff_client(settings, backend):
    settings.AUTHENTICATION_BACKENDS = [f"{__name__}.{backend.__name__}"]
    client = Client()
    client.force_login(make_staff("clerk"))
    return client


@pytest.fixture
def clerk(settings):
    """The browser of staff with all permissions but the sight of whole numbers."""
    return staff_client(settings, ClerkBackend)


@pytest.fixture
def reader(settings):
    """The browser of staff who may look."""
    return staff_client(settings, ReaderBackend)


@pytest.fixture
def desk(settings):
    """The browser of staff who may see users, and no numbers."""
    return staff_client(settings, DeskBackend)


@pytest.fixture
def rows(settings):
    """One row of each kind, with codes of twelve digits, which no page holds by chance."""
    settings.PHONE_INVITES_CODE_LENGTH = 12
    inviter, invitee = sign_up(OTHER_PHONE), log_in(Client(), PHONE)
    return {
        "phoneaccount": invitee.phone_account,
        "phonechange": PhoneChange.objects.create(
            user=invitee,
            old=PHONE,
            new=OTHER_PHONE,
            changed_at=invitee.phone_account.created_at,
            undo_digest=codes.digest_undo("0" * 32),
        ),
        "logincode": request_code(phone=PHONE, channel="web", address="192.0.2.1").login_code,
        "invitecode": inviter.invite_code,
        "inviteactivation": activate_invite(user=invitee, code=inviter.invite_code.code),
        "sendingpause": pauses.pause(region="KZ", note="dear")[0],
        "senderhealth": SenderHealth.objects.create(sender="TwilioSender", failures=2),
        "activelogin": ActiveLogin.objects.get(user=invitee),
    }
