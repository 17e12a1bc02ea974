"""The kill switch: by setting and by row, for a region and for all."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from django_phone_invites.exceptions import SendingPaused, Unavailable
from django_phone_invites.models import LimitCounter, LoginCode, SendingPause
from django_phone_invites.senders.memory import outbox
from django_phone_invites.services import pauses
from django_phone_invites.services.challenges import request_code
from django_phone_invites.testing import sign_up

pytestmark = pytest.mark.django_db

RU, KZ, US = "+79096869722", "+77012345678", "+12015550123"


def is_paused(region):
    try:
        pauses.require_sending(region)
    except SendingPaused:
        return True
    return False


# What is stopped


@pytest.mark.parametrize(("region", "name"), [("RU", "RU"), (pauses.EVERYWHERE, "all regions")])
def test_what_changes_is_logged_once(region, name, caplog):
    caplog.set_level("INFO")
    for _ in range(2):
        pauses.pause(region=region)
    assert caplog.messages == [f"Sending to {name} is paused."]
    caplog.clear()
    for _ in range(2):
        pauses.lift(region=region)
    assert caplog.messages == [f"Sending to {name} goes on."]


@pytest.mark.parametrize("by_setting", [True, False])
def test_each_refused_request_is_logged_with_its_region(by_setting, settings, caplog):
    if by_setting:
        settings.PHONE_INVITES_PAUSED = True
    else:
        pauses.pause(region="RU")
    caplog.clear()
    for _ in range(2):
        with pytest.raises(SendingPaused):
            request_code(phone=RU, channel="web")
    assert [record.event for record in caplog.records] == ["sending_refused"] * 2
    assert caplog.messages == ["Refused: sending to RU is paused."] * 2


def test_a_number_without_a_region_is_refused_in_words(caplog):
    pauses.pause(region=pauses.EVERYWHERE)
    assert is_paused("")
    assert caplog.messages[-1] == "Refused: sending to numbers without a region is paused."


def test_nothing_is_paused_by_default():
    assert not is_paused("RU")
    assert pauses.in_force() == pauses.paused_by_setting() == []


def test_a_region_is_paused_and_no_other():
    pauses.pause(region="RU")
    assert [is_paused(region) for region in ("RU", "KZ", "")] == [True, False, False]


def test_everywhere_is_every_region_and_none():
    pauses.pause(region=pauses.EVERYWHERE)
    assert [is_paused(region) for region in ("RU", "KZ", "")] == [True, True, True]


@pytest.mark.parametrize(
    ("value", "paused"),
    [
        (True, [True, True, True]),
        (False, [False, False, False]),
        ([], [False, False, False]),
        (["RU"], [True, False, False]),
        ({"RU", "KZ"}, [True, True, False]),
    ],
)
def test_the_setting_is_the_same_switch(settings, value, paused):
    settings.PHONE_INVITES_PAUSED = value
    assert [is_paused(region) for region in ("RU", "KZ", "")] == paused


def test_the_setting_costs_no_statement_where_it_refuses(settings, django_assert_num_queries):
    settings.PHONE_INVITES_PAUSED = ["RU"]
    with django_assert_num_queries(0), pytest.raises(SendingPaused):
        pauses.require_sending("RU")


def test_a_row_costs_one_statement(django_assert_num_queries):
    pauses.pause(region="RU")
    with django_assert_num_queries(1), pytest.raises(SendingPaused):
        pauses.require_sending("RU")


def test_a_silent_database_sends_nothing():
    def silent(*arguments):
        raise OperationalError("server closed the connection unexpectedly")

    with connection.execute_wrapper(silent), pytest.raises(Unavailable):
        pauses.require_sending("RU")


# Asking for a code


@pytest.mark.parametrize("region", ["RU", pauses.EVERYWHERE])
def test_a_refusal_counts_nothing_and_sends_nothing(region):
    pauses.pause(region=region)
    with pytest.raises(SendingPaused):
        request_code(phone=RU, channel="web")
    assert outbox == []
    assert not LoginCode.objects.exists()
    assert not LimitCounter.objects.exists()


def test_new_known_and_disabled_phones_are_refused_alike():
    sign_up("+79096869711")
    disabled = sign_up("+79096869712")
    disabled.is_active = False
    disabled.save()
    pauses.pause(region="RU")
    for last in range(3):
        with pytest.raises(SendingPaused):
            request_code(phone=f"+7909686971{last}", channel="api")


def test_a_neighbour_under_the_same_calling_code_goes_on():
    pauses.pause(region="RU")
    request_code(phone=KZ, channel="web")
    request_code(phone=US, channel="web")
    assert [message.phone for message in outbox] == [KZ, US]


def test_a_number_that_no_plan_knows_is_stopped_by_everywhere_only(ask):
    obsolete = "+70000000000"
    sign_up(obsolete)
    pauses.pause(region="RU")
    assert ask(obsolete).fresh.region == ""
    pauses.pause(region=pauses.EVERYWHERE)
    with pytest.raises(SendingPaused):
        ask(obsolete)


def test_a_code_that_was_sent_still_logs_in(ask):
    asked = ask()
    pauses.pause(region=pauses.EVERYWHERE)
    assert asked.enter().created


def test_a_lifted_pause_sends_at_once(ask):
    pauses.pause(region="RU")
    with pytest.raises(SendingPaused):
        ask()
    assert pauses.lift(region="RU")
    assert ask().fresh.region == "RU"


# Rows


def test_a_pause_tells_why_and_since_when(clock):
    row, is_new = pauses.pause(region="RU", note="dear")
    assert (is_new, row.note, row.reason) == (True, "dear", SendingPause.Reason.MANUAL)
    assert (row.started_at, row.lifted_at) == (timezone.now(), None)
    assert pauses.in_force() == [row]


def test_a_pause_in_force_stays_as_it_is(clock):
    first, _ = pauses.pause(region="RU", note="dear")
    clock.shift(60)
    row, is_new = pauses.pause(region="RU", note="other", reason=SendingPause.Reason.ALERT)
    assert not is_new
    assert (row.note, row.reason, row.started_at) == ("dear", "manual", first.started_at)


def test_the_row_of_a_region_is_used_again(clock):
    first, _ = pauses.pause(region="RU", note="dear")
    pauses.lift(region="RU")
    clock.shift(60)
    row, is_new = pauses.pause(region="RU", reason=SendingPause.Reason.ALERT)
    assert is_new
    assert SendingPause.objects.get() == row == first
    assert (row.note, row.reason) == ("", "alert")
    assert (row.started_at, row.lifted_at) == (timezone.now(), None)


def test_lifting_twice_keeps_the_first_time(clock):
    assert pauses.lift(region="RU") is False
    pauses.pause(region="RU")
    assert pauses.lift(region="RU") is True
    lifted_at = timezone.now()
    clock.shift(60)
    assert pauses.lift(region="RU") is False
    assert SendingPause.objects.get().lifted_at == lifted_at
    assert pauses.in_force() == []


def test_lifting_everywhere_lifts_no_region():
    pauses.pause(region="RU")
    pauses.pause(region=pauses.EVERYWHERE)
    pauses.lift(region=pauses.EVERYWHERE)
    assert [is_paused(region) for region in ("RU", "KZ")] == [True, False]


def test_sending_was_last_started_again_for_the_region_or_everywhere(clock):
    assert pauses.last_lifted("RU") is None
    for region in ("RU", "KZ", pauses.EVERYWHERE):
        pauses.pause(region=region)
    assert pauses.last_lifted("RU") is None
    pauses.lift(region="RU")
    at_first = timezone.now()
    clock.shift(60)
    pauses.lift(region="KZ")
    assert pauses.last_lifted("RU") == at_first
    clock.shift(60)
    pauses.lift(region=pauses.EVERYWHERE)
    assert pauses.last_lifted("RU") == timezone.now() == at_first + dt.timedelta(minutes=2)


def test_a_pause_holds_inside_a_transaction_too():
    """The admin may run in one (``ATOMIC_REQUESTS``)."""
    with transaction.atomic():
        pauses.pause(region="RU")
    assert is_paused("RU")


@pytest.mark.django_db(transaction=True)
def test_parallel_pauses_are_one(in_parallel):
    results = in_parallel([lambda: pauses.pause(region="RU")] * 10)
    assert sorted(is_new for _, is_new in results) == [False] * 9 + [True]
    assert SendingPause.objects.count() == 1
