"""Each event has a name, a level, and nothing in it that is a secret."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from django_phone_invites import logs
from django_phone_invites.exceptions import CodeInvalid, InviteUnknown, RateLimited
from django_phone_invites.senders.memory import outbox
from django_phone_invites.services.challenges import request_code
from django_phone_invites.services.invites import activate_invite
from django_phone_invites.services.login import verify_code
from django_phone_invites.testing import sign_up
from tests.log_records import told

PHONE = "+79096869722"


def test_a_record_has_its_name_its_level_and_its_words(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for event, level in logs.EVENTS.items():
        logs.record(event, "%s of %d.", "One", 2)
        record = caplog.records[-1]
        assert (record.name, record.levelno) == ("django_phone_invites", level)
        assert record.event == event  # type: ignore[attr-defined]
        assert record.getMessage() == "One of 2."


def test_an_event_without_a_level_is_a_defect() -> None:
    with pytest.raises(KeyError):
        logs.record("code_lost", "It is gone.")


@pytest.mark.django_db
def test_a_whole_life_is_logged_without_code_token_or_number(
    caplog: pytest.LogCaptureFixture, settings: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    settings.PHONE_INVITES_PHONE_FAILURE_LENGTHS = {1: 8}
    settings.PHONE_INVITES_SITE_FAILURE_LENGTHS = {1: 7}
    inviter = sign_up("+79096860000")
    challenge = request_code(phone=PHONE, channel="api", address="203.0.113.7")
    with pytest.raises(RateLimited):
        request_code(phone=PHONE, channel="api", address="203.0.113.7")
    other = request_code(phone="+79161234567", channel="web")
    wrong = str((int(outbox[1].code) + 1) % 10**6).zfill(6)
    with pytest.raises(CodeInvalid):
        verify_code(login_code=other.login_code, guess=wrong, sign_in=lambda user: None)
    request_code(phone="+79261234567", channel="web")
    done = verify_code(
        login_code=challenge.login_code, guess=outbox[0].code, sign_in=lambda user: None
    )
    with pytest.raises(InviteUnknown):
        activate_invite(user=done.account.user, code="ZZZZZZ")
    activate_invite(user=done.account.user, code=inviter.invite_code.code)
    ours = [record for record in caplog.records if record.name == "django_phone_invites"]
    assert [record.event for record in ours] == [  # type: ignore[attr-defined]
        "code_sent",
        "rate_limited",
        "code_sent",
        "site_stepped_up",
        "code_wrong",
        "code_lengthened",
        "code_sent",
        "code_verified",
        "invite_activated",
    ]
    text = caplog.text + "".join(map(told, ours))
    secrets = [message.code for message in outbox]
    secrets += [challenge.login_code.token, challenge.login_code.nonce, PHONE[1:], "9096869722"]
    secrets += [wrong, inviter.invite_code.code, "203.0.113.7"]
    assert [secret for secret in secrets if secret in text] == []
