"""``phone_invites_check`` finds each kind of row that breaks a promise, and changes nothing."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db.models import F
from django.utils import timezone

from django_phone_invites.models import InviteActivation, InviteCode, LoginCode, PhoneAccount
from django_phone_invites.services import invites
from django_phone_invites.testing import sign_up

pytestmark = pytest.mark.django_db

INVITER, INVITEE = "+79096869722", "+79096869723"


def broken() -> list[str]:
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("phone_invites_check", stdout=out, stderr=err)
    except CommandError as error:
        lines = err.getvalue().splitlines()
        assert (str(error), error.returncode) == (f"{len(lines)} found.", 1)
        assert out.getvalue() == ""
        return lines
    assert out.getvalue() == "Nothing is broken.\n"
    assert err.getvalue() == ""
    return []


@pytest.fixture
def activation() -> InviteActivation:
    inviter, invitee = sign_up(INVITER), sign_up(INVITEE)
    return invites.activate_invite(user=invitee, code=inviter.invite_code.code)


def make_code(**changes: Any) -> LoginCode:
    now = timezone.now()
    return LoginCode.objects.create(
        phone=INVITER,
        purpose="login",
        channel="web",
        length=6,
        locale="en",
        created_at=now,
        expires_at=now,
        **changes,
    )


def test_an_empty_database_is_whole() -> None:
    assert broken() == []


def test_what_people_do_breaks_nothing(activation: InviteActivation) -> None:
    make_code()
    make_code(used_at=timezone.now(), attempts=1)
    InviteCode.objects.create(code="SUMMER", max_uses=5)
    assert broken() == []


def test_deleted_people_break_nothing(activation: InviteActivation) -> None:
    activation.invitee.delete()
    assert broken() == []
    activation.inviter.delete()
    assert broken() == []


def test_an_account_without_invite_code_is_found() -> None:
    user = sign_up(INVITER)
    InviteCode.objects.all().delete()
    assert broken() == [f"Phone account {user.phone_account.pk} has no invite code."]


def test_a_code_that_was_used_without_an_attempt_is_found() -> None:
    code = make_code(used_at=timezone.now(), attempts=0)
    assert broken() == [f"Login code {code.pk} was used without an attempt."]


@pytest.mark.parametrize("uses", [0, 2])
def test_uses_that_are_not_the_activations_are_found(
    uses: int, activation: InviteActivation
) -> None:
    InviteCode.objects.filter(pk=activation.invite_code_id).update(uses=uses)
    assert broken() == [
        f"Invite code {activation.invite_code_id} counts {uses} uses and has 1 activations."
    ]


def test_a_code_that_was_used_too_often_is_found(activation: InviteActivation) -> None:
    InviteCode.objects.filter(pk=activation.invite_code_id).update(max_uses=0)
    assert broken() == [f"Invite code {activation.invite_code_id} was used 1 times, 0 at most."]


def test_an_activation_of_the_own_code_is_found(activation: InviteActivation) -> None:
    InviteActivation.objects.update(inviter=F("invitee"))
    assert broken() == [f"Invite activation {activation.pk} is of the user's own code."]


def test_everything_is_found_at_once_and_nothing_is_changed(activation: InviteActivation) -> None:
    InviteActivation.objects.update(inviter=F("invitee"))
    InviteCode.objects.update(uses=3, max_uses=1)
    make_code(used_at=timezone.now(), attempts=0)
    before = [
        list(model.objects.order_by("pk").values())
        for model in (LoginCode, InviteCode, InviteActivation, PhoneAccount)
    ]
    assert len(broken()) == 6
    assert before == [
        list(model.objects.order_by("pk").values())
        for model in (LoginCode, InviteCode, InviteActivation, PhoneAccount)
    ]


def test_what_is_printed_tells_no_number(activation: InviteActivation) -> None:
    InviteCode.objects.update(uses=3, max_uses=1)
    shown = "\n".join(broken())
    assert "9096869" not in shown
    assert activation.code not in shown
