"""Outages become refusals, reached limits are logged, defects stay what they are."""

from __future__ import annotations

import datetime as dt
import logging

import pytest
from django.db import IntegrityError, InterfaceError, OperationalError
from django.utils import timezone

from django_phone_invites.exceptions import RateLimited, Unavailable
from django_phone_invites.services.boundary import service
from django_phone_invites.transactions import Conflict


@pytest.mark.parametrize("kind", [OperationalError, InterfaceError, Conflict])
def test_a_database_that_does_not_answer_is_a_refusal(
    kind: type[Exception], caplog: pytest.LogCaptureFixture
) -> None:
    @service
    def serve(*, fail: bool) -> str:
        """Serve."""
        if fail:
            raise kind("no route to host")
        return "served"

    assert serve(fail=False) == "served"
    with pytest.raises(Unavailable) as refused:
        serve(fail=True)
    assert refused.value.code == "unavailable"
    assert "no route" not in str(refused.value)
    assert (serve.__name__, serve.__doc__) == ("serve", "Serve.")
    (record,) = caplog.records
    assert (record.levelno, record.getMessage()) == (
        logging.ERROR,
        f"The database does not answer: {kind.__name__}.",
    )


def test_what_the_driver_calls_an_outage_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    @service
    def serve() -> None:
        raise OperationalError from TimeoutError("of +79096869722")

    with pytest.raises(Unavailable):
        serve()
    assert caplog.messages == ["The database does not answer: TimeoutError."]


def test_a_service_is_given_its_arguments_as_they_came() -> None:
    @service
    def serve(row: str, *, now: str) -> tuple[str, str]:
        return row, now

    assert serve("row", now="now") == ("row", "now")


@pytest.mark.parametrize("error", [IntegrityError("double"), ValueError("a defect")])
def test_a_defect_is_not_taken_for_an_outage(error: Exception) -> None:
    @service
    def serve() -> None:
        raise error

    with pytest.raises(type(error)):
        serve()


def test_a_limit_that_was_reached_is_logged_by_its_name(caplog: pytest.LogCaptureFixture) -> None:
    now = timezone.now()

    @service
    def serve() -> None:
        raise RateLimited(retry_at=now + dt.timedelta(minutes=1), now=now, limit="phone-messages")

    with pytest.raises(RateLimited):
        serve()
    (record,) = caplog.records
    assert (record.levelno, record.getMessage()) == (
        logging.WARNING,
        "Refused by the limit phone-messages for 60 seconds.",
    )
