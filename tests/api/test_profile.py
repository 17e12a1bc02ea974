"""GET and PATCH profile/: own data only, and one activation."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from django_phone_invites.models import InviteActivation, InviteCode, PhoneAccount
from django_phone_invites.testing import sign_up

PHONE = "+79096869722"
KEYS = {
    "id",
    "phone",
    "invite_code",
    "stranger_invite_code",
    "invite_user",
    "invite_user_count",
}


def test_the_own_profile_is_as_published(person):
    owner = person(PHONE)
    answer = owner.call("get", "/api/profile/")
    body = answer.json()
    assert answer.status_code == 200
    assert set(body) == KEYS
    assert str(body["id"]) == str(owner.user.pk)
    assert (body["phone"], body["invite_code"]) == (PHONE, owner.invite_code)
    assert (body["stranger_invite_code"], body["invite_user"]) == (None, [])
    assert body["invite_user_count"] == 0


def test_invitees_are_newest_first_and_masked(person):
    owner = person(PHONE)
    for phone in ("+79096869723", "+79096869724"):
        person(phone).activate(owner.invite_code)
    body = owner.call("get", "/api/profile/").json()
    assert [invitee["phone"] for invitee in body["invite_user"]] == [
        "+7 •••-•••-••-24",
        "+7 •••-•••-••-23",
    ]
    assert body["invite_user_count"] == 2
    assert all(set(invitee) == {"phone", "activated_at"} for invitee in body["invite_user"])


def test_invitees_are_shown_in_full_where_the_site_says_so(person, settings):
    settings.PHONE_INVITES_MASK_INVITEES = False
    owner = person(PHONE)
    person("+79096869723").activate(owner.invite_code)
    shown = owner.call("get", "/api/profile/").json()["invite_user"]
    assert [invitee["phone"] for invitee in shown] == ["+7(909)686-97-23"]


def test_the_inviters_phone_is_not_told(person):
    owner, invitee = person(PHONE), person("+79096869723")
    invitee.activate(owner.invite_code)
    assert "9722" not in invitee.call("get", "/api/profile/").content.decode()


def test_an_activated_code_is_shown_for_ever(person):
    owner, invitee = person(PHONE), person("+79096869723")
    code = owner.invite_code
    assert invitee.activate(code).status_code == 200
    owner.user.delete()
    assert invitee.call("get", "/api/profile/").json()["stranger_invite_code"] == code


def test_an_activation_answers_with_the_code_as_it_is_written(person):
    owner, invitee = person(PHONE), person("+79096869723")
    answer = invitee.activate(f" {owner.invite_code.swapcase()} ")
    assert answer.status_code == 200
    assert answer.json() == {"stranger_invite_code": owner.invite_code}


def test_patch_takes_one_field_whatever_else_is_sent(person):
    owner, invitee = person(PHONE), person("+79096869723")
    before = invitee.call("get", "/api/profile/").json()
    answer = invitee.call(
        "patch",
        "/api/profile/",
        {
            "stranger_invite_code": owner.invite_code,
            "id": 1,
            "phone": "+79096869799",
            "invite_code": "AAAAAA",
            "invite_user_count": 7,
        },
    )
    after = invitee.call("get", "/api/profile/").json()
    assert answer.json() == {"stranger_invite_code": owner.invite_code}
    assert after == {**before, "stranger_invite_code": owner.invite_code}


def _unknown(owner, invitee):
    return "ZZZZZZZ"


def _own(owner, invitee):
    return invitee.invite_code


def _full_width(owner, invitee):
    return "".join(chr(ord(sign) + 0xFEE0) for sign in owner.invite_code)


def _zero_width(owner, invitee):
    return f"{owner.invite_code[:3]}\u200b{owner.invite_code[3:]}"


def _accented(owner, invitee):
    return f"{owner.invite_code}\u0301"


def _mutual(owner, invitee):
    owner.activate(invitee.invite_code)
    return owner.invite_code


def _second(owner, invitee):
    invitee.activate(sign_up("+79096869729").invite_code.code)
    return owner.invite_code


def _again(owner, invitee):
    invitee.activate(owner.invite_code)
    return owner.invite_code


def _disabled(owner, invitee):
    owner.user.is_active = False
    owner.user.save()
    return owner.invite_code


def _revoked(owner, invitee):
    InviteCode.objects.filter(owner=owner.user).update(revoked_at=timezone.now())
    return owner.invite_code


def _expired(owner, invitee):
    yesterday = timezone.now() - dt.timedelta(days=1)
    InviteCode.objects.create(code="Yesterday", expires_at=yesterday)
    return "Yesterday"


def _exhausted(owner, invitee):
    InviteCode.objects.create(code="Once", max_uses=1)
    owner.activate("Once")
    return "Once"


@pytest.mark.parametrize(
    ("make", "status", "code"),
    [
        (_unknown, 400, "invite_unknown"),
        (_full_width, 400, "invite_unknown"),
        (_zero_width, 400, "invite_unknown"),
        (_accented, 400, "invite_unknown"),
        (_disabled, 400, "invite_unknown"),
        (_revoked, 400, "invite_unknown"),
        (_own, 400, "invite_own"),
        (_mutual, 409, "invite_mutual"),
        (_second, 409, "invite_already_activated"),
        (_again, 409, "invite_already_activated"),
        (_expired, 409, "invite_expired"),
        (_exhausted, 409, "invite_exhausted"),
    ],
)
def test_a_refused_invite_code_changes_nothing(person, make, status, code):
    invitee = person("+79096869723")
    tried = make(person(PHONE), invitee)
    before = _state()
    answer = invitee.activate(tried)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert set(answer.json()) == {"code", "detail"}
    assert _state() == before


@pytest.mark.parametrize("method", ["get", "head", "post", "put", "patch", "delete"])
def test_without_a_token_nothing_is_told(client, db, method):
    answer = getattr(client, method)("/api/profile/")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Token"
    if method != "head":
        assert answer.json()["code"] == "not_authenticated"


def test_a_wrong_token_is_refused(client, db):
    answer = client.get("/api/profile/", headers={"Authorization": f"Token {'0' * 40}"})
    assert (answer.status_code, answer.json()["code"]) == (401, "authentication_failed")


def test_a_disabled_user_is_refused_at_once(person):
    owner = person(PHONE)
    owner.user.is_active = False
    owner.user.save()
    answer = owner.call("get", "/api/profile/")
    assert (answer.status_code, answer.json()["code"]) == (401, "authentication_failed")


def test_a_deleted_user_is_refused_at_once(person):
    owner = person(PHONE)
    owner.user.delete()
    answer = owner.call("get", "/api/profile/")
    assert (answer.status_code, answer.json()["code"]) == (401, "authentication_failed")


def test_a_user_without_a_phone_has_no_profile(person):
    owner = person(PHONE)
    PhoneAccount.objects.all().delete()
    answer = owner.call("get", "/api/profile/")
    assert (answer.status_code, answer.json()["code"]) == (404, "account_missing")


def test_a_session_of_the_pages_is_no_login_here(client, person):
    client.force_login(person(PHONE).user)
    answer = client.get("/api/profile/")
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")


def _state():
    return (
        list(InviteActivation.objects.order_by("pk").values_list("pk", "code")),
        list(InviteCode.objects.order_by("pk").values_list("pk", "uses")),
    )
