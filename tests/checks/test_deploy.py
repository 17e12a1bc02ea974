"""What a deployment must decide."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.conf import settings as django_settings
from time_machine import TimeMachineFixture

from tests.checks.reports import MEMORY, found, ids, one

pytestmark = pytest.mark.django_db  # Django's checks of JSONField ask the database.


needs_api = pytest.mark.skipif(not django_settings.HAS_DRF, reason="REST framework is missing")


@pytest.mark.parametrize(
    "check_id",
    [
        "phone_invites.E010",
        "phone_invites.W002",
        "phone_invites.W003",
        "phone_invites.W004",
        "phone_invites.W005",
        pytest.param("phone_invites.W006", marks=needs_api),
    ],
)
def test_what_only_a_deployment_must_not_do_has_a_hint(check_id: str, settings: Any) -> None:
    settings.PHONE_INVITES_CODE_LENGTH = 4
    settings.PHONE_INVITES_ROUTES = {"code": "auth/<int:pk>/"}
    message = one(check_id, deploy=True)
    assert message.hint
    assert message.is_serious() is (check_id == "phone_invites.E010")
    assert check_id not in ids()


@pytest.mark.parametrize(("length", "reported"), [(5, True), (6, False)])
def test_codes_of_six_digits_are_long_enough(length: int, reported: bool, settings: Any) -> None:
    settings.PHONE_INVITES_CODE_LENGTH = length
    assert ("phone_invites.W002" in ids(deploy=True)) is reported


def test_a_wrong_length_is_not_called_short_as_well(settings: Any) -> None:
    settings.PHONE_INVITES_CODE_LENGTH = "4"
    assert "phone_invites.W002" not in ids(deploy=True)


def failing_over(*senders: dict[str, Any]) -> dict[str, Any]:
    """Return a sender that asks others, one within the other."""
    backend = "django_phone_invites.senders.failover.FailoverSender"
    inner = {"BACKEND": backend, "OPTIONS": {"senders": list(senders)}}
    return {"BACKEND": backend, "OPTIONS": {"senders": [inner]}}


@pytest.mark.parametrize(
    ("configured", "reported"),
    [
        ({"BACKEND": MEMORY}, True),
        ({"BACKEND": "django_phone_invites.senders.console.ConsoleSender"}, True),
        ({"BACKEND": "tests.checks.reports.RealSender"}, False),
        (failing_over({"BACKEND": MEMORY}), True),
        (failing_over({"BACKEND": "tests.checks.reports.RealSender"}, {"BACKEND": MEMORY}), True),
        (failing_over({"BACKEND": "tests.checks.reports.RealSender"}), False),
        ({"BACKEND": "nowhere.Sender"}, False),
    ],
)
def test_codes_do_not_go_where_others_read_them(
    configured: dict[str, Any], reported: bool, settings: Any
) -> None:
    settings.PHONE_INVITES_SENDER = configured
    assert ("phone_invites.E010" in ids(deploy=True)) is reported


@pytest.mark.parametrize("name", ["PHONE_INVITES_ROUTES", "PHONE_INVITES_API_ROUTES"])
def test_ids_that_are_counted_up_are_reported(name: str, settings: Any) -> None:
    setattr(settings, name, {"code": "auth/<int:pk>/"})
    assert one("phone_invites.W003", deploy=True).msg.startswith(f"{name}: ")


def test_opaque_ids_pass() -> None:
    assert "phone_invites.W003" not in ids(deploy=True)


def test_named_regions_pass(settings: Any) -> None:
    settings.PHONE_INVITES_REGIONS = ["RU"]
    assert "phone_invites.W004" not in ids(deploy=True)


def test_a_named_host_passes(settings: Any) -> None:
    settings.PHONE_INVITES_HOST = "example.com"
    assert "phone_invites.W005" not in ids(deploy=True)


@pytest.mark.parametrize("setting", ["SITE_MESSAGES_PER_HOUR", "SITE_MESSAGES_PER_DAY"])
def test_one_cap_on_the_messages_of_the_site_passes(setting: str, settings: Any) -> None:
    assert "phone_invites.W007" in ids(deploy=True)
    setattr(settings, f"PHONE_INVITES_{setting}", 100)
    assert "phone_invites.W007" not in ids(deploy=True)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("SECURE_PROXY_SSL_HEADER", ("HTTP_X_FORWARDED_PROTO", "https")),
        ("USE_X_FORWARDED_HOST", True),
    ],
)
def test_a_site_behind_a_proxy_must_trust_one(setting: str, value: Any, settings: Any) -> None:
    assert "phone_invites.W008" not in ids(deploy=True)
    setattr(settings, setting, value)
    assert one("phone_invites.W008", deploy=True).hint
    settings.PHONE_INVITES_TRUSTED_PROXIES = 1
    assert "phone_invites.W008" not in ids(deploy=True)


@pytest.mark.parametrize(
    ("until", "said", "hint"),
    [
        (
            dt.date(2026, 2, 28),
            "+79096869700 was a test number until 2026-02-28.",
            "Remove it.",
        ),
        (
            dt.date(2026, 3, 1),
            "+79096869700 logs in with a code that never changes until 2026-03-01.",
            "Remove it once the review is over.",
        ),
        (
            dt.date(2027, 3, 2),
            "+79096869700 logs in with a code that never changes until 2027-03-02.",
            "Remove it once the review is over.",
        ),
        (
            dt.date(2027, 3, 3),
            "+79096869700 logs in with a code that never changes until 2027-03-03.",
            "Let it end within a year: it is set anew with the next review.",
        ),
    ],
    ids=["over", "last day", "a year", "more than a year"],
)
def test_a_test_number_is_reported_until_it_is_removed(
    until: dt.date, said: str, hint: str, settings: Any, time_machine: TimeMachineFixture
) -> None:
    time_machine.move_to(dt.datetime(2026, 3, 1, 23, 59, tzinfo=dt.timezone.utc), tick=False)
    settings.PHONE_INVITES_TEST_NUMBERS = {"+79096869700": {"code": "13579246", "until": until}}
    message = one("phone_invites.W009", deploy=True)
    assert message.msg == f"PHONE_INVITES_TEST_NUMBERS: {said}"
    assert message.hint == hint
    assert not message.is_serious()
    assert "13579246" not in repr(message)
    assert ids() == []


def test_each_test_number_is_reported(settings: Any) -> None:
    fixed = {"code": "123456", "until": dt.date(2027, 1, 31)}
    settings.PHONE_INVITES_TEST_NUMBERS = {"+79096869700": fixed, "+79096869701": fixed}
    reported = [message.msg for message in found(deploy=True) if message.id == "phone_invites.W009"]
    assert [message.split()[1] for message in reported] == ["+79096869700", "+79096869701"]


def test_wrong_test_numbers_are_not_judged_as_well(settings: Any) -> None:
    settings.PHONE_INVITES_TEST_NUMBERS = {"+79096869700": {"code": "123456"}}
    assert "phone_invites.W009" not in ids(deploy=True)


def test_without_test_numbers_nothing_is_reported() -> None:
    assert "phone_invites.W009" not in ids(deploy=True)


@pytest.mark.parametrize(
    ("engine", "reported"),
    [
        ("django.contrib.sessions.backends.signed_cookies", True),
        ("django.contrib.sessions.backends.db", False),
        ("django.contrib.sessions.backends.cache", False),
        ("nowhere", False),
        ("django.contrib.sessions", False),
    ],
)
def test_sessions_in_cookies_are_reported(engine: str, reported: bool, settings: Any) -> None:
    settings.SESSION_ENGINE = engine
    assert ("phone_invites.W014" in ids(deploy=True)) is reported
    assert "phone_invites.W014" not in ids()
