"""Each refusal has a stable code, a status and a message; the docstring draws the real tree."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from django_phone_invites import exceptions
from django_phone_invites.exceptions import (
    CodeInvalid,
    FieldRefusal,
    GateRefused,
    PhoneInvitesError,
    RateLimited,
    Refusal,
    SendingPaused,
    Unavailable,
)

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc)

#: code: (class, status)
REFUSALS = {
    "phone_invalid": ("PhoneInvalid", 400),
    "phone_type_refused": ("PhoneTypeRefused", 400),
    "phone_region_refused": ("PhoneRegionRefused", 400),
    "code_malformed": ("CodeMalformed", 400),
    "code_not_found": ("CodeNotFound", 404),
    "code_invalid": ("CodeInvalid", 400),
    "code_expired": ("CodeExpired", 409),
    "code_used": ("CodeUsed", 409),
    "code_exhausted": ("CodeExhausted", 409),
    "invite_unknown": ("InviteUnknown", 400),
    "invite_own": ("InviteOwn", 400),
    "invite_mutual": ("InviteMutual", 409),
    "invite_already_activated": ("InviteAlreadyActivated", 409),
    "invite_expired": ("InviteExpired", 409),
    "invite_exhausted": ("InviteExhausted", 409),
    "idempotency_key_invalid": ("IdempotencyKeyInvalid", 400),
    "idempotency_key_reused": ("IdempotencyKeyReused", 409),
    "gate_refused": ("GateRefused", 403),
    "invite_required": ("InviteRequired", 403),
    "sign_up_closed": ("SignUpClosed", 403),
    "account_conflict": ("AccountConflict", 409),
    "account_disabled": ("AccountDisabled", 403),
    "account_missing": ("AccountMissing", 404),
    "phone_taken": ("PhoneTaken", 409),
    "phone_reserved": ("PhoneReserved", 409),
    "undo_not_found": ("UndoNotFound", 404),
    "user_protected": ("UserProtected", 409),
    "user_needs_phone": ("UserNeedsPhone", 409),
    "verification_required": ("VerificationRequired", 403),
    "logout_impossible": ("LogoutImpossible", 409),
    "rate_limited": ("RateLimited", 429),
    "sending_paused": ("SendingPaused", 503),
    "unavailable": ("Unavailable", 503),
}

ABSTRACT = {
    "PhoneInvitesError",
    "Refusal",
    "FieldRefusal",
    "CodeRefusal",
    "CodeOver",
    "InviteRefusal",
    "SignUpRefusal",
}


def all_classes() -> list[type[Exception]]:
    return [
        found
        for found in vars(exceptions).values()
        if isinstance(found, type) and issubclass(found, PhoneInvitesError)
    ]


def concrete() -> list[type[Refusal]]:
    return [
        found
        for found in all_classes()
        if issubclass(found, Refusal) and found.__name__ not in ABSTRACT
    ]


def test_codes_and_statuses_are_stable() -> None:
    found = {refusal.code: (refusal.__name__, refusal.status) for refusal in concrete()}
    assert found == REFUSALS
    assert len(concrete()) == len(REFUSALS)


def test_the_tree_of_the_docstring_is_the_real_one() -> None:
    above: list[str] = []
    drawn = {}
    for line in (exceptions.__doc__ or "").splitlines():
        match = re.match(r"^ {4}((?:[│ ] {3})*)([├└]── )?([A-Z]\w+)", line)
        if match is None:
            continue
        depth = len(match[1]) // 4 + bool(match[2])
        above[depth:] = [match[3]]
        drawn[match[3]] = above[depth - 1] if depth else "Exception"
    assert drawn == {found.__name__: found.__base__.__name__ for found in all_classes()}


@pytest.mark.parametrize("refusal", concrete(), ids=lambda found: found.__name__)
def test_the_docstring_names_the_code_of_each_refusal(refusal: type[Refusal]) -> None:
    assert re.search(
        rf"── {refusal.__name__} +{refusal.code}$", exceptions.__doc__ or "", re.MULTILINE
    )


@pytest.mark.parametrize("refusal", concrete(), ids=lambda found: found.__name__)
def test_every_refusal_reads_as_its_message(refusal: type[Refusal]) -> None:
    made = refusal.__new__(refusal, "")
    assert str(made) == str(refusal.message)
    assert str(made).endswith(".")


@pytest.mark.parametrize("refusal", FieldRefusal.__subclasses__(), ids=lambda found: found.__name__)
def test_field_refusals_name_their_field(refusal: type[FieldRefusal]) -> None:
    assert refusal.field == ("auth_number" if refusal.code == "code_malformed" else "phone")


def test_a_wrong_guess_says_how_many_are_left() -> None:
    refusal = CodeInvalid(attempts_left=2, resend_at=NOW)
    assert (refusal.attempts_left, refusal.resend_at) == (2, NOW)


@pytest.mark.parametrize(
    ("wait", "seconds"), [(0.0, 1), (0.001, 1), (1.0, 1), (1.001, 2), (59.5, 60), (3600.0, 3600)]
)
def test_retry_after_is_rounded_up_to_whole_seconds(wait: float, seconds: int) -> None:
    refusal = RateLimited(retry_at=NOW + dt.timedelta(seconds=wait), now=NOW)
    assert refusal.retry_after == seconds
    assert refusal.retry_at == NOW + dt.timedelta(seconds=wait)


def test_a_limit_does_not_say_which_one_it_is() -> None:
    refusal = RateLimited(retry_at=NOW, now=NOW, limit="phone-messages")
    assert str(refusal) == "Too many requests. Try again later."
    assert refusal.args == ()
    assert set(vars(refusal)) == {"retry_at", "retry_after", "limit"}


def test_a_gate_may_refuse_in_its_own_words() -> None:
    assert str(GateRefused("Solve the puzzle.")) == "Solve the puzzle."
    assert str(GateRefused()) == "No code was sent. Load the page again and try once more."


def test_an_outage_says_when_to_come_back() -> None:
    assert Unavailable().retry_after == 5


def test_a_pause_says_when_to_come_back() -> None:
    assert SendingPaused().retry_after == 300


def test_only_what_ends_by_itself_says_when_to_come_back() -> None:
    found = {refusal.code for refusal in concrete() if "retry_after" in vars(refusal)}
    assert found == {"sending_paused", "unavailable"}  # and rate_limited, by its own clock
