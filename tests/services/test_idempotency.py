"""A request for a code with a key is answered once, however often and however fast it is sent."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import IntegrityError
from django.utils import timezone

from django_phone_invites.exceptions import (
    IdempotencyKeyInvalid,
    IdempotencyKeyReused,
    RateLimited,
    Refusal,
)
from django_phone_invites.models import LimitCounter, LoginCode
from django_phone_invites.senders.memory import outbox
from django_phone_invites.services import idempotency, pauses
from django_phone_invites.services.challenges import request_code

pytestmark = pytest.mark.django_db

PHONE, OTHER_PHONE = "+79096869722", "+79096869723"
ADDRESS = "203.0.113.7"
KEY = "8e03978e-40d5-43e8-bc93-6894a57f9324"
THREADS = 20


def send(phone=PHONE, **more):
    arguments = {"channel": "api", "address": ADDRESS, "idempotency_key": KEY, **more}
    return request_code(phone=phone, **arguments)


def counted():
    return sorted(LimitCounter.objects.values_list("key", "events"))


def test_the_same_request_again_is_the_same_code_and_counts_nothing():
    first = send()
    before = counted()
    again = send()
    assert again.login_code.pk == first.login_code.pk
    assert again.resend_at == first.resend_at
    assert counted() == before
    assert len(outbox) == LoginCode.objects.count() == 1


def test_a_code_that_was_sent_with_a_key_can_be_entered(ask):
    asked = ask(idempotency_key=KEY)
    assert asked.enter().created


def test_neither_key_nor_address_nor_phone_stand_in_the_columns():
    send()
    row = LoginCode.objects.get()
    assert {len(row.request_key), len(row.request_digest)} == {64}
    assert KEY not in row.request_key + row.request_digest


def test_without_a_key_nothing_is_kept(ask):
    row = ask().row
    assert (row.request_key, row.request_digest) == (None, "")


def test_fields_in_another_order_are_the_same_request():
    fields = {"phone": PHONE, "captcha": "x"}
    send(submitted=fields)
    send(submitted=dict(reversed(fields.items())))
    assert len(outbox) == 1


@pytest.mark.parametrize(
    "other",
    [{"phone": OTHER_PHONE}, {"invite": "TwXK36"}, {"submitted": {"phone": PHONE, "captcha": "x"}}],
)
def test_the_key_of_another_request_is_refused(other):
    send()
    with pytest.raises(IdempotencyKeyReused):
        send(**other)
    assert len(outbox) == 1


def test_the_order_of_what_was_submitted_does_not_matter():
    first = send(submitted={"a": 1, "b": 2})
    assert send(submitted={"b": 2, "a": 1}).login_code.pk == first.login_code.pk


@pytest.mark.parametrize(
    "other", [{"address": "203.0.113.8"}, {"channel": "web"}, {"idempotency_key": "another"}]
)
def test_another_address_channel_or_key_is_another_request(other):
    send()
    with pytest.raises(RateLimited):
        send(**other)


def test_a_refusal_is_not_kept():
    pauses.pause(region="RU")
    with pytest.raises(Refusal):
        send()
    pauses.lift(region="RU")
    assert send().login_code.pk
    assert len(outbox) == 1


def test_a_limited_request_leaves_no_row(ask):
    ask()
    with pytest.raises(RateLimited):
        send()
    assert LoginCode.objects.count() == 1


def test_what_was_sent_before_a_pause_is_answered_during_it():
    first = send()
    pauses.pause(region=pauses.EVERYWHERE)
    assert send().login_code.pk == first.login_code.pk


def test_a_key_counts_for_the_life_of_the_code_and_not_longer(clock):
    first = send()
    clock.shift(dt.timedelta(seconds=299))
    assert send().login_code.pk == first.login_code.pk
    clock.shift(dt.timedelta(seconds=1))
    second = send(OTHER_PHONE)
    assert second.login_code.pk != first.login_code.pk
    assert send(OTHER_PHONE).login_code.pk == second.login_code.pk
    assert len(outbox) == 2


@pytest.mark.parametrize(
    "over",
    [{"used_at": timezone.now()}, {"ended_at": timezone.now()}, {"attempts": 5}],
    ids=["used", "replaced", "exhausted"],
)
def test_a_code_that_logs_in_no_more_answers_no_key(clock, over):
    first = send()
    LoginCode.objects.update(**over)
    with pytest.raises(RateLimited):
        send()
    clock.shift(dt.timedelta(minutes=1))
    second = send()
    assert second.login_code.pk != first.login_code.pk
    assert send().login_code.pk == second.login_code.pk
    assert len(outbox) == 2


def test_a_new_code_with_a_key_ends_the_older_and_not_itself(clock):
    first = send(idempotency_key="first")
    clock.shift(dt.timedelta(minutes=1))
    second = send(idempotency_key="second")
    ended = dict(LoginCode.objects.values_list("pk", "ended_at"))
    assert ended[first.login_code.pk] is not None
    assert ended[second.login_code.pk] is None


@pytest.mark.parametrize("key", ["", "a" * 256, "a\nb", "a\0", "\x7f", "é", "ключ"])
def test_what_is_no_key_is_refused(key):
    with pytest.raises(IdempotencyKeyInvalid):
        send(idempotency_key=key)
    assert LoginCode.objects.count() == len(outbox) == 0


@pytest.mark.parametrize("key", ["a", "a" * 255, " ~", "'; drop table"])
def test_the_bounds_of_a_key_are_allowed(key):
    assert send(idempotency_key=key).login_code.pk == send(idempotency_key=key).login_code.pk


def test_whoever_is_second_by_a_moment_is_answered_as_the_first(monkeypatch):
    """It looked before the first one's row was there, and meets the row when it makes its own."""
    first = send()
    before = counted()
    answers = iter([None, first.login_code])
    monkeypatch.setattr(idempotency, "find_answered", lambda claim: next(answers))
    again = send()
    assert (again.login_code.pk, again.resend_at) == (first.login_code.pk, first.resend_at)
    assert counted() == before
    assert len(outbox) == LoginCode.objects.count() == 1


def test_a_collision_that_no_key_explains_is_not_hidden(ask, monkeypatch):
    token = ask().row.token
    monkeypatch.setattr(LoginCode._meta.get_field("token"), "_get_default", lambda: token)
    with pytest.raises(IntegrityError):
        ask(OTHER_PHONE)


# At once


@pytest.mark.parametrize("store", ["database", "redis"])
@pytest.mark.django_db(transaction=True)
def test_parallel_requests_with_one_key_send_one_message_and_are_answered_alike(
    in_parallel, request, store
):
    if store == "redis":
        request.getfixturevalue("limits_in_redis")
    results = in_parallel([send] * THREADS)
    assert [each for each in results if isinstance(each, Refusal)] == []
    answers = {(each.login_code.pk, each.login_code.token, each.resend_at) for each in results}
    assert len(answers) == 1
    assert len(outbox) == LoginCode.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_parallel_requests_with_one_key_and_two_bodies_one_is_sent(in_parallel):
    works = [lambda phone=phone: send(phone) for phone in (PHONE, OTHER_PHONE) * (THREADS // 2)]
    results = in_parallel(works)
    refused = [each for each in results if isinstance(each, Refusal)]
    assert {type(each) for each in refused} == {IdempotencyKeyReused}
    assert len(refused) == THREADS // 2
    assert len(outbox) == LoginCode.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_parallel_requests_after_the_life_of_a_key_one_is_sent(in_parallel):
    send()
    past = dt.timedelta(days=1)
    for row in LoginCode.objects.all():
        LoginCode.objects.update(created_at=row.created_at - past, expires_at=row.expires_at - past)
    LimitCounter.objects.all().delete()
    results = in_parallel([send] * THREADS)
    assert [each for each in results if isinstance(each, Refusal)] == []
    assert len({each.login_code.pk for each in results}) == 1
    assert len(outbox) == LoginCode.objects.count() == 2
