"""Migrations agree with the models, and lead forward and back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from django_phone_invites.models import PhoneAccount
from django_phone_invites.testing import sign_up

PHONE = "+79096869722"


def tables() -> set[str]:
    ours = {model._meta.db_table for model in apps.get_app_config("phone_invites").get_models()}
    return ours & set(connection.introspection.table_names())


@pytest.mark.django_db
def test_no_migration_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("makemigrations", "phone_invites", check_changes=True, dry_run=True)
    assert capsys.readouterr().out == "No changes detected in app 'phone_invites'\n"


@pytest.mark.django_db
def test_there_is_one_last_migration() -> None:
    loader = MigrationLoader(connection)
    assert len(loader.graph.leaf_nodes("phone_invites")) == 1


@pytest.fixture
def _migrated_again(transactional_db: None) -> Iterator[None]:
    """Leave all tables to the tests that follow, whatever happens in this one."""
    yield
    call_command("migrate", "phone_invites", verbosity=0)


@pytest.mark.usefixtures("_migrated_again")
def test_migrations_lead_back_to_nothing_and_forward_again() -> None:
    before = tables()
    assert before == {
        "phone_invites_phoneaccount",
        "phone_invites_logincode",
        "phone_invites_invitecode",
        "phone_invites_inviteactivation",
        "phone_invites_limitcounter",
        "phone_invites_sendingpause",
        "phone_invites_senderhealth",
        "phone_invites_erasedphone",
        "phone_invites_phonechange",
        "phone_invites_activelogin",
    }
    sign_up(PHONE)
    call_command("migrate", "phone_invites", "zero", verbosity=0)
    assert tables() == set()
    call_command("migrate", "phone_invites", verbosity=0)
    assert tables() == before
    assert not PhoneAccount.objects.exists()
    assert PhoneAccount.objects.get(user=sign_up("+79096869723")).e164 == "+79096869723"


@pytest.mark.django_db
def test_the_permission_to_see_numbers_is_made() -> None:
    found = Permission.objects.get(codename="view_phone_number")
    assert found.content_type.app_label == "phone_invites"
