"""The page with the own invite code and who used it."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.utils import timezone

from django_phone_invites.models import InviteActivation, InviteCode, PhoneAccount
from django_phone_invites.routes import web_url
from django_phone_invites.services.invites import activate_invite
from django_phone_invites.testing import log_in, sign_up
from tests.forms import without_csrf_tokens

pytestmark = pytest.mark.django_db

PHONE = "+79096869722"
OTHER_PHONE = "+79096869723"
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]


def make_user_without_phone():
    model = get_user_model()
    names = {"email": "root@example.com", "phone": "+79096860000"}
    user = model(**{model.USERNAME_FIELD: names.get(model.USERNAME_FIELD, "root")})
    user.save()
    return user


def activated(user):
    found = InviteActivation.objects.filter(invitee=user).first()
    return found and found.code


def enter(client, code):
    return client.post(web_url("profile"), {"stranger_invite_code": code})


@pytest.fixture
def user(client):
    """Who is logged in with ``client``."""
    return log_in(client, PHONE)


def test_the_page_shows_the_own_phone_and_code(client, user, text_of):
    response = client.get(web_url("profile"))
    assert response.status_code == 200
    text = text_of(response)
    assert "+7(909)686-97-22" in text
    assert user.invite_code.code in text
    link = f"http://testserver{web_url('phone')}?invite={user.invite_code.code}"
    assert link in text
    assert client.get(link).status_code == 200


def test_the_page_asks_for_an_invite_until_one_was_activated(client, user, read_page, text_of):
    assert "stranger_invite_code" in read_page(client.get(web_url("profile"))).fields
    inviter = sign_up(OTHER_PHONE)
    activate_invite(user=user, code=inviter.invite_code.code)
    response = client.get(web_url("profile"))
    assert "stranger_invite_code" not in read_page(response).fields
    assert inviter.invite_code.code in text_of(response)


def test_the_inviter_s_phone_is_not_told(client, user):
    activate_invite(user=user, code=sign_up("+79261234567").invite_code.code)
    content = client.get(web_url("profile")).content.decode()
    assert "926" not in without_csrf_tokens(content).replace(user.invite_code.code, "")


def test_invitees_are_masked_unless_a_setting_says_otherwise(client, user, settings, text_of):
    activate_invite(user=sign_up("+79261234567"), code=user.invite_code.code)
    text = text_of(client.get(web_url("profile")))
    assert "+7 •••-•••-••-67" in text
    assert "926" not in text.replace(user.invite_code.code, "")
    settings.PHONE_INVITES_MASK_INVITEES = False
    assert "+7(926)123-45-67" in text_of(client.get(web_url("profile")))


def test_invitees_who_are_gone_are_counted_and_told_of(client, user, text_of):
    invitee = sign_up("+79096869729")
    activate_invite(user=invitee, code=user.invite_code.code)
    PhoneAccount.objects.filter(user=invitee).delete()
    assert "Whoever used your code is not here any more." in text_of(client.get(web_url("profile")))


def test_a_code_is_activated(client, user):
    inviter = sign_up(OTHER_PHONE)
    response = enter(client, inviter.invite_code.code.swapcase())
    assert (response.status_code, response.headers["Location"]) == (302, web_url("profile"))
    assert activated(user) == inviter.invite_code.code


def make_campaign(**fields):
    InviteCode.objects.create(code="SPRING", **fields)


@pytest.mark.parametrize(
    ("campaign", "typed", "message"),
    [
        ({}, "NOBODY", "There is no such invite code."),
        ({}, "spr\u0131ng", "There is no such invite code."),
        ({"revoked_at": timezone.now()}, "SPRING", "There is no such invite code."),
        ({"max_uses": 0}, "SPRING", "This invite code was used as often as it can be."),
        (
            {"expires_at": timezone.now() - dt.timedelta(days=1)},
            "SPRING",
            "This invite code is no longer valid.",
        ),
        ({}, "", "This field is required."),
        ({}, "SPRING\0", "Null characters are not allowed."),
        ({}, "S" * 33, "Ensure this value has at most 32 characters (it has 33)."),
        ({}, "<script>", "There is no such invite code."),
    ],
)
def test_a_refused_code_changes_nothing(client, user, campaign, typed, message, read_page, text_of):
    make_campaign(**campaign)
    response = enter(client, typed)
    assert response.status_code == 200
    assert message in text_of(response)
    assert read_page(response).fields["stranger_invite_code"]["aria-invalid"] == "true"
    assert "<script>" not in response.content.decode()
    assert activated(user) is None
    assert InviteCode.objects.get(code="SPRING").uses == 0


def test_the_own_code_is_refused(client, user, text_of):
    response = enter(client, user.invite_code.code)
    assert "This is your own invite code." in text_of(response)
    assert activated(user) is None


def test_the_code_of_one_s_own_invitee_is_refused(client, user, text_of):
    invitee = sign_up(OTHER_PHONE)
    activate_invite(user=invitee, code=user.invite_code.code)
    response = enter(client, invitee.invite_code.code)
    assert "The owner of this code was invited by you." in text_of(response)
    assert activated(user) is None


def test_a_second_code_is_refused_with_the_reason(client, user, text_of):
    first, second = sign_up(OTHER_PHONE), sign_up("+79096869724")
    enter(client, first.invite_code.code)
    response = enter(client, second.invite_code.code)
    assert response.status_code == 200
    assert activated(user) == first.invite_code.code
    assert "You have activated an invite code already." in text_of(response)


@pytest.mark.parametrize("field", ["phone", "invite_code", "user", "pk", "activated_code"])
def test_no_other_field_is_taken(client, user, field):
    code, account = user.invite_code.code, PhoneAccount.objects.get()
    client.post(web_url("profile"), {field: "SPRING", "stranger_invite_code": ""})
    assert InviteCode.objects.get().code == code
    assert PhoneAccount.objects.get() == account


def test_reading_the_page_activates_nothing(client, user):
    inviter = sign_up(OTHER_PHONE)
    client.get(web_url("profile"), {"stranger_invite_code": inviter.invite_code.code})
    assert activated(user) is None


# Own data only


def test_a_stranger_is_sent_to_log_in_and_comes_back(client, use_routes):
    use_routes(profile="deteil/<str:pk>/")
    response = client.get("/user/deteil/1/?a=1&b=2")
    assert response.status_code == 302
    assert response.headers["Location"] == "/user/?next=%2Fuser%2Fdeteil%2F1%2F%3Fa%3D1%26b%3D2"


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("page", ["profile", "invitees"])
def test_a_stranger_sees_nothing_by_any_method(client, method, page):
    response = client.generic(method, web_url(page))
    assert response.status_code == 302
    assert response.headers["Location"].startswith(f"{web_url('phone')}?next=")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("route", ["deteil/<str:pk>/", "deteil/<{}:pk>/"])
def test_another_user_is_as_good_as_none(client, user, use_routes, method, route):
    """Status, headers and body are the same, whatever the method."""
    kind = "uuid" if get_user_model()._meta.pk.get_internal_type() == "UUIDField" else "int"
    use_routes(profile=route.format(kind), invitees=route.format(kind) + "all/")
    other = sign_up(OTHER_PHONE)
    absent = sign_up("+79096869724")
    missing = absent.pk
    absent.delete()
    for rest in ("", "all/"):
        answers = []
        with time_machine.travel(timezone.now(), tick=False):  # Expires, in whole seconds
            for pk in (other.pk, missing):
                response = client.generic(method, f"/user/deteil/{pk}/{rest}")
                answers.append((response.status_code, dict(response.headers), response.content))
        assert answers[0] == answers[1]
        assert answers[0][0] == 404
    assert client.get(f"/user/deteil/{user.pk}/").status_code == 200


def test_a_code_sent_to_another_user_s_page_is_not_activated(client, user, use_routes):
    use_routes(profile="deteil/<str:pk>/")
    other = sign_up(OTHER_PHONE)
    make_campaign()
    response = client.post(f"/user/deteil/{other.pk}/", {"stranger_invite_code": "SPRING"})
    assert response.status_code == 404
    assert not InviteActivation.objects.exists()


@pytest.mark.parametrize(
    "value",
    [
        "0",
        "-1",
        "9223372036854775808",
        "9" * 400,
        "9" * 5000,
        "%00",
        "%FF",
        "%2e%2e",
        "x",
        "\u0661",
        " ",
    ],
)
@pytest.mark.parametrize("route", ["deteil/<int:pk>/", "deteil/<str:pk>/", "deteil/<uuid:pk>/"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_strange_id_is_not_found(client, user, use_routes, value, route, method):
    use_routes(profile=route)
    data = {"stranger_invite_code": "SPRING"}
    assert getattr(client, method)(f"/user/deteil/{value}/", data).status_code == 404


@pytest.mark.parametrize("value", ["0", "9" * 400, "%00", "%0d%0aSet-Cookie:x", "a" * 9000])
def test_a_strange_id_is_no_server_error_for_a_stranger(client, use_routes, value):
    use_routes(profile="deteil/<str:pk>/")
    response = client.get(f"/user/deteil/{value}/")
    assert response.status_code in {302, 400, 404, 414}
    assert "\n" not in response.headers.get("Location", "")
    assert "x" not in response.cookies


def test_a_session_ends_when_its_user_is_disabled(client, user):
    user.is_active = False
    user.save()
    assert client.get(web_url("profile")).status_code == 302
    assert enter(client, "SPRING").status_code == 302


def test_a_session_ends_when_its_user_is_deleted(client, user):
    user.delete()
    assert client.get(web_url("profile")).status_code == 302


@pytest.mark.parametrize("page", ["profile", "invitees"])
def test_a_user_without_a_phone_has_no_page(client, page):
    client.force_login(make_user_without_phone())
    assert client.get(web_url(page)).status_code == 404


def test_a_user_without_a_phone_activates_nothing(client):
    make_campaign()
    user = make_user_without_phone()
    client.force_login(user)
    enter(client, "SPRING")
    assert not InviteActivation.objects.exists()


def test_a_user_whose_invite_code_was_deleted_is_no_server_error(client, user):
    InviteCode.objects.all().delete()
    assert client.get(web_url("profile")).status_code < 500


@pytest.mark.parametrize("page", ["profile", "invitees"])
def test_a_silent_database_is_503(client, user, silent_tables, page):
    with silent_tables():
        response = client.get(web_url(page))
    assert response.status_code == 503


def test_a_silent_database_is_503_for_an_activation(client, user, silent_tables):
    with silent_tables():
        response = enter(client, "SPRING")
    assert response.status_code == 503
    assert activated(user) is None


def test_the_list_of_invitees_is_linked_only_when_it_goes_on(client, user):
    link = f'href="{web_url("invitees")}"'.encode()
    activate_invite(user=sign_up(OTHER_PHONE), code=user.invite_code.code)
    assert link not in client.get(web_url("profile")).content
    InviteCode.objects.filter(owner=user).update(uses=101)
    assert link in client.get(web_url("profile")).content
