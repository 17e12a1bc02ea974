"""``phone_invites_import`` takes what the source cannot tell, and reports keys and no number."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.utils import timezone
from time_machine import TimeMachineFixture

from django_phone_invites.models import InviteCode, PhoneAccount
from tests.users.models import Contact, Invitation

pytestmark = pytest.mark.django_db

PHONE = "+79096869722"
FIELDS = ("--field", "contacts__phone", "--verified-field", "contacts__is_verified")
DATED = (*FIELDS, "--date-field", "contacts__verified_at")


def run(*args: str) -> list[str]:
    out = io.StringIO()
    call_command("phone_invites_import", *args, stdout=out)
    return out.getvalue().splitlines()


@pytest.fixture
def contact() -> Contact:
    model: Any = get_user_model()
    user = model.objects.create(**{model.USERNAME_FIELD: "+447700900001"})
    return Contact.objects.create(
        user=user, phone=PHONE, is_verified=True, verified_at=timezone.now()
    )


def test_numbers_come_over(contact: Contact) -> None:
    said = ["1 of 1 numbers so far ...", "Imported 1, 0 already there."]
    assert run("user_field", *DATED) == said
    assert PhoneAccount.objects.get().user == contact.user
    assert run("user_field", *DATED)[-1] == "Imported 0, 1 already there."


def test_a_dry_run_says_what_would_be(contact: Contact) -> None:
    assert run("user_field", *DATED, "--dry-run")[-1] == "Would import 1, 0 already there."
    assert not PhoneAccount.objects.exists()


def test_what_was_skipped_is_told_by_its_key_and_no_number(contact: Contact) -> None:
    contact.is_verified = False
    contact.save()
    lines = run("user_field", *DATED)
    assert lines[-1] == f"Skipped 1, not verified: {contact.user_id}"
    assert "6869722" not in "".join(lines)


def test_a_day_is_assumed_where_there_is_none(contact: Contact) -> None:
    with pytest.raises(CommandError, match="--date-field or --assume-verified-at"):
        run("user_field", *FIELDS)
    assert not PhoneAccount.objects.exists()
    run("user_field", *FIELDS, "--assume-verified-at", "2026-01-31")
    moment = dt.datetime(2026, 1, 31, tzinfo=dt.timezone.utc)
    assert PhoneAccount.objects.get().verified_at == moment


@pytest.mark.parametrize("day", ["31.01.2026", "2026-02-30", "9999-01-01", "today"])
def test_a_day_is_one_before_today(day: str, time_machine: TimeMachineFixture) -> None:
    time_machine.move_to(timezone.now(), tick=False)
    if day == "today":
        day = timezone.localdate().isoformat()
    with pytest.raises(CommandError, match="give a day"):
        run("user_field", *FIELDS, "--assume-verified-at", day)


def test_yesterday_is_before_today(contact: Contact) -> None:
    day = timezone.localdate() - dt.timedelta(days=1)
    assert "Imported 1" in run("user_field", *FIELDS, "--assume-verified-at", str(day))[-1]


def test_days_are_plain_where_the_site_has_no_time_zones(settings: Any) -> None:
    from django_phone_invites.management.commands.phone_invites_import import past_day

    settings.USE_TZ = False
    assert past_day("2026-01-31") == dt.datetime(2026, 1, 31)  # noqa: DTZ001


def test_a_region_makes_national_numbers_whole(contact: Contact) -> None:
    Contact.objects.update(phone="89096869722")
    assert "not a number" in run("user_field", *DATED)[-1]
    run("user_field", *DATED, "--region", "ru")
    assert PhoneAccount.objects.get().e164 == PHONE


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("elsewhere",), "invalid choice"),
        (("user_field",), "needs --field and --verified-field"),
        (("user_field", *DATED, "--region", "XX"), "there is no region XX"),
        (("drfpasswordless", "--date-field", "last_login"), "Cannot resolve keyword 'mobile'"),
        (("allauth", "--assume-verified-at", "2026-01-31"), "ACCOUNT_ADAPTER is not set"),
        (("invitations", "--field", "phone"), "Invitations have no numbers"),
        (("invitations", "--region", "RU"), "Invitations have no numbers"),
    ],
)
def test_what_cannot_be_is_said_and_changes_nothing(args: tuple[str, ...], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        run(*args)
    assert not PhoneAccount.objects.exists()


def test_invitations_become_invite_codes() -> None:
    Invitation.objects.create(email="a@a.invalid", key="a" * 64, sent=timezone.now())
    unsent = Invitation.objects.create(email="b@a.invalid", key="b" * 64)
    assert run("invitations") == [
        "2 of 2 invitations so far ...",
        "Imported 1, 0 already there.",
        f"Skipped 1, never sent: {unsent.pk}",
    ]
    assert InviteCode.objects.get().max_uses == 1
