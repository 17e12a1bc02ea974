"""What is held about a phone, and its end; no client, no request."""

from __future__ import annotations

import datetime as dt
import json
import logging
import threading
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models.deletion import ProtectedError
from django.db.models.signals import pre_delete
from django.test import Client, override_settings
from django.utils import timezone

from django_phone_invites import codes, limits, logins, signals
from django_phone_invites.exceptions import (
    AccountMissing,
    CodeExpired,
    InviteAlreadyActivated,
    InviteUnknown,
    PhoneInvalid,
    Refusal,
    UserNeedsPhone,
    UserProtected,
)
from django_phone_invites.limits import policy
from django_phone_invites.models import (
    ActiveLogin,
    ErasedPhone,
    InviteActivation,
    InviteCode,
    LimitCounter,
    LoginCode,
    PhoneAccount,
    PhoneChange,
)
from django_phone_invites.phones import mask
from django_phone_invites.services import invites, upkeep
from django_phone_invites.services.invites import activate_invite
from django_phone_invites.services.login import verify_code
from django_phone_invites.services.own_data import Erasure, erase_phone, export_phone
from django_phone_invites.testing import log_in, sign_up

pytestmark = pytest.mark.django_db

PHONE, INVITER, INVITEE, OTHER = (f"+7909686972{last}" for last in range(2, 6))
NEEDS_PHONE = get_user_model().__name__ == "PhoneUser"
keeps_users = pytest.mark.skipif(NEEDS_PHONE, reason="no user of this model is without a phone")

#: The users of one model cannot stay.
DELETES = [True] if NEEDS_PHONE else [False, True]


def erase(phone: str = PHONE, *, delete_user: bool = NEEDS_PHONE, **more: Any) -> Erasure:
    more = {"end_logins": lambda user: [], **more}
    return erase_phone(phone=phone, delete_user=delete_user, **more)


@pytest.fixture
def invited() -> Any:
    """Return the user of PHONE, who has an inviter and an invitee."""
    user, inviter, invitee = sign_up(PHONE), sign_up(INVITER), sign_up(INVITEE)
    activate_invite(user=user, code=inviter.invite_code.code)
    activate_invite(user=invitee, code=user.invite_code.code)
    return user


# What is held


def test_the_export_holds_everything_about_the_phone(invited, ask, clock):
    asked = ask(address="203.0.113.7", invite="SPRING")
    with pytest.raises(Refusal):
        asked.enter(asked.wrong())
    found = export_phone(phone="+7 909 686-97-22")
    now = dt.datetime(2026, 3, 1, 12, tzinfo=dt.timezone.utc)
    assert found["phone"] == PHONE
    assert set(found["account"]) == {"verified_at", "created_at"}
    name = str(invited.get_username())
    assert found["user"] == {"id": invited.pk, "username": name}
    assert found["invite_code"]["code"] == invited.invite_code.code
    assert found["invite_code"]["uses"] == 1
    assert found["activated"]["code"] == InviteActivation.objects.get(invitee=invited).code
    (invitee,) = found["invitees"]
    assert invitee["phone"] == "+7 •••-•••-••-24"
    (code,) = found["login_codes"]
    assert code["tries"] == asked.fresh.tries
    assert code["tries"] != []
    assert (code["attempts"], code["invite"], code["delivery"]) == (1, "SPRING", "sent")
    counted = {one["name"]: one["events"] for one in found["counters"]}
    assert counted == {
        "phone-messages": [{"at": now, "count": 1}],
        "test-codes": [],
        "phone-failures": [{"at": now, "count": 1}],
    }
    assert found["erased"] == []


def test_the_export_holds_the_logins_and_nothing_that_opens_them(invited):
    client = Client()
    log_in(client, PHONE)
    ActiveLogin.objects.update(user_agent="Firefox, Windows")
    record = ActiveLogin.objects.get()
    (login,) = export_phone(phone=PHONE)["logins"]
    assert login == {
        "issuer": "",
        "user_agent": "Firefox, Windows",
        "created_at": record.created_at,
    }


def test_an_erased_phone_leaves_no_login(invited):
    log_in(Client(), PHONE)
    erase(end_logins=logins.end_all)
    assert not ActiveLogin.objects.exists()


def test_the_export_holds_no_secret_and_nobody_else(invited, ask):
    asked = ask(address="203.0.113.7")
    told = json.dumps(export_phone(phone=PHONE), cls=DjangoJSONEncoder)
    row = asked.fresh
    secrets = [asked.digits, row.token, row.nonce, "203.0.113.7", INVITER, INVITEE]
    assert [secret for secret in secrets if secret in told] == []


def test_an_invitee_without_a_phone_is_still_counted(invited):
    PhoneAccount.objects.get(phone=INVITEE).delete()
    activated_at = InviteActivation.objects.get(inviter=invited).activated_at
    assert export_phone(phone=PHONE)["invitees"] == [{"phone": None, "activated_at": activated_at}]


def test_a_number_that_was_left_for_another_is_not_invited_again(invited):
    """The user had activated a code; whoever has the number of before is not them if it is taken."""
    left, taken = "+79161111111", "+79161111112"
    for old in (left, taken, ""):
        PhoneChange.objects.create(user=invited, old=old, new=PHONE, changed_at=timezone.now())
    sign_up(taken)
    erase()
    found = {phone: ErasedPhone.of(phone).exists() for phone in (PHONE, left, taken)}
    assert found == {PHONE: True, left: True, taken: False}
    assert [row.has_activated for row in ErasedPhone.objects.all()] == [True, True]


def test_a_number_that_was_left_by_whom_nobody_invited_is_not_remembered():
    PhoneChange.objects.create(
        user=sign_up(PHONE), old="+79161111111", new=PHONE, changed_at=timezone.now()
    )
    erase()
    assert ErasedPhone.objects.get().digest == codes.digest_phone(PHONE)


def test_the_export_of_a_strangers_phone_is_empty():
    assert export_phone(phone=PHONE) == {
        "phone": PHONE,
        "account": None,
        "user": None,
        "invite_code": None,
        "activated": None,
        "invitees": [],
        "logins": [],
        "login_codes": [],
        "changes": [],
        "counters": [
            {"name": name, "events": []}
            for name in ("phone-messages", "test-codes", "phone-failures")
        ],
        "erased": [],
    }


def test_the_export_of_a_user_without_invites_holds_none(monkeypatch):
    user = sign_up(PHONE)
    user.invite_code.delete()
    monkeypatch.setattr(type(user), "get_username", lambda self: None)
    found = export_phone(phone=PHONE)
    assert (found["invite_code"], found["activated"]) == (None, None)
    assert found["user"] == {"id": user.pk, "username": None}


def test_the_export_tells_of_an_erasure(invited):
    erase()
    (row,) = export_phone(phone=PHONE)["erased"]
    assert (row["digest"], row["has_activated"]) == (codes.digest_phone(PHONE), True)


@pytest.mark.parametrize("call", [export_phone, erase])
def test_what_is_no_number_is_refused(call):
    with pytest.raises(PhoneInvalid):
        call(phone="686")


def test_the_export_holds_the_changes_with_other_numbers_masked(invited):
    now = timezone.now()
    other = sign_up(OTHER)
    keep = PhoneChange.objects.create
    keep(user=invited, old="", new=INVITER, changed_at=now)
    keep(user=invited, old=INVITER, new=PHONE, changed_at=now, undo_digest="0" * 64)
    keep(user=other, old=PHONE, new=OTHER, changed_at=now)
    keep(user=other, old=OTHER, new=INVITEE, changed_at=now)
    found = export_phone(phone=PHONE)["changes"]
    assert [(row["old"], row["new"]) for row in found] == [
        (None, "+7 •••-•••-••-23"),
        ("+7 •••-•••-••-23", PHONE),
        (PHONE, "+7 •••-•••-••-25"),
    ]
    assert {*found[0]} == {"old", "new", "changed_at", "undo_until", "undone_at"}


# What is erased


@pytest.mark.parametrize("has_account", [True, False])
def test_changes_from_and_to_the_number_and_of_its_user_end_with_it(invited, has_account):
    now = timezone.now()
    other = sign_up(OTHER)
    keep = PhoneChange.objects.create
    keep(user=invited, old="", new=INVITER, changed_at=now)
    keep(user=other, old=PHONE, new=OTHER, changed_at=now)
    keep(user=other, old=OTHER, new=PHONE, changed_at=now)
    kept = keep(user=other, old=OTHER, new=INVITEE, changed_at=now)
    if not has_account:
        PhoneChange.objects.filter(user=invited).delete()
        PhoneAccount.objects.filter(phone=PHONE).delete()
    erase()
    assert list(PhoneChange.objects.all()) == [kept]


@pytest.mark.parametrize("delete_user", DELETES)
def test_nothing_that_holds_the_number_is_left(invited, ask, delete_user):
    asked = ask()
    with pytest.raises(Refusal):
        asked.enter(asked.wrong())
    assert erase(delete_user=delete_user) == Erasure(True, delete_user, 1, ())
    assert not PhoneAccount.objects.filter(phone=PHONE).exists()
    assert not LoginCode.objects.filter(phone=PHONE).exists()
    assert not LimitCounter.objects.filter(key__contains=PHONE).exists()
    users = get_user_model()._default_manager.filter(pk=invited.pk)
    assert users.exists() != delete_user
    assert PHONE not in repr(list(users.values()))


def test_of_a_user_who_is_deleted_no_counter_is_left():
    user = sign_up(PHONE)
    with pytest.raises(InviteUnknown):
        activate_invite(user=user, code="ZZZZZZ")
    erase(delete_user=True)
    assert not LimitCounter.objects.exists()


@pytest.mark.parametrize("delete_user", DELETES)
def test_the_counts_of_invites_stay_right(invited, delete_user):
    erase(delete_user=delete_user)
    assert list(upkeep.find_broken()) == []
    assert InviteCode.objects.get(owner__phone_account__phone=INVITER).uses == 1
    assert InviteActivation.objects.count() == 2


@keeps_users
def test_the_user_who_stays_keeps_all_but_the_phone(invited):
    name = invited.get_username()
    erase(delete_user=False)
    kept = get_user_model()._default_manager.get(pk=invited.pk)
    assert (kept.get_username(), kept.invite_code.uses) == (name, 1)
    with pytest.raises(AccountMissing):
        activate_invite(user=kept, code="SPRING")


@keeps_users
def test_a_name_that_is_the_phone_becomes_one_that_tells_nothing(ask):
    user = sign_up(PHONE)
    setattr(user, user.USERNAME_FIELD, PHONE)
    user.save()
    erase(delete_user=False)
    kept = get_user_model()._default_manager.get(pk=user.pk)
    assert kept.get_username().startswith("phone-")
    assert ask().enter().created


@keeps_users
def test_a_name_that_may_be_empty_becomes_so(monkeypatch):
    user = sign_up(PHONE)
    field = user._meta.get_field(user.USERNAME_FIELD)
    setattr(user, field.name, PHONE)
    user.save()
    monkeypatch.setattr(field, "null", True)
    saved = []
    monkeypatch.setattr(type(user), "save", lambda self, **more: saved.append((self, more)))
    erase(delete_user=False)
    ((kept, more),) = saved
    assert (getattr(kept, field.name), more) == (None, {"update_fields": [field.name]})


@pytest.mark.skipif(not NEEDS_PHONE, reason="a user of this model can be without a phone")
def test_a_user_whose_name_can_be_nothing_but_a_phone_ends_with_it_or_not_at_all(ask):
    user = sign_up(PHONE)
    ask()
    with pytest.raises(UserNeedsPhone):
        erase(delete_user=False)
    assert PhoneAccount.objects.get().user == user
    assert LoginCode.objects.count() == 1
    assert not ErasedPhone.objects.exists()


def test_a_user_who_cannot_be_deleted_stays_and_so_does_all_else(invited, ask, monkeypatch):
    ask()

    def refuse(self):
        raise ProtectedError("An order refers to them.", set())

    monkeypatch.setattr(get_user_model(), "delete", refuse)
    with pytest.raises(UserProtected):
        erase(delete_user=True)
    assert PhoneAccount.objects.filter(phone=PHONE).exists()
    assert LoginCode.objects.count() == 1
    assert not ErasedPhone.objects.exists()


def test_a_code_that_was_sent_before_logs_nobody_in(ask):
    sign_up(PHONE)
    asked = ask()
    erase()
    for guess in (asked.digits, asked.wrong()):
        with pytest.raises(CodeExpired):
            enter_unread(asked, guess)
    assert not PhoneAccount.objects.exists()


def enter_unread(asked, guess):
    """Enter a guess at a row that was read before the erasure."""
    return verify_code(login_code=asked.row, guess=guess, sign_in=lambda user: None)


def test_a_phone_without_an_account_loses_its_codes_and_leaves_no_digest(ask):
    ask()
    ask(OTHER)
    told = []
    with Listening(told):
        assert erase(delete_user=True) == Erasure(False, False, 1, ())
    assert not ErasedPhone.objects.exists()
    assert LoginCode.objects.get().phone == OTHER
    assert told == []


def test_the_limits_of_others_count_on(ask):
    ask()
    ask(OTHER)
    sign_up(PHONE)
    erase()
    kept = set(LimitCounter.objects.values_list("key", flat=True))
    assert f"phone-messages:{OTHER}" in kept
    assert f"block-messages:{PHONE[:-3]}" in kept


def test_counters_in_redis_end_too(ask, limits_in_redis, clock):
    ask()
    erase()
    now = dt.datetime.now(dt.timezone.utc)
    counted = policy.phone_messages(PHONE)
    assert limits.read([counted], now).events(counted) == []


@pytest.mark.parametrize("delete_user", DELETES)
def test_logins_end_in_the_same_transaction(ask, delete_user):
    user = sign_up(PHONE)

    def fail(ended):
        assert ended == user
        raise RuntimeError("the power is out")

    with pytest.raises(RuntimeError):
        erase(delete_user=delete_user, end_logins=fail)
    assert PhoneAccount.objects.exists()
    assert not ErasedPhone.objects.exists()


@keeps_users
def test_logins_that_go_on_are_told():
    sign_up(PHONE)
    assert erase(end_logins=lambda user: ["site.issue"]).logins_left == ("site.issue",)


def test_whoever_is_deleted_has_no_login_left():
    sign_up(PHONE)
    assert erase(delete_user=True, end_logins=lambda user: ["site.issue"]).logins_left == ()


# What is told


class Listening:
    """Keep what the signal brings."""

    def __init__(self, told):
        self.told = told

    def __enter__(self):
        self.receiver = lambda **given: self.told.append(given)
        signals.phone_erased.connect(self.receiver)

    def __exit__(self, *failure):
        signals.phone_erased.disconnect(self.receiver)


@pytest.mark.parametrize("delete_user", DELETES)
def test_the_site_is_told_whose_phone_it_was_and_not_which(delete_user):
    user, told = sign_up(PHONE), []
    with Listening(told):
        erase(delete_user=delete_user)
    ((given),) = told
    del given["signal"]
    assert given == {"sender": PhoneAccount, "user_id": user.pk, "user_deleted": delete_user}


def test_the_log_holds_no_whole_number(caplog):
    caplog.set_level(logging.DEBUG, "django_phone_invites")
    user = sign_up(PHONE)
    user_id = user.pk
    export_phone(phone=PHONE)
    erase()
    assert [record.event for record in caplog.records] == ["phone_exported", "phone_erased"]
    assert caplog.messages == [
        f"What is held about {mask(PHONE)} was exported.",
        f"The phone of user {user_id} was erased.",
    ]


# What is remembered


def test_the_number_signs_up_again_as_somebody_new(invited, ask):
    old = invited.pk
    erase()
    login = ask().enter()
    assert login.created
    assert login.account.user.pk != old
    assert login.account.user.invite_code.uses == 0


def test_the_number_is_not_invited_a_second_time(invited, ask):
    erase()
    campaign = InviteCode.objects.create(code="SPRING")
    login = ask(invite="SPRING").enter()
    assert isinstance(login.invite_refusal, InviteAlreadyActivated)
    with pytest.raises(InviteAlreadyActivated):
        activate_invite(user=login.account.user, code="SPRING")
    assert InviteCode.objects.get(pk=campaign.pk).uses == 0


def test_a_number_that_was_never_invited_can_be_after_its_erasure(ask):
    sign_up(PHONE)
    erase()
    InviteCode.objects.create(code="SPRING")
    assert ask(invite="SPRING").enter().invite_refusal is None


def test_a_second_erasure_forgets_nothing_of_the_first(invited):
    erase()
    sign_up(PHONE)
    erase()
    row = ErasedPhone.objects.get()
    assert (row.digest, row.has_activated) == (codes.digest_phone(PHONE), True)


def test_a_new_key_remembers_through_its_fallback(invited, ask):
    erase()
    InviteCode.objects.create(code="SPRING")
    with override_settings(SECRET_KEY="new", SECRET_KEY_FALLBACKS=["tests"]):
        user = sign_up(PHONE)
        with pytest.raises(InviteAlreadyActivated):
            activate_invite(user=user, code="SPRING")
        # Another erasure keeps it under the new key.
        erase()
    with override_settings(SECRET_KEY="new"):
        user = sign_up(PHONE)
        with pytest.raises(InviteAlreadyActivated):
            activate_invite(user=user, code="SPRING")


# Races


def test_an_invite_code_that_ends_with_its_owner_at_this_moment_is_unknown(invited, monkeypatch):
    invite_code = InviteCode.objects.get(owner__phone_account__phone=INVITER)
    stranger = sign_up(OTHER)
    monkeypatch.setattr(invites, "_find", lambda code: invite_code)
    erase(INVITER, delete_user=True)
    with pytest.raises(InviteUnknown):
        activate_invite(user=stranger, code="any")


def test_an_activation_meets_an_erasure_that_was_first(invited, monkeypatch):
    InviteCode.objects.create(code="SPRING")
    user = sign_up(OTHER)
    erase(OTHER)
    monkeypatch.setattr(invites, "_require_first", lambda user: None)
    with pytest.raises(AccountMissing):
        activate_invite(user=user, code="SPRING")
    assert InviteCode.objects.get(code="SPRING").uses == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("delete_user", DELETES)
def test_no_number_is_erased_and_invited_at_once(in_parallel, delete_user):
    """However an activation and an erasure meet, it happened and is remembered, or it did not."""
    campaign = InviteCode.objects.create(code="SPRING")
    for round_ in range(8):
        phone = f"+7909686{round_:04}"
        user = sign_up(phone)
        before = InviteActivation.objects.count()
        _, activated = in_parallel(
            [
                lambda phone=phone: erase(phone, delete_user=delete_user),
                lambda user=user: activate_invite(user=user, code="SPRING"),
            ]
        )
        remembered = ErasedPhone.objects.get(digest=codes.digest_phone(phone)).has_activated
        assert remembered == isinstance(activated, InviteActivation), activated
        assert InviteActivation.objects.count() - before == remembered
    campaign.refresh_from_db()
    assert campaign.uses == InviteActivation.objects.count()
    assert list(upkeep.find_broken()) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("delete_user", DELETES)
def test_one_of_many_erasures_at_once_erases(in_parallel, ask, delete_user):
    sign_up(PHONE)
    ask()
    results = in_parallel([lambda: erase(delete_user=delete_user)] * 10)
    assert sorted(result.had_account for result in results) == [False] * 9 + [True]
    assert ErasedPhone.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("delete_user", DELETES)
def test_a_login_at_the_moment_of_an_erasure_is_before_it_or_not_at_all(
    in_parallel, ask, settings, delete_user
):
    settings.PHONE_INVITES_BLOCK_MESSAGES_PER_HOUR = None
    for round_ in range(5):
        phone = f"+7909686{round_:04}"
        sign_up(phone)
        asked = ask(phone)
        erased, login = in_parallel(
            [
                lambda phone=phone: erase(phone, delete_user=delete_user),
                lambda asked=asked: enter_unread(asked, asked.digits),
            ]
        )
        assert erased.had_account
        assert isinstance(login, CodeExpired) or not login.created
        assert not PhoneAccount.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_invitees_who_come_while_the_inviter_is_erased_are_counted_or_refused(in_parallel):
    inviter = sign_up(INVITER)
    code = inviter.invite_code.code
    users = [sign_up(f"+7909686{index:04}") for index in range(8)]
    results = in_parallel(
        [
            lambda: erase(INVITER, delete_user=True),
            *(lambda user=user: activate_invite(user=user, code=code) for user in users),
        ]
    )
    done = [result for result in results if isinstance(result, InviteActivation)]
    refused = {result.code for result in results[1:] if isinstance(result, Refusal)}
    assert refused <= {"invite_unknown"}
    assert InviteActivation.objects.count() == len(done)
    assert list(upkeep.find_broken()) == []


@pytest.mark.django_db(transaction=True)
def test_an_activation_that_meets_the_deletion_of_the_inviter_waits_and_is_refused(in_parallel):
    inviter, user = sign_up(INVITER), sign_up(OTHER)
    code = inviter.invite_code.code
    deleting, activated = threading.Event(), threading.Event()

    def pause(**given):
        deleting.set()
        activated.wait(0.5)

    def activate():
        deleting.wait(10)
        try:
            return activate_invite(user=user, code=code)
        finally:
            activated.set()

    pre_delete.connect(pause, sender=get_user_model())
    try:
        erased, refused = in_parallel([lambda: erase(INVITER, delete_user=True), activate])
    finally:
        pre_delete.disconnect(pause, sender=get_user_model())
    assert erased.user_deleted
    assert isinstance(refused, InviteUnknown)
