"""What the real packages have put into the database comes over.

Started by ``test_real_packages.py``, with the settings beside it.
"""

from __future__ import annotations

import datetime as dt
import io
from importlib import metadata
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from django_phone_invites.elsewhere import code_of
from django_phone_invites.elsewhere.invitations import Invitation
from django_phone_invites.elsewhere.phone_verify import SMSVerification
from django_phone_invites.models import InviteCode, PhoneAccount
from django_phone_invites.services import upkeep
from django_phone_invites.testing import sign_up

pytestmark = pytest.mark.django_db

PHONE, OTHER = "+79096869722", "+79096869723"
ASSUMED = ("--assume-verified-at", "2026-01-31")


def needs(package: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(
        package not in settings.PACKAGES, reason=f"{package} is not installed: --group elsewhere"
    )


def run(*args: str) -> str:
    out = io.StringIO()
    call_command("phone_invites_import", *args, stdout=out)
    return out.getvalue()


def member(name: str, **fields: Any) -> Any:
    return get_user_model().objects.create(username=name, **fields)


@needs("drfpasswordless")
def test_drfpasswordless() -> None:
    print("drfpasswordless", metadata.version("drfpasswordless"))
    user, unverified = member("ann", mobile=PHONE), member("bob", mobile=OTHER)
    tokens = apps.get_model("drfpasswordless", "CallbackToken")
    client = Client()
    asked = client.post("/auth/mobile/", {"mobile": PHONE})
    assert asked.status_code == 200, asked.content
    client.post("/auth/mobile/", {"mobile": OTHER})
    entered = {"mobile": PHONE, "token": tokens.objects.get(to_alias=PHONE).key}
    assert client.post("/auth/token/", entered).status_code == 200

    printed = run("drfpasswordless", *ASSUMED)
    assert "Imported 1, 0 already there." in printed
    assert f"Skipped 1, not verified: {unverified.pk}" in printed
    assert sign_up(PHONE) == user
    assert "Imported 0, 1 already there." in run("drfpasswordless", *ASSUMED)
    assert list(upkeep.find_broken()) == []


@needs("allauth")
def test_allauth() -> None:
    print("django-allauth", metadata.version("django-allauth"))
    from allauth.account.adapter import get_adapter

    # No table of allauth has a phone, and this is how it writes one down.
    user, unverified = member("ann"), member("bob")
    get_adapter().set_phone(user, PHONE, verified=True)
    get_adapter().set_phone(unverified, OTHER, verified=False)
    printed = run("allauth", *ASSUMED)
    assert "Imported 1, 0 already there." in printed
    assert f"Skipped 1, not verified: {unverified.pk}" in printed
    assert sign_up(PHONE) == user
    assert "phone" not in {
        column.name
        for table in connection.introspection.table_names()
        if table.startswith(("account_", "socialaccount_", "mfa_"))
        for column in connection.introspection.get_table_description(connection.cursor(), table)
    }


def columns(model: Any) -> set[str]:
    return {field.column for field in model._meta.concrete_fields}


def columns_there(table: str) -> set[str]:
    with connection.cursor() as cursor:
        found = connection.introspection.get_table_description(cursor, table)
    return {column.name for column in found}


@needs("phone_verify")
def test_phone_verify() -> None:
    print("django-phone-verify", metadata.version("django-phone-verify"))
    assert columns(SMSVerification) <= columns_there("sms_verification")
    rows = apps.get_model("phone_verify", "SMSVerification").objects
    verified_at = timezone.now() - dt.timedelta(days=9)
    for phone, is_verified in ((PHONE, True), (OTHER, False)):
        row = rows.create(
            phone_number=phone, security_code="1", session_token=phone, is_verified=is_verified
        )
        rows.filter(pk=row.pk).update(created_at=verified_at)
    user, unverified = member("ann", mobile=PHONE), member("bob", mobile=OTHER)
    printed = run("phone_verify", "--field", "mobile")
    assert "Imported 1, 0 already there." in printed
    assert f"Skipped 1, not verified: {unverified.pk}" in printed
    account = PhoneAccount.objects.get()
    assert (account.user, account.verified_at) == (user, verified_at)


@needs("invitations")
def test_invitations() -> None:
    print("django-invitations", metadata.version("django-invitations"))
    assert columns(Invitation) <= columns_there("invitations_invitation")
    model = apps.get_model("invitations", "Invitation")
    inviter = member("ann")
    made = model.create("open@a.invalid", inviter=inviter)
    model.objects.filter(pk=made.pk).update(sent=timezone.now())
    accepted = model.create("accepted@a.invalid")
    model.objects.filter(pk=accepted.pk).update(sent=timezone.now(), accepted=True)
    unsent = model.create("unsent@a.invalid")
    printed = run("invitations")
    assert "Imported 1, 0 already there." in printed
    assert f"Skipped 1, never sent: {unsent.pk}" in printed
    code = InviteCode.objects.get()
    assert code.code == code_of(made.key)
    assert code.label == f"Invitation {made.pk}, by user {inviter.pk}"
    assert "Imported 0, 1 already there." in run("invitations")
