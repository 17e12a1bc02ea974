"""Closed and invited sign-up, in a browser."""

from __future__ import annotations

import pytest
from django.test import Client

from django_phone_invites import codes
from django_phone_invites.models import InviteActivation, InviteCode, LoginCode, PhoneAccount
from django_phone_invites.routes import web_url
from django_phone_invites.senders.memory import outbox
from django_phone_invites.testing import last_code

pytestmark = pytest.mark.django_db

PHONE = "+79096869722"


def test_the_page_asks_for_an_invite_code_where_one_is_needed(client, settings, read_page):
    assert read_page(client.get(web_url("phone"))).fields["invite"]["type"] == "hidden"
    settings.PHONE_INVITES_SIGN_UP = "invite"
    page = read_page(client.get(web_url("phone") + "?invite=SPRING"))
    assert (page.fields["invite"]["type"], page.fields["invite"]["value"]) == ("text", "SPRING")
    assert page.violations == []


@pytest.mark.parametrize("invite", ["spring", " SPRING "])
def test_an_invite_code_that_was_typed_signs_up(client, settings, enter_phone, invite):
    InviteCode.objects.create(code="SPRING")
    settings.PHONE_INVITES_SIGN_UP = "invite"
    url = enter_phone(client, invite=invite)
    assert client.post(url, {"auth_number": last_code(PHONE)}).status_code == 302
    assert InviteActivation.objects.get().invitee == PhoneAccount.objects.get().user


@pytest.mark.parametrize("invite", ["", "NOBODY", "?", "\0", "x" * 5000])
def test_a_stranger_is_led_to_the_page_for_a_code_that_nobody_sends(
    client, settings, enter_phone, invite
):
    settings.PHONE_INVITES_SIGN_UP = "invite"
    url = enter_phone(client, invite=invite)
    assert client.get(url).status_code == 200
    assert outbox == []


@pytest.mark.parametrize(
    ("policy", "words"),
    [("closed", "Nobody can sign up at the moment."), ("invite", "with an invite code")],
)
def test_the_right_code_of_a_stranger_is_refused_in_words(settings, enter_phone, policy, words):
    client = Client()
    url = enter_phone(client)
    settings.PHONE_INVITES_SIGN_UP = policy
    response = client.post(url, {"auth_number": codes.derive(LoginCode.objects.get().seed)})
    assert response.status_code == 200
    assert words in response.content.decode()
    assert "_auth_user_id" not in client.session
    assert not PhoneAccount.objects.exists()
