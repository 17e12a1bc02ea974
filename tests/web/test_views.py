"""What all pages hold: headers, CSRF, nothing inline; and the small functions beside the views."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone, translation

from django_phone_invites.exceptions import InviteOwn, RateLimited
from django_phone_invites.models import InviteCode, LoginCode
from django_phone_invites.routes import web_url
from django_phone_invites.senders.memory import outbox
from django_phone_invites.services.invites import activate_invite
from django_phone_invites.testing import last_code, log_in, sign_up
from django_phone_invites.web.pages import explain
from django_phone_invites.web.views import profile, sign_in

PHONE = "+79096869722"
HEADERS = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


def test_a_session_cookie_with_a_nul_is_a_bad_request(client):
    client.cookies["sessionid"] = "a\0b"
    assert client.get(web_url("phone")).status_code == 400


def wrong():
    return str((int(last_code(PHONE)) + 1) % 10**6).zfill(6)


def limited_at_verifying(phone):
    """Return the page in another browser of the same user, in the cooldown of the phone."""
    browser = Client()
    log_in(browser, phone)
    return browser.post(web_url("verify"))


@pytest.fixture
def responses(client, enter_phone, settings):
    """Each page in each of its states, by name."""
    settings.PHONE_INVITES_CODE_ATTEMPTS = 2
    other = Client()
    invited = log_in(other, "+79096869723")
    activate_invite(user=sign_up("+79096869724"), code=invited.invite_code.code)
    phone = web_url("phone")
    seen = {
        "phone": client.get(f"{phone}?invite=TwXK36"),
        "phone refused": client.post(phone, {"phone": "x"}),
    }
    url = enter_phone(client)
    seen["phone limited"] = Client().post(phone, {"phone": PHONE})
    seen["code"] = client.get(url)
    seen["code too soon"] = client.post(url, {"resend": "1"})
    seen["code wrong"] = client.post(url, {"auth_number": wrong()})
    seen["code exhausted"] = client.post(url, {"auth_number": wrong()})
    seen["code spent"] = client.get(url)
    for name in ("profile", "invitees"):
        seen[name] = other.get(web_url(name))
    seen["profile refused"] = other.post(web_url("profile"), {"stranger_invite_code": "NOBODY"})
    seen["verify"] = other.get(web_url("verify"))
    seen["verify code"] = other.post(web_url("verify"), follow=True)
    seen["verify limited"] = limited_at_verifying("+79096869723")
    InviteCode.objects.filter(owner=invited).update(uses=500)
    seen["profile full"] = other.get(web_url("profile"))
    seen["invitees older"] = other.get(web_url("invitees"), {"older_than": 10**9})
    activate_invite(user=invited, code=sign_up("+79096869725").invite_code.code)
    seen["profile activated"] = other.get(web_url("profile"))
    return seen


@pytest.mark.django_db
def test_no_page_is_framed_cached_sniffed_or_referred(responses):
    assert responses["verify limited"].status_code == 429
    for name, response in responses.items():
        kept = {header: response.headers.get(header) for header in HEADERS}
        assert kept == HEADERS, name
        assert "no-store" in response.headers["Cache-Control"], name


@pytest.mark.django_db
def test_pages_hold_nothing_inline_and_nothing_foreign(responses, read_page):
    for name, response in responses.items():
        assert read_page(response).violations == [], name


@pytest.mark.django_db
def test_every_form_has_a_csrf_token(responses):
    for name, response in responses.items():
        content = response.content.decode()
        forms = content.count('method="post"')
        assert content.count('name="csrfmiddlewaretoken"') == forms, name


@pytest.mark.django_db
def test_redirects_are_not_cached_either(client, enter_phone):
    url = enter_phone(client)
    answers = [
        client.get(web_url("profile")),
        Client().get(url),
        client.post(web_url("phone"), {"phone": PHONE}),
        client.post(url, {"auth_number": last_code(PHONE)}),
    ]
    for response in answers:
        assert response.status_code == 302
        assert "no-store" in response.headers.get("Cache-Control", "")


@pytest.mark.django_db
def test_a_site_s_own_headers_are_kept(client, settings):
    settings.MIDDLEWARE = [
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
        *settings.MIDDLEWARE,
    ]
    settings.X_FRAME_OPTIONS = "SAMEORIGIN"
    assert client.get(web_url("phone")).headers["X-Frame-Options"] == "DENY"


@pytest.mark.django_db
@pytest.mark.parametrize("middleware", [True, False])
def test_every_change_needs_the_csrf_token(settings, middleware, enter_phone):
    """Also where a site has taken the middleware out."""
    if not middleware:
        settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "Csrf" not in name]
    browser = Client(enforce_csrf_checks=True)
    assert browser.post(web_url("phone"), {"phone": PHONE}).status_code == 403
    assert outbox == []

    browser.get(web_url("phone"))
    token = {"csrfmiddlewaretoken": browser.cookies["csrftoken"].value}
    url = enter_phone(browser, **token)
    right = {"auth_number": last_code(PHONE)}
    assert browser.post(url, right).status_code == 403
    assert browser.post(url, {"resend": "1"}).status_code == 403
    assert LoginCode.objects.get().attempts == 0
    response = browser.post(url, {**right, **token})
    assert response.status_code == 302

    invite = {"stranger_invite_code": sign_up("+79096869723").invite_code.code}
    assert browser.post(web_url("profile"), invite).status_code == 403
    assert browser.post(web_url("profile"), {**invite, **token}).status_code == 403
    assert not InviteCode.objects.filter(uses__gt=0).exists()


@pytest.mark.django_db
def test_the_pages_speak_the_browser_s_language(client):
    response = client.get(web_url("phone"), HTTP_ACCEPT_LANGUAGE="ru")
    assert b'<html lang="ru"' in response.content


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["phone", "verify", "profile", "invitees", "logout"])
@pytest.mark.parametrize("query", ["?%00", "?next=%00", "?%FF=%FF", "?a[]=&&&=", "?" + "a" * 9000])
def test_a_strange_query_is_no_server_error(client, name, query):
    for method in ("get", "post"):
        assert getattr(client, method)(web_url(name) + query).status_code < 500


# Small functions


@pytest.mark.parametrize(
    ("raw", "position"),
    [
        (None, None), ("", None), ("0", 0), ("7", 7), ("9" * 18, 10**18 - 1), ("9" * 19, None), ("-1", None),
        (" 1", None), ("1.0", None), ("²", None), ("\u0661", None), ("x", None), ("\0", None), ("9" * 5000, None),
    ],
)  # fmt: skip
def test_only_a_plausible_position_is_read(raw, position):
    assert profile.read_position(raw) == position


@pytest.mark.parametrize(("ahead", "seconds"), [(0, 0), (0.001, 1), (1, 1), (1.2, 2), (-5, 0)])
def test_seconds_are_whole_and_rounded_up(ahead, seconds):
    now = timezone.now()
    assert sign_in.seconds_until(now + dt.timedelta(seconds=ahead), now) == seconds


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.1, "Try again in 1 second."),
        (1, "Try again in 1 second."),
        (2, "Try again in 2 seconds."),
        (90, "Try again in 90 seconds."),
        (91, "Try again in 2 minutes."),
        (120, "Try again in 2 minutes."),
        (121, "Try again in 3 minutes."),
        (86400, "Try again in 1440 minutes."),
    ],
)
def test_a_wait_is_never_told_too_short(seconds, words):
    now = timezone.now()
    refusal = RateLimited(retry_at=now + dt.timedelta(seconds=seconds), now=now)
    assert explain(refusal) == words


def test_a_refusal_explains_itself():
    with translation.override("en"):
        assert explain(InviteOwn()) == "This is your own invite code."
