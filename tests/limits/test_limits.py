"""Which store is in force."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from django_phone_invites import limits
from django_phone_invites.limits.database import DatabaseStore
from django_phone_invites.limits.rules import Limit, Window, to_number
from django_phone_invites.limits.store import Store

HOUR = dt.timedelta(hours=1)


class OwnStore(Store):
    """A site's own."""

    def __init__(self, *, place: str) -> None:
        self.place = place

    def read(self, counted: Any, now: Any) -> Any:
        return (self.place, counted, now)

    def forget(self, counted: Any) -> Any:
        raise NotImplementedError


def test_counters_are_in_the_database_by_default() -> None:
    assert isinstance(limits.get_store(), DatabaseStore)


def test_a_store_is_built_from_its_options(settings: Any) -> None:
    settings.PHONE_INVITES_LIMIT_STORE = {
        "BACKEND": f"{__name__}.OwnStore",
        "OPTIONS": {"place": "here"},
    }
    assert limits.read("counted", "now") == ("here", "counted", "now")


@pytest.mark.parametrize(
    ("declared", "error"),
    [({"BACKEND": "nowhere.Store"}, ImportError), ({"BACKEND": f"{__name__}.OwnStore"}, TypeError)],
)
def test_a_store_that_cannot_be_built_is_an_error(
    settings: Any, declared: dict[str, str], error: type[Exception]
) -> None:
    settings.PHONE_INVITES_LIMIT_STORE = declared
    with pytest.raises(error):
        limits.get_store()


def test_what_is_done_once_in_a_while_is_done_by_the_first_that_comes(store: Store) -> None:
    once, now = Limit("test", "subject", (Window(1, HOUR),)), dt.datetime.now(tz=dt.timezone.utc)
    almost = now + HOUR - dt.timedelta(microseconds=1)
    assert [limits.take(once, moment) for moment in (now, now, almost)] == [True, False, False]
    assert limits.read([once], almost).events(once)[-1][0] == to_number(now)
    assert limits.take(once, now + HOUR) is True
