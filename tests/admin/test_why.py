"""Why did no code arrive? Asked by number, without the number in any address."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from django_phone_invites.admin import phones as phones_admin
from django_phone_invites.exceptions import Unavailable
from django_phone_invites.models import LoginCode
from django_phone_invites.services import pauses
from django_phone_invites.services.challenges import request_code
from django_phone_invites.testing import last_code
from tests.admin.pages import OTHER_PHONE, PHONE, changelist, page

pytestmark = pytest.mark.django_db

WHY = reverse("admin:phone_invites_logincode_why")


def ask(client, phone=PHONE):
    return client.post(WHY, {"phone": phone})


def text_of(response):
    return " ".join(response.content.decode().split())


def test_the_list_of_codes_leads_to_the_page(reader, rows):
    assert f'href="{WHY}"' in reader.get(changelist("logincode")).content.decode()
    assert "Why did no code arrive?" in reader.get(WHY).content.decode()


def test_whoever_may_not_see_codes_is_refused(clerk, rows, monkeypatch):
    monkeypatch.setattr("tests.admin.conftest.ClerkBackend.has_perm", lambda *args: False)
    assert clerk.get(WHY).status_code == 403
    assert ask(clerk).status_code == 403


def test_whoever_is_no_staff_has_to_log_in(rows):
    client = Client()
    client.force_login(rows["phoneaccount"].user)
    assert ask(client).status_code == 302


def test_a_number_in_the_address_answers_nothing(root, rows):
    response = root.get(WHY, {"phone": PHONE})
    assert response.context["answer"] is None
    assert PHONE not in response.content.decode()


def test_it_needs_the_token_against_forged_requests(rows, root):
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = root.cookies
    assert ask(strict).status_code == 403


def test_the_answer_is_kept_by_no_cache(root, rows):
    assert "no-store" in ask(root)["Cache-Control"]


@pytest.mark.parametrize(
    "written", [PHONE, "+7 909 686-97-22", "8 (909) 686-97-22", " 89096869722 "]
)
def test_a_number_is_understood_in_any_spelling(root, rows, settings, written):
    settings.PHONE_INVITES_DEFAULT_REGION = "RU"
    stories = ask(root, written).context["answer"].stories
    assert [story.url for story in stories] == [page("logincode", rows["logincode"])]


@pytest.mark.parametrize("written", ["", "12x", "+7909", "\0", "9" * 65])
def test_what_is_no_number_is_an_error_of_the_field(root, rows, written):
    response = ask(root, written)
    assert response.status_code == 200
    assert response.context["answer"] is None
    assert response.context["form"].errors["phone"]
    assert 'class="errorlist' in response.content.decode()


@pytest.mark.parametrize(
    ("browser", "shown"), [("clerk", "+7 •••-•••-••-22"), ("root", "+7(909)686-97-22")]
)
def test_the_number_is_masked_without_the_permission(request, rows, browser, shown):
    assert ask(request.getfixturevalue(browser)).context["answer"].phone == shown


def test_the_page_shows_a_number_to_whoever_may_not_see_it_only_as_they_typed_it(clerk, rows):
    content = ask(clerk).content.decode()
    assert content.count(PHONE) == content.count(f'value="{PHONE}"') == 1
    assert "+7(909)686-97-22" not in content


def test_the_page_holds_no_secret(root, rows):
    content = ask(root).content.decode()
    row = rows["logincode"]
    for secret in (last_code(PHONE), row.token, row.nonce, row.address):
        assert secret not in content


def test_it_says_what_stops_a_code_now_and_what_became_of_the_last(root, rows):
    pauses.pause(region="RU", note="dear")
    rows["logincode"].delivery_error = "PermanentSendError 21211"
    rows["logincode"].delivery = LoginCode.Delivery.FAILED
    rows["logincode"].tries[-1] |= {"state": "failed", "error": "PermanentSendError 21211"}
    rows["logincode"].save()
    text = text_of(ask(root))
    assert "A code asked for now would not arrive, or not log in." in text
    assert ", RU, mobile</h2>" in text
    assert "RU. By hand. dear</li>" in text
    assert "<p>MemorySender refused it: PermanentSendError 21211." in text
    assert "<td>PermanentSendError 21211</td>" in text


def test_it_says_that_nothing_stops_a_code(root):
    text = text_of(ask(root, OTHER_PHONE))
    assert "A code asked for now would be sent, as far as is known here." in text
    assert "No code to this number is kept." in text


def test_it_does_not_say_that_a_test_number_is_sent_its_code(root, settings):
    fixed = {"code": "123456", "until": dt.date(2100, 1, 1)}
    settings.PHONE_INVITES_TEST_NUMBERS = {OTHER_PHONE: fixed}
    text = text_of(ask(root, OTHER_PHONE))
    assert "It logs in with the code of a test number, as far as is known here." in text
    assert "would be sent" not in text


def test_a_number_without_a_region_is_answered_too(root):
    assert "+70000000000, another kind of number</h2>" in text_of(ask(root, "+70000000000"))


def test_a_database_that_does_not_answer_is_told_in_the_form(root, monkeypatch):
    def fail(phone):
        raise Unavailable

    monkeypatch.setattr(phones_admin, "explain", fail)
    response = ask(root)
    assert response.status_code == 200
    assert response.context["form"].non_field_errors() == [str(Unavailable())]


def test_error_reports_leave_the_number_out(root, rows):
    request = ask(root).wsgi_request
    assert request.sensitive_post_parameters == ("phone",)


def test_it_speaks_russian(root, rows):
    # The middleware leaves the language of the last request behind.
    with translation.override("en"):
        response = root.post(WHY, {"phone": PHONE}, HTTP_ACCEPT_LANGUAGE="ru")
    assert "Почему не пришёл код?" in response.content.decode()
    assert "Отправлено через MemorySender" in response.content.decode()


@pytest.mark.parametrize(
    ("policy", "notice", "words"),
    [
        ("closed", False, "Nothing was sent: the number had no account, and could not sign up."),
        ("invite", False, "Nothing was sent: the number had no account, and no invite code"),
        ("closed", True, "The message says that there is no account, and holds no code."),
    ],
)
def test_the_page_says_why_a_stranger_got_no_code(reader, settings, policy, notice, words):
    settings.PHONE_INVITES_SIGN_UP = policy
    settings.PHONE_INVITES_SIGN_UP_NOTICE = notice
    request_code(phone=PHONE, channel="web")
    assert words in ask(reader).content.decode()
