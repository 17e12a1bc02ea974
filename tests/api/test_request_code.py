"""POST codes/: parsing, status and answer. What is counted is the services' business."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from django_phone_invites.models import LoginCode, PhoneAccount
from django_phone_invites.senders import Message, Receipt, Sender, TemporarySendError
from django_phone_invites.services import pauses
from django_phone_invites.testing import last_code, outbox, sign_up

PHONE = "+79096869722"


class RefusingSender(Sender):
    """A provider that takes nothing."""

    def send(self, message: Message) -> Receipt:
        raise TemporarySendError(f"{message.phone} {message.code}", code="503")


def test_a_code_is_sent_and_its_place_is_named(request_code):
    with time_machine.travel(timezone.now(), tick=False):
        answer = request_code()
        now = timezone.now()
    body = answer.json()
    code = LoginCode.objects.get()
    assert answer.status_code == 201
    assert answer["Location"] == f"/api/codes/{code.token}/"
    assert set(body) == {"id", "phone", "expires_at", "resend_at", "attempts_left"}
    assert (body["id"], body["phone"], body["attempts_left"]) == (code.token, PHONE, 5)
    assert parse_datetime(body["expires_at"]) == now + dt.timedelta(minutes=5)
    assert parse_datetime(body["resend_at"]) == now + dt.timedelta(minutes=1)
    assert [message.phone for message in outbox] == [PHONE]


def test_the_code_is_not_in_the_answer(request_code):
    answer = request_code()
    texts = [answer.content.decode(), *answer.headers.values()]
    # The id is random hexadecimal and may hold six digits in a row by chance; nothing else may.
    code = LoginCode.objects.get()
    assert not any(last_code(PHONE) in text.replace(code.token, "") for text in texts)


def test_asking_makes_no_user(request_code, django_user_model):
    request_code()
    assert django_user_model.objects.count() == PhoneAccount.objects.count() == 0


def test_the_answer_for_a_test_number_has_the_form_of_any_other(request_code, settings):
    settings.PHONE_INVITES_TEST_NUMBERS = {
        "+79096869700": {"code": "13579246", "until": dt.date(2100, 1, 1)}
    }
    test, other = request_code("+79096869700"), request_code()
    assert test.status_code == other.status_code == 201
    assert set(test.headers) == set(other.headers)
    assert {key: type(value) for key, value in test.json().items()} == {
        key: type(value) for key, value in other.json().items()
    }
    assert [message.phone for message in outbox] == [PHONE]
    assert "13579246" not in f"{test.content}{test.headers}"


@pytest.mark.parametrize("is_active", [True, False], ids=["known", "disabled"])
def test_the_answer_is_the_same_for_a_new_and_for_a_known_phone(request_code, is_active):
    user = sign_up("+79096869723")
    user.is_active = is_active
    user.save()
    with time_machine.travel(timezone.now(), tick=False):
        new, known = request_code(), request_code("+79096869723")
    assert new.status_code == known.status_code == 201
    assert set(new.headers) == set(known.headers)
    assert {**new.json(), "id": "", "phone": ""} == {**known.json(), "id": "", "phone": ""}


def test_the_answer_is_the_same_when_the_provider_fails(request_code, settings):
    with time_machine.travel(timezone.now(), tick=False):
        sent = request_code()
        settings.PHONE_INVITES_SENDER = {"BACKEND": f"{__name__}.RefusingSender"}
        failed = request_code("+79096869723")
    assert sent.status_code == failed.status_code == 201
    assert {**sent.json(), "id": "", "phone": ""} == {**failed.json(), "id": "", "phone": ""}
    assert list(LoginCode.objects.order_by("pk").values_list("delivery", flat=True)) == [
        LoginCode.Delivery.SENT,
        LoginCode.Delivery.FAILED,
    ]


@pytest.mark.parametrize("is_active", [True, False], ids=["known", "disabled"])
def test_a_pause_is_the_same_503_for_a_new_and_for_a_known_phone(request_code, is_active):
    user = sign_up("+79096869723")
    user.is_active = is_active
    user.save()
    pauses.pause(region="RU")
    new, known = request_code(), request_code("+79096869723")
    assert new.status_code == known.status_code == 503
    assert new["Retry-After"] == known["Retry-After"] == "300"
    assert new.json() == known.json()
    assert new.json()["code"] == "sending_paused"
    assert LoginCode.objects.count() == len(outbox) == 0


def test_a_code_that_was_sent_is_entered_while_sending_is_paused(request_code, guess):
    location = request_code()["Location"]
    pauses.pause(region=pauses.EVERYWHERE)
    assert guess(location, last_code(PHONE)).status_code == 200


def test_a_number_in_another_spelling_is_the_same_phone(request_code, settings):
    settings.PHONE_INVITES_DEFAULT_REGION = "RU"
    assert request_code("8 (909) 686-97-22").json()["phone"] == PHONE
    assert request_code().json()["code"] == "rate_limited"


def test_too_soon_says_when_to_come_back_and_not_which_limit_it_was(request_code):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        resend_at = request_code().json()["resend_at"]
        clock.shift(20)
        answer = request_code()
    assert answer.status_code == 429
    assert answer["Retry-After"] == "40"
    assert answer.json() == {
        "code": "rate_limited",
        "detail": "Too many requests. Try again later.",
        "resend_at": resend_at,
    }
    assert len(outbox) == 1


def test_at_resend_at_the_next_code_is_sent(request_code):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        resend_at = parse_datetime(request_code().json()["resend_at"])
        clock.move_to(resend_at - dt.timedelta(seconds=1))
        assert request_code().status_code == 429
        clock.move_to(resend_at)
        assert request_code().status_code == 201


@pytest.mark.parametrize(
    ("phone", "code"),
    [
        ("+7909686972", "phone_invalid"),
        ("+7 909 CALL ME", "phone_invalid"),
        ("9096869722", "phone_invalid"),
        ("+74951234567", "phone_type_refused"),
        ("+78001234567", "phone_type_refused"),
        ("+12015550123", "phone_region_refused"),
    ],
)
def test_a_phone_that_is_refused_is_an_error_of_its_field(request_code, settings, phone, code):
    settings.PHONE_INVITES_REGIONS = ["RU"]
    answer = request_code(phone)
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid"
    assert [error["code"] for error in answer.json()["errors"]["phone"]] == [code]
    assert LoginCode.objects.count() == len(outbox) == 0


@pytest.mark.parametrize(("invite", "stored"), [(" twxk36 ", "TWXK36"), ("", ""), ("not one!", "")])
def test_an_invite_code_is_brought_along_as_it_can_be_looked_up(request_code, invite, stored):
    assert request_code(invite_code=invite).status_code == 201
    assert LoginCode.objects.get().invite == stored


def test_wrong_credentials_do_not_keep_anybody_from_asking(client, db):
    answer = client.post(
        "/api/codes/",
        {"phone": PHONE},
        content_type="application/json",
        headers={"Authorization": "Token nonsense"},
    )
    assert answer.status_code == 201


def test_the_address_of_the_asker_is_kept_and_forged_headers_are_not(client, db):
    client.post(
        "/api/codes/",
        {"phone": PHONE},
        content_type="application/json",
        REMOTE_ADDR="203.0.113.7",
        headers={"X-Forwarded-For": "198.51.100.1"},
    )
    assert LoginCode.objects.get().address == "203.0.113.7"


def test_a_refusal_is_in_the_language_of_the_request(client, db):
    answer = client.post(
        "/api/codes/",
        {"phone": "nobody"},
        content_type="application/json",
        headers={"Accept-Language": "ru"},
    )
    assert answer.status_code == 400
    assert answer["Content-Language"] == "ru"


@pytest.mark.parametrize(
    ("language", "kept", "words"),
    [
        ("en", "en", "is your code"),
        ("ru-RU,en;q=0.5", "ru", "ваш код"),
        ("tlh", "en", "is your code"),
    ],
)
def test_the_message_is_in_the_language_of_the_request(client, db, language, kept, words):
    client.post(
        "/api/codes/",
        {"phone": PHONE},
        content_type="application/json",
        headers={"Accept-Language": language},
    )
    assert LoginCode.objects.get().locale == kept
    assert words in outbox[-1].text


# Idempotency-Key


@pytest.fixture
def send(client, db):
    """Ask for a code with a key."""

    def send(key, phone=PHONE, **more):
        return client.post(
            "/api/codes/",
            {"phone": phone, **more},
            content_type="application/json",
            headers={"Idempotency-Key": key},
        )

    return send


def test_a_request_that_is_sent_again_with_its_key_is_answered_alike(send):
    with time_machine.travel(timezone.now(), tick=False):
        first, again = send('"a key"'), send('"a key"')
    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    assert first["Location"] == again["Location"]
    assert len(outbox) == 1


def test_a_key_is_the_same_with_quotation_marks_and_without(send):
    assert send("a-key").content == send('"a-key"').content
    assert send(r'"a\"b\\c"', "+79096869723").content == send(r'a"b\c', "+79096869723").content


def test_a_key_of_another_body_is_409(send):
    send("a-key")
    for other in (send("a-key", "+79096869723"), send("a-key", more=1)):
        assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    assert len(outbox) == 1


@pytest.mark.parametrize(
    "key", ["", '"', '""', '"a', '"a"b"', r'"a\b"', '"a", "b"', '"a";x=1', "a\x01", "é", "a" * 256]
)
def test_what_is_no_key_is_400(send, key):
    answer = send(key)
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_invalid")
    assert LoginCode.objects.count() == len(outbox) == 0


def test_the_keys_of_two_addresses_are_two(client, send):
    send("a-key")
    stranger = client.post(
        "/api/codes/",
        {"phone": PHONE},
        content_type="application/json",
        headers={"Idempotency-Key": "a-key"},
        REMOTE_ADDR="203.0.113.7",
    )
    assert (stranger.status_code, stranger.json()["code"]) == (429, "rate_limited")


@pytest.mark.parametrize("is_active", [True, False], ids=["known", "disabled"])
def test_an_answer_with_a_key_is_the_same_for_a_new_and_for_a_known_phone(send, is_active):
    user = sign_up("+79096869723")
    user.is_active = is_active
    user.save()
    with time_machine.travel(timezone.now(), tick=False):
        for key in ("first", "first"):
            new, known = send(key), send(f"{key}-too", "+79096869723")
            assert new.status_code == known.status_code == 201
            assert {**new.json(), "id": "", "phone": ""} == {**known.json(), "id": "", "phone": ""}
    assert len(outbox) == 2
