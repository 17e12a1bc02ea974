"""Checks of who may sign up, and of what strangers are sent."""

from __future__ import annotations

from typing import Any

import pytest

from tests.checks.reports import MEMORY, found, ids, one

TELEGRAM = {
    "BACKEND": "django_phone_invites.senders.telegram.TelegramGatewaySender",
    "OPTIONS": {"token": "t"},
}


@pytest.mark.parametrize("policy", ["open", "invite", "closed", "tests.checks.reports.make_people"])
def test_a_policy_passes(settings: Any, policy: str) -> None:
    settings.PHONE_INVITES_SIGN_UP = policy
    assert found() == []


@pytest.mark.parametrize("policy", ["", "shut", None, True, 1, ["open"]])
def test_what_is_no_policy_is_reported(settings: Any, policy: object) -> None:
    settings.PHONE_INVITES_SIGN_UP = policy
    assert ids() == ["phone_invites.E145"]
    assert '"open", "invite", "closed", or the dotted path' in one("phone_invites.E145").msg


@pytest.mark.parametrize("path", ["nowhere.rule", "tests.checks.reports.MEMORY"])
def test_a_rule_that_cannot_be_called_is_reported(settings: Any, path: str) -> None:
    settings.PHONE_INVITES_SIGN_UP = path
    assert ids() == ["phone_invites.E007"]
    assert "PHONE_INVITES_SIGN_UP cannot be imported" in one("phone_invites.E007").msg


def test_a_notice_that_is_no_switch_is_reported(settings: Any) -> None:
    settings.PHONE_INVITES_SIGN_UP_NOTICE = "yes"
    assert ids() == ["phone_invites.E146"]


def test_a_notice_for_nobody_is_reported(settings: Any) -> None:
    settings.PHONE_INVITES_SIGN_UP_NOTICE = True
    assert ids() == ["phone_invites.E020"]
    settings.PHONE_INVITES_SIGN_UP = "closed"
    assert ids() == []


def test_a_notice_that_no_sender_can_send_is_reported(settings: Any) -> None:
    pytest.importorskip("httpcore")
    settings.PHONE_INVITES_SIGN_UP = "closed"
    settings.PHONE_INVITES_SENDER = TELEGRAM
    assert ids() == []
    settings.PHONE_INVITES_SIGN_UP_NOTICE = True
    assert ids() == ["phone_invites.E021"]
    settings.PHONE_INVITES_SENDER = {
        "BACKEND": "django_phone_invites.senders.failover.FailoverSender",
        "OPTIONS": {"senders": [TELEGRAM, {"BACKEND": MEMORY}]},
    }
    assert ids() == []


def test_a_sender_that_cannot_be_built_is_reported_once(settings: Any) -> None:
    settings.PHONE_INVITES_SIGN_UP = "closed"
    settings.PHONE_INVITES_SIGN_UP_NOTICE = True
    settings.PHONE_INVITES_SENDER = {"BACKEND": "nowhere.Sender"}
    assert ids() == ["phone_invites.E003"]


@pytest.mark.parametrize(
    "rule",
    [
        None,
        {"FIELD": "contacts__phone"},
        {"FIELD": "contacts__phone", "VERIFIED_FIELD": "contacts__is_verified"},
        "tests.checks.reports.make_people",
    ],
)
def test_a_rule_that_links_users_passes(settings: Any, rule: object) -> None:
    settings.PHONE_INVITES_LINK_USER = rule
    assert found() == []


@pytest.mark.parametrize(
    "rule",
    [
        *("mobile", "", 1, True, ["mobile"], {}),
        *({"FIELD": ""}, {"FIELD": 1}, {"VERIFIED_FIELD": "x"}, {"FIELD": "x", "field": "x"}),
    ],
)
def test_what_is_no_rule_that_links_users_is_reported(settings: Any, rule: object) -> None:
    settings.PHONE_INVITES_LINK_USER = rule
    assert ids() == ["phone_invites.E142"]
    assert '{"FIELD": "mobile"}' in one("phone_invites.E142").msg


@pytest.mark.parametrize(
    "rule",
    [
        {"FIELD": "mobile"},
        {"FIELD": "contacts__number"},
        {"FIELD": "contacts__verified_on"},
        {"FIELD": "contacts__phone", "VERIFIED_FIELD": "contacts__verified_on"},
        {"FIELD": "contacts__phone", "VERIFIED_FIELD": "contacts__phone"},
    ],
)
def test_fields_that_are_not_there_or_hold_something_else_are_reported(
    settings: Any, rule: dict[str, str]
) -> None:
    settings.PHONE_INVITES_LINK_USER = rule
    assert ids() == ["phone_invites.E016"]


@pytest.mark.parametrize(
    ("rule", "reported"),
    [
        (None, False),
        ({"FIELD": "contacts__phone"}, True),
        ({"FIELD": "contacts__phone", "VERIFIED_FIELD": "contacts__is_verified"}, False),
        ("tests.checks.reports.make_people", False),
        ({"FIELD": 1}, False),  # E142 has said so
    ],
)
def test_numbers_that_nobody_may_have_verified_are_named(
    settings: Any, rule: object, reported: bool
) -> None:
    settings.PHONE_INVITES_LINK_USER = rule
    assert ("phone_invites.W015" in ids(deploy=True)) is reported
    assert "phone_invites.W015" not in ids()


def test_a_function_that_links_users_must_be_there(settings: Any) -> None:
    settings.PHONE_INVITES_LINK_USER = "nowhere.find_user"
    assert ids() == ["phone_invites.E007"]
    assert "PHONE_INVITES_LINK_USER cannot be imported" in one("phone_invites.E007").msg
