"""``phone_invites_purge`` deletes what is over, batch by batch, and nothing else."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from django_phone_invites.models import ActiveLogin, LimitCounter, LoginCode, PhoneChange
from django_phone_invites.services import upkeep
from django_phone_invites.testing import log_in, sign_up

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 6, 1, tzinfo=dt.timezone.utc)
DAY = dt.timedelta(days=1)
SECOND = dt.timedelta(seconds=1)


@pytest.fixture(autouse=True)
def _stopped_clock(time_machine: Any) -> None:
    time_machine.move_to(NOW, tick=False)


def make_code(expires_at: dt.datetime) -> LoginCode:
    return LoginCode.objects.create(
        phone="+79096869722",
        purpose="login",
        channel="web",
        length=6,
        locale="en",
        created_at=expires_at - dt.timedelta(minutes=5),
        expires_at=expires_at,
    )


def make_counter(key: str, updated_at: dt.datetime) -> LimitCounter:
    return LimitCounter.objects.create(key=key, updated_at=updated_at)


def purge(*args: str) -> list[str]:
    out = io.StringIO()
    call_command("phone_invites_purge", *args, stdout=out)
    return out.getvalue().splitlines()


def test_nothing_to_delete_is_said() -> None:
    assert purge() == [
        "Deleted 0 login codes.",
        "Deleted 0 changes.",
        "Deleted 0 counters.",
        "Deleted 0 ended logins.",
    ]


def test_codes_are_kept_for_30_days_after_they_expired() -> None:
    kept = make_code(NOW - 30 * DAY)
    make_code(NOW - 30 * DAY - SECOND)
    live = make_code(NOW + SECOND)
    assert purge()[0] == "1 login codes so far ..."
    assert set(LoginCode.objects.all()) == {kept, live}


def test_the_days_can_be_chosen() -> None:
    kept = make_code(NOW - 2 * DAY)
    make_code(NOW - 2 * DAY - SECOND)
    purge("--days", "2")
    assert list(LoginCode.objects.all()) == [kept]


def test_zero_days_leave_live_codes_alone() -> None:
    live = make_code(NOW + SECOND)
    make_code(NOW - SECOND)
    purge("--days=0")
    assert list(LoginCode.objects.all()) == [live]


def test_counters_are_kept_while_they_may_count() -> None:
    kept = make_counter("kept", NOW - upkeep.COUNTER_LIFE)
    make_counter("over", NOW - upkeep.COUNTER_LIFE - SECOND)
    assert purge("--days", "0")[-2] == "Deleted 1 counters."
    assert list(LimitCounter.objects.all()) == [kept]


def test_changes_are_kept_for_30_days_after_they_could_be_undone() -> None:
    user = sign_up("+79096869722")

    def make(age: dt.timedelta, **changes: Any) -> PhoneChange:
        row = {"changed_at": NOW - age, "new": "+79096869722", **changes}
        return PhoneChange.objects.create(user=user, **row)

    kept = [make(30 * DAY), make(99 * DAY, undo_until=NOW - 30 * DAY)]
    make(30 * DAY + SECOND)
    make(99 * DAY, undo_until=NOW - 30 * DAY - SECOND)
    assert "Deleted 2 changes." in purge()
    assert set(PhoneChange.objects.all()) == set(kept)


def test_batches_tell_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "BATCH", 2)
    for _ in range(5):
        make_code(NOW - 40 * DAY)
    assert purge() == [
        "2 login codes so far ...",
        "4 login codes so far ...",
        "5 login codes so far ...",
        "Deleted 5 login codes.",
        "Deleted 0 changes.",
        "Deleted 0 counters.",
        "Deleted 0 ended logins.",
    ]


def test_logins_that_are_over_are_forgotten() -> None:
    over, live = Client(), Client()
    log_in(over, "+79096869722")
    over.session.flush()
    user = log_in(live, "+79096869722")
    ActiveLogin.objects.update(check_after=NOW - SECOND)
    assert purge()[-2:] == ["1 ended logins so far ...", "Deleted 1 ended logins."]
    assert ActiveLogin.objects.get().user == user


def test_purging_stops_where_its_caller_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "BATCH", 2)
    for _ in range(5):
        make_code(NOW - 40 * DAY)
    assert next(upkeep.purge_login_codes(older_than=DAY)) == 2
    assert LoginCode.objects.count() == 3


def test_a_thousand_rows_are_one_batch() -> None:
    assert upkeep.BATCH == 1000
    LimitCounter.objects.bulk_create(
        LimitCounter(key=f"counter {n}", updated_at=NOW - 40 * DAY) for n in range(1001)
    )
    assert list(upkeep.purge_counters()) == [1000, 1]


def test_days_are_a_number() -> None:
    with pytest.raises(CommandError, match="invalid number_of_days value"):
        purge("--days", "many")


def test_negative_days_are_refused() -> None:
    make_code(timezone.now() + SECOND)
    with pytest.raises(CommandError):
        purge("--days", "-1")


def test_more_days_than_there_ever_were_are_refused() -> None:
    with pytest.raises(CommandError):
        purge("--days", "999999999")
