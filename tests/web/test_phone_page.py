"""The page that asks for a phone number."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from django_phone_invites.models import InviteActivation, InviteCode, LimitCounter, LoginCode
from django_phone_invites.routes import web_url
from django_phone_invites.senders import Message, Receipt, Sender, SendError
from django_phone_invites.senders.memory import outbox
from django_phone_invites.services import pauses
from django_phone_invites.testing import last_code, log_in, sign_up
from django_phone_invites.web import challenge
from tests.forms import without_csrf_tokens

pytestmark = pytest.mark.django_db

PHONE = "+79096869722"


class FailingSender(Sender):
    """A provider that refuses every message."""

    def send(self, message: Message) -> Receipt:
        raise SendError(code="402")


def test_the_page_asks_for_a_phone(client, read_page):
    response = client.get(web_url("phone"))
    assert response.status_code == 200
    field = read_page(response).fields["phone"]
    assert (field["type"], field["autocomplete"]) == ("tel", "tel")
    assert "value" not in field


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_reading_the_page_sends_nothing(client, method):
    response = client.generic(method, web_url("phone") + "?phone=%2B79096869722")
    assert response.status_code == 200
    assert outbox == []
    assert not LoginCode.objects.exists()


@pytest.mark.parametrize("method", ["DELETE", "PATCH", "TRACE"])
def test_other_methods_are_refused(client, method):
    assert client.generic(method, web_url("phone")).status_code == 405


def test_a_phone_leads_to_the_page_for_its_code(client, enter_phone):
    url = enter_phone(client)
    row = LoginCode.objects.get()
    assert url == web_url("code", token=row.token)
    assert (row.phone, row.channel, row.address) == (PHONE, "web", "127.0.0.1")
    assert challenge.load(client.session).token == row.token
    assert [message.phone for message in outbox] == [PHONE]
    assert client.get(url).status_code == 200


def test_asking_makes_nobody_and_logs_nobody_in(client, enter_phone):
    enter_phone(client)
    assert not get_user_model().objects.exists()
    assert "_auth_user_id" not in client.session


BAD = [
    "", " ", "x", "+7909686972", "+7909686\x009722", "+790968697\u200b22", "+1 800 FLOWERS",
    "+74956869722 ext. 5", "9" * 65, "+" * 64, "\ufffd", "<script>alert(1)</script>", "+78001234567",
]  # fmt: skip


@pytest.mark.parametrize("phone", BAD)
def test_a_bad_number_is_shown_again_with_the_reason(client, phone, read_page):
    response = client.post(web_url("phone"), {"phone": phone})
    assert response.status_code == 200
    assert response.context["form"].errors["phone"]
    field = read_page(response).fields["phone"]
    assert field["aria-invalid"] == "true"
    assert "<script>alert" not in response.content.decode()
    assert outbox == []
    assert not LoginCode.objects.exists()
    assert not LimitCounter.objects.exists()


def test_a_missing_number_is_a_form_error(client):
    response = client.post(web_url("phone"), {})
    assert response.context["form"].errors["phone"]


def test_a_refusal_is_the_message_of_its_reason(client, text_of):
    response = client.post(web_url("phone"), {"phone": "+78001234567"})
    assert "Codes are sent to mobile numbers only." in text_of(response)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"phone=%FF%FE",
        b"phone=%ED%A0%80",
        b"phone[]=1",
        b"phone=1&phone=2",
        b"=&=&;",
    ],
)
def test_a_broken_body_is_a_form_error(client, body):
    response = client.post(web_url("phone"), body, content_type="application/x-www-form-urlencoded")
    assert response.status_code == 200
    assert response.context["form"].errors["phone"]


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "multipart/form-data"])
def test_another_type_of_body_is_no_server_error(client, content_type):
    response = client.post(web_url("phone"), b'{"phone": "+7"}', content_type=content_type)
    assert response.status_code in {200, 400}
    assert not LoginCode.objects.exists()


# The same answer for everybody


def asked(phone):
    """Return what a browser sees between asking and entering, with what is random taken out."""
    browser = Client()
    first = browser.post(web_url("phone"), {"phone": phone})
    second = browser.get(first.headers["Location"])
    seen = []
    for response in (first, second):
        cookies = {name: dict(morsel) for name, morsel in response.cookies.items()}
        body = without_csrf_tokens(response.content.decode()).replace(f"-{phone[-2:]}<", "-XX<")
        headers = {name: value for name, value in response.items() if name != "Location"}
        seen.append((response.status_code, headers, cookies, body))
    assert re.fullmatch(r"/user/code/[0-9a-f]{32}/", first.headers["Location"])
    return seen


def test_new_known_and_disabled_phones_get_the_same_answer(clock):
    sign_up("+79096869711")
    disabled = sign_up("+79096869712")
    disabled.is_active = False
    disabled.save()
    new, known, off = (asked(f"+7909686971{last}") for last in range(3))
    assert new == known == off
    assert "-XX<" in new[1][3]


def test_a_failing_provider_gets_the_same_answer(clock, settings):
    sent = asked("+79096869710")
    settings.PHONE_INVITES_SENDER = {"BACKEND": f"{__name__}.FailingSender"}
    assert asked("+79096869711") == sent
    assert len(outbox) == 1


# Too often


def test_another_browser_is_told_when_to_come_back(client, enter_phone, clock, text_of):
    enter_phone(client)
    clock.shift(15)
    response = Client().post(web_url("phone"), {"phone": PHONE})
    assert response.status_code == 429
    assert response.headers["Retry-After"] == "45"
    assert "Try again in 45 seconds." in text_of(response)
    assert len(outbox) == 1


def test_the_number_again_leads_to_the_code_that_lives(client, enter_phone, text_of):
    url = enter_phone(client)
    assert enter_phone(client, "8 (909) 686-97-22".replace("8", "+7", 1)) == url
    assert "A code was sent to this number already." in text_of(client.get(url))
    assert len(outbox) == LoginCode.objects.count() == 1


def test_what_the_number_again_brings_along_takes_the_place_of_what_came_before(
    client, enter_phone
):
    invite = sign_up("+79096869723").invite_code
    enter_phone(client, next="/first/", invite="TwXK36")
    url = enter_phone(client, next="/second/", invite=invite.code)
    answer = client.post(url, {"auth_number": last_code(PHONE)})
    assert answer.headers["Location"] == "/second/"
    assert InviteActivation.objects.get().invite_code == invite


def test_the_number_again_without_anything_keeps_what_came_before(client, enter_phone):
    enter_phone(client, next="/first/", invite="TwXK36")
    enter_phone(client)
    assert challenge.load(client.session).next_url == "/first/"
    assert LoginCode.objects.get().invite == "TWXK36"


def test_the_number_again_is_refused_when_its_code_is_spent(client, enter_phone, settings):
    settings.PHONE_INVITES_CODE_ATTEMPTS = 1
    url = enter_phone(client)
    wrong = str((int(last_code(PHONE)) + 1) % 10**6).zfill(6)
    client.post(url, {"auth_number": wrong})
    assert client.post(web_url("phone"), {"phone": PHONE}).status_code == 429


def test_another_number_does_not_lead_to_this_browser_s_code(client, enter_phone):
    enter_phone(Client(), "+79096869723")
    enter_phone(client, PHONE)
    response = client.post(web_url("phone"), {"phone": "+79096869723"})
    assert response.status_code == 429


def test_a_long_wait_is_told_in_minutes(client, enter_phone, clock, settings, text_of):
    settings.PHONE_INVITES_PHONE_MESSAGES_PER_HOUR = 1
    enter_phone(client)
    clock.shift(3600 - 91)
    response = Client().post(web_url("phone"), {"phone": PHONE})
    assert "Try again in 2 minutes." in text_of(response)
    clock.shift(1)
    response = Client().post(web_url("phone"), {"phone": PHONE})
    assert "Try again in 90 seconds." in text_of(response)


@pytest.mark.parametrize("region", ["RU", pauses.EVERYWHERE])
def test_a_pause_is_told_at_the_number_and_is_503(client, text_of, read_page, region):
    pauses.pause(region=region)
    response = client.post(web_url("phone"), {"phone": PHONE})
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "300"
    assert "Codes are not sent at the moment. Try again later." in text_of(response)
    field = read_page(response).fields["phone"]
    assert (field["value"], field["aria-invalid"]) == (PHONE, "true")
    assert outbox == []
    assert not LoginCode.objects.exists()


def test_the_page_itself_is_there_while_sending_is_paused(client, settings):
    settings.PHONE_INVITES_PAUSED = True
    assert client.get(web_url("phone")).status_code == 200


def test_a_silent_database_is_503(client, silent_tables):
    with silent_tables():
        response = client.post(web_url("phone"), {"phone": PHONE})
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "5"
    assert outbox == []


# Where to go afterwards


@pytest.mark.parametrize("wanted", ["/here/?a=1&b=2", "http://testserver/here/", "here", "?a=1"])
@pytest.mark.parametrize("place", ["query", "body"])
def test_next_is_kept_on_this_host(client, enter_phone, wanted, place):
    from urllib.parse import urlencode

    if place == "query":
        enter_phone(client, query=f"?{urlencode({'next': wanted})}")
    else:
        enter_phone(client, next=wanted)
    assert challenge.load(client.session).next_url == wanted


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/", "//evil.example/", "///evil.example", "/\\evil.example", "\\\\evil.example",
        "http:///evil.example", "http:evil.example", "javascript:alert(1)", "data:text/html,x", " //evil.example",
        "\x08//evil.example", "http://testserver@evil.example/", "http://testserver.evil.example/",
        "http://[::1", "ftp://testserver/", "http://testserver:8000/", "",
    ],
)  # fmt: skip
def test_next_leads_to_no_other_host(client, enter_phone, wanted):
    url = enter_phone(client, next=wanted)
    assert challenge.load(client.session).next_url == ""
    response = client.post(url, {"auth_number": last_code(PHONE)})
    user = get_user_model().objects.get()
    assert response.headers["Location"] == web_url("profile", pk=user.pk)


def test_next_keeps_https(client):
    client.post(web_url("phone"), {"phone": PHONE, "next": "http://testserver/"}, secure=True)
    assert challenge.load(client.session).next_url == ""


# Invite links


def test_the_invite_of_a_link_is_shown_and_carried(client, read_page, text_of):
    response = client.get(web_url("phone") + "?invite=TwXK36")
    assert "You were invited with the code TwXK36" in text_of(response)
    field = read_page(response).fields["invite"]
    assert (field["type"], field["value"]) == ("hidden", "TwXK36")


def test_no_invite_is_not_mentioned(client, text_of):
    assert "You were invited" not in text_of(client.get(web_url("phone")))


def test_opening_an_invite_link_changes_nothing(client):
    code = sign_up("+79096869723").invite_code
    client.get(web_url("phone") + f"?invite={code.code}")
    assert InviteCode.objects.get().uses == 0
    assert not client.cookies.get("sessionid")


@pytest.mark.parametrize("invite", ["x" * 10_000, "<b>&\"'", "%00", "\u200b", "%FF"])
def test_a_strange_invite_is_not_repeated(client, invite, read_page):
    response = client.get(web_url("phone"), {"invite": invite})
    assert response.status_code == 200
    assert not read_page(response).fields["invite"].get("value")
    assert "<b>" not in response.content.decode()


def test_the_invite_survives_a_refused_number(client, read_page):
    response = client.post(web_url("phone"), {"phone": "x", "invite": "TwXK36"})
    assert read_page(response).fields["invite"]["value"] == "TwXK36"


def test_the_invite_is_kept_with_the_code(client, enter_phone):
    enter_phone(client, invite="TwXK36")
    assert LoginCode.objects.get().invite == "TWXK36"


@pytest.mark.parametrize("invite", ["x" * 40, "TwX\0K36", "é", "abc"])
def test_an_unreadable_invite_keeps_nobody_out(client, invite):
    assert "\0" not in client.get(web_url("phone"), {"invite": invite}).content.decode()
    response = client.post(web_url("phone"), {"phone": PHONE, "invite": invite})
    assert response.status_code == 302
    assert LoginCode.objects.get().invite == ""


# Whoever is signed in


def test_somebody_signed_in_is_told_so_and_led_to_the_profile(client, text_of):
    assert "You are signed in." not in text_of(client.get(web_url("phone")))
    log_in(client, PHONE)
    page = client.get(web_url("phone"))
    assert "You are signed in. Go to your profile" in text_of(page)
    assert page.context["profile_url"] == web_url("profile")
    assert "phone" in page.context["form"].fields


def test_an_invite_link_leads_somebody_signed_in_to_its_form(client, text_of):
    log_in(client, PHONE)
    page = client.get(web_url("phone") + "?invite=TwXK36")
    assert "Use the invite code on your profile" in text_of(page)
    profile = client.get(page.context["profile_url"])
    assert profile.context["form"]["stranger_invite_code"].value() == "TwXK36"
    assert not InviteActivation.objects.exists()


def test_somebody_signed_in_without_a_phone_is_not_led_anywhere(client, text_of):
    model = get_user_model()
    values = {model.USERNAME_FIELD: "root@example.com"}
    if model.USERNAME_FIELD == "phone":
        values = {"phone": "+79096860000"}
    client.force_login(model.objects.create(**values))
    assert client.get(web_url("phone")).context["profile_url"] is None
