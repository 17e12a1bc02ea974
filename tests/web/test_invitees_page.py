"""The page with all who used the own code."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from django_phone_invites.models import InviteActivation, InviteCode, PhoneAccount
from django_phone_invites.routes import web_url
from django_phone_invites.services.invites import activate_invite
from django_phone_invites.testing import log_in, sign_up

pytestmark = pytest.mark.django_db

PHONE = "+79096869722"


def number(index):
    return f"+7926123{index:04}"


@pytest.fixture
def user(client):
    """Who is logged in with ``client``."""
    return log_in(client, PHONE)


@pytest.fixture
def crowd(user):
    """150 invitees of ``user``, as rows of the database; the last is the newest."""
    model = get_user_model()
    names = {"email": "{}@example.com", "phone": "+7926123{:04}"}
    pattern = names.get(model.USERNAME_FIELD, "invitee-{}")
    for index in range(150):
        invitee = model(**{model.USERNAME_FIELD: pattern.format(index)})
        invitee.save()
        now = timezone.now()
        PhoneAccount.objects.create(user=invitee, phone=number(index), verified_at=now)
        InviteActivation.objects.create(
            invitee=invitee,
            inviter=user,
            invite_code=user.invite_code,
            code=user.invite_code.code,
            activated_at=now,
        )
    InviteCode.objects.filter(owner=user).update(uses=150)


def test_an_empty_list_says_so(client, user, text_of):
    response = client.get(web_url("invitees"))
    assert response.status_code == 200
    assert "Nobody here." in text_of(response)


def test_the_page_says_who_is_signed_in(client, user, text_of):
    assert "Signed in as +7(909)686-97-22" in text_of(client.get(web_url("invitees")))


def test_pages_follow_each_other_from_the_newest(client, crowd, settings, text_of):
    settings.PHONE_INVITES_MASK_INVITEES = False
    first = client.get(web_url("invitees"))
    assert [shown.phone[-5:] for shown in first.context["invitees"]] == [
        f"{index:04}"[:2] + "-" + f"{index:04}"[2:] for index in range(149, 49, -1)
    ]
    assert "150 people, newest first" in text_of(first)
    assert first.context["newest_url"] is None
    last = client.get(first.context["older_url"])
    assert len(last.context["invitees"]) == 50
    assert last.context["older_url"] is None
    assert last.context["newest_url"] == web_url("invitees")


def test_invitees_are_masked_unless_a_setting_says_otherwise(client, user, settings, text_of):
    activate_invite(user=sign_up(number(4567)), code=user.invite_code.code)
    assert "+7 •••-•••-••-67" in text_of(client.get(web_url("invitees")))
    assert "926" not in text_of(client.get(web_url("invitees")))
    settings.PHONE_INVITES_MASK_INVITEES = False
    assert "+7(926)123-45-67" in text_of(client.get(web_url("invitees")))


def test_another_user_s_position_shows_nobody_of_theirs(client, user):
    other = sign_up(number(1))
    activate_invite(user=sign_up(number(2)), code=other.invite_code.code)
    response = client.get(web_url("invitees"), {"older_than": 10**9})
    assert response.context["invitees"] == []


@pytest.mark.parametrize(
    "position",
    [
        "",
        "0",
        "-1",
        "x",
        "1.5",
        "9" * 18,
        "9" * 19,
        "9" * 400,
        "9" * 5000,
        "\0",
        "\u0661",
        "²",
        "1_0",
    ],
)
def test_a_strange_position_is_no_server_error(client, user, position):
    assert client.get(web_url("invitees"), {"older_than": position}).status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE"])
def test_the_page_is_only_read(client, user, method):
    assert client.generic(method, web_url("invitees")).status_code == 405
