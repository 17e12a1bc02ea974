"""Closed and invited sign-up, through the API."""

from __future__ import annotations

import pytest

from django_phone_invites import codes
from django_phone_invites.models import InviteActivation, InviteCode, LoginCode, PhoneAccount
from django_phone_invites.senders.memory import outbox
from django_phone_invites.testing import last_code

pytestmark = pytest.mark.django_db

PHONE = "+79096869722"


def enter(client, asked, digits):
    return client.post(asked["Location"], {"auth_number": digits}, content_type="application/json")


@pytest.mark.parametrize(
    ("policy", "code"), [("closed", "sign_up_closed"), ("invite", "invite_required")]
)
def test_the_right_code_of_a_stranger_is_403(client, request_code, settings, policy, code):
    settings.PHONE_INVITES_SIGN_UP = policy
    asked = request_code()
    assert asked.status_code == 201
    assert outbox == []
    answer = enter(client, asked, codes.derive(LoginCode.objects.get().seed))
    assert (answer.status_code, answer.json()["code"]) == (403, code)
    assert set(answer.json()) == {"code", "detail"}
    assert not PhoneAccount.objects.exists()


def test_an_invite_code_in_the_request_signs_up(client, request_code, settings):
    InviteCode.objects.create(code="SPRING")
    settings.PHONE_INVITES_SIGN_UP = "invite"
    answer = enter(client, request_code(invite_code="SPRING"), last_code(PHONE))
    assert answer.status_code == 200
    assert set(answer.json()) == {"token", "id"}
    assert InviteActivation.objects.get().code == "SPRING"
