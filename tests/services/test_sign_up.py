"""Who may sign up: what strangers are sent, and what the right code of one does."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import pytest
from django.utils import timezone

from django_phone_invites import codes, signals
from django_phone_invites.exceptions import (
    InviteRequired,
    Refusal,
    SignUpClosed,
    Unavailable,
)
from django_phone_invites.models import InviteActivation, InviteCode, LoginCode, PhoneAccount
from django_phone_invites.senders.memory import outbox
from django_phone_invites.services import invites, sign_up, upkeep
from django_phone_invites.services.challenges import request_code
from django_phone_invites.services.login import verify_code
from django_phone_invites.services.sign_up import Newcomer
from django_phone_invites.testing import sign_up as make_account

pytestmark = pytest.mark.django_db

PHONE, INVITER = "+79096869722", "+79096869723"
PAST = timezone.now() - dt.timedelta(days=1)
THREADS = 20

judged: list[Newcomer] = []


def judge(newcomer: Newcomer) -> bool:
    """Let in whoever is invited, or calls from Kazakhstan."""
    judged.append(newcomer)
    return newcomer.invite is not None or newcomer.region == "KZ"


def word(newcomer: Newcomer) -> bool:
    raise InviteRequired("Ask a member.")


def broken(newcomer: Newcomer) -> bool:
    raise ZeroDivisionError(newcomer.phone)


@pytest.fixture(autouse=True)
def _nobody_judged():
    judged.clear()


@pytest.fixture
def site(settings):
    """Set the policy."""

    def site(policy: str, **more: object) -> None:
        settings.PHONE_INVITES_SIGN_UP = policy
        for name, value in more.items():
            setattr(settings, f"PHONE_INVITES_{name}", value)

    return site


def request(phone=PHONE, **more) -> LoginCode:
    return request_code(phone=phone, channel="web", **more).login_code


def stored(row: LoginCode) -> LoginCode:
    return LoginCode.objects.get(pk=row.pk)


def enter(row: LoginCode, guess: str | None = None):
    """Enter the right code, whoever has got it."""
    row = stored(row)
    guess = codes.derive(row.seed) if guess is None else guess
    return verify_code(login_code=row, guess=guess, sign_in=lambda user: user.pk)


def campaign(**fields) -> InviteCode:
    return InviteCode.objects.create(code="SPRING", **fields)


UNUSABLE = {
    "none": None,
    "unknown": {"code": "OTHER1"},
    "expired": {"expires_at": PAST},
    "revoked": {"revoked_at": PAST},
    "used up": {"max_uses": 1, "uses": 1},
}


# What is sent


def test_an_open_site_sends_to_everybody_and_asks_nobody(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert sign_up.withheld_for(LoginCode(phone=PHONE, invite="SPRING"), timezone.now()) == ""
    row = request()
    assert (stored(row).withheld, len(outbox)) == ("", 1)


@pytest.mark.parametrize(
    ("policy", "code"), [("closed", "sign_up_closed"), ("invite", "invite_required")]
)
def test_a_stranger_is_sent_nothing_and_the_row_says_why(site, policy, code, caplog):
    caplog.set_level("INFO", "django_phone_invites")
    site(policy)
    row = stored(request())
    assert outbox == []
    assert (row.withheld, row.delivery, row.purpose) == (code, "none", "login")
    assert [record.event for record in caplog.records] == ["code_withheld"]
    assert caplog.messages == [f"Login code {row.pk} to +7 •••-•••-••-22 is not sent: {code}."]


@pytest.mark.parametrize("policy", ["closed", "invite", f"{__name__}.judge"])
def test_whoever_has_an_account_is_sent_the_code_and_logs_in(site, policy):
    user = make_account(PHONE)
    site(policy)
    row = request()
    assert (stored(row).withheld, len(outbox)) == ("", 1)
    assert enter(row).account.user == user


def test_a_usable_invite_code_brings_the_message(site):
    campaign()
    site("invite")
    row = request(invite="spring")
    assert (stored(row).withheld, len(outbox)) == ("", 1)


@pytest.mark.parametrize("fields", UNUSABLE.values(), ids=UNUSABLE)
def test_an_invite_code_that_nobody_can_activate_does_not_count(site, fields):
    if fields is not None:
        InviteCode.objects.create(**{"code": "SPRING", **fields})
    site("invite")
    assert stored(request(invite="SPRING")).withheld == "invite_required"
    assert outbox == []


def test_the_code_of_a_disabled_inviter_does_not_count(site):
    inviter = make_account(INVITER)
    type(inviter)._default_manager.update(is_active=False)
    site("invite")
    assert stored(request(invite=inviter.invite_code.code)).withheld == "invite_required"


def test_no_invite_code_opens_a_closed_site(site):
    campaign()
    site("closed")
    assert stored(request(invite="SPRING")).withheld == "sign_up_closed"


def test_limits_count_what_is_not_sent(site):
    site("closed")
    request()
    with pytest.raises(Refusal) as refused:
        request()
    assert refused.value.code == "rate_limited"


def test_a_worker_sends_a_stranger_nothing_either(site, settings, monkeypatch):
    from django_phone_invites.delivery import queue

    monkeypatch.setattr("django_phone_invites.delivery._enqueue", lambda login_code: None)
    site("closed", SEND="task")
    row = request()
    assert stored(row).delivery == "queued"
    assert queue.take(row.pk) is None
    assert (stored(row).delivery, outbox) == ("none", [])


# What the right code does


@pytest.mark.parametrize(
    ("policy", "refusal"),
    [
        ("closed", SignUpClosed),
        ("invite", InviteRequired),
        (f"{__name__}.judge", SignUpClosed),
        (f"{__name__}.word", InviteRequired),
    ],
)
def test_the_right_code_of_a_stranger_makes_nobody_and_is_over(site, policy, refusal, caplog):
    row = request()
    site(policy)
    caplog.set_level("INFO", "django_phone_invites")
    with pytest.raises(refusal):
        enter(row)
    assert not PhoneAccount.objects.exists()
    kept = stored(row)
    assert (kept.attempts, kept.used_at, kept.ended_at is None) == (1, None, False)
    with pytest.raises(Refusal) as again:
        enter(row)
    assert again.value.code == "code_expired"
    assert [record.event for record in caplog.records] == ["sign_up_refused"]
    assert refusal.code in caplog.messages[0]


@pytest.mark.parametrize("policy", ["closed", "invite", f"{__name__}.judge"])
def test_a_wrong_code_says_nothing_of_the_policy(site, policy):
    site(policy)
    row = request()
    right = codes.derive(row.seed)
    with pytest.raises(Refusal) as refused:
        enter(row, str((int(right) + 1) % 10**6).zfill(6))
    assert (refused.value.code, stored(row).attempts) == ("code_invalid", 1)


def test_an_invited_stranger_signs_up_and_has_activated_the_code(site):
    told = []

    def receiver(**given):
        told.append(given["activation"])

    signals.invite_activated.connect(receiver)
    spring = campaign()
    site("invite")
    login = enter(request(invite="SPRING"))
    signals.invite_activated.disconnect(receiver)
    assert (login.created, login.invite_refusal) == (True, None)
    (activation,) = InviteActivation.objects.all()
    assert told == [activation]
    assert activation.invitee == login.account.user
    spring.refresh_from_db()
    assert spring.uses == 1
    assert list(upkeep.find_broken()) == []


def test_no_activation_is_left_of_a_login_that_failed(site):
    spring = campaign()
    site("invite")
    row = request(invite="SPRING")

    def fail(user):
        raise RuntimeError("the power is out")

    with pytest.raises(RuntimeError):
        verify_code(login_code=row, guess=outbox[-1].code, sign_in=fail)
    spring.refresh_from_db()
    assert (spring.uses, PhoneAccount.objects.count()) == (0, 0)
    assert enter(row).created


@pytest.mark.parametrize("change", [{"revoked_at": PAST}, {"expires_at": PAST}, {"max_uses": 1}])
def test_a_code_that_ends_between_the_message_and_its_entry_does_not_count(site, change):
    spring = campaign()
    site("invite")
    row = request(invite="SPRING")
    InviteCode.objects.filter(pk=spring.pk).update(uses=1, **change)
    with pytest.raises(InviteRequired):
        enter(row)
    assert not PhoneAccount.objects.exists()


def test_a_code_that_others_use_up_at_this_moment_does_not_count(site, monkeypatch):
    """What was found usable is used up before the transaction that needs it."""
    spring = campaign(max_uses=1)
    site("invite")
    row = request(invite="SPRING")
    find = sign_up.find_invite

    def find_then_lose(login_code, now):
        found = find(login_code, now)
        InviteCode.objects.filter(pk=spring.pk).update(uses=1)
        return found

    monkeypatch.setattr(sign_up, "find_invite", find_then_lose)
    with pytest.raises(InviteRequired):
        enter(row)
    assert not PhoneAccount.objects.exists()
    assert stored(row).attempts == 1


def test_a_number_that_was_invited_before_its_erasure_is_not_again(site):
    from django_phone_invites.services.own_data import erase_phone

    campaign()
    user = make_account(PHONE)
    invites.activate_invite(user=user, code="SPRING")
    erase_phone(phone=PHONE, delete_user=True, end_logins=lambda user: [])
    site("invite")
    assert stored(request(invite="SPRING")).withheld == "invite_required"


# A site's own rule


def test_the_site_s_rule_is_given_what_it_needs(site):
    spring = campaign()
    site(f"{__name__}.judge")
    row = request(invite="SPRING", address="192.0.2.1")
    assert enter(row).created
    assert judged == [Newcomer(PHONE, "RU", "web", "192.0.2.1", spring)] * 2
    assert PHONE not in repr(judged)
    spring.refresh_from_db()
    assert spring.uses == 1


def test_whom_the_site_s_rule_lets_in_needs_no_invite_code(site):
    site(f"{__name__}.judge")
    assert enter(request("+77012345678")).created
    login = enter(request("+77012345679", invite="NOBODY"))
    assert login.created
    assert login.invite_refusal.code == "invite_unknown"


def test_the_site_s_rule_has_words_of_its_own(site):
    row = request()
    site(f"{__name__}.word")
    with pytest.raises(InviteRequired, match="Ask a member"):
        enter(row)


def test_a_rule_that_fails_lets_nobody_in_and_costs_no_attempt(site, caplog):
    row = request()
    site(f"{__name__}.broken")
    with pytest.raises(Unavailable):
        enter(row)
    with pytest.raises(Unavailable):
        request("+79096869729")
    assert stored(row).is_live(timezone.now())
    assert [record.event for record in caplog.records] == ["sign_up_failed"] * 2
    assert PHONE not in caplog.text


def test_refusals_say_what_to_do():
    assert str(SignUpClosed()) == "Nobody can sign up at the moment."
    assert "invite code" in str(InviteRequired())


# The notice


@pytest.mark.parametrize(
    ("policy", "code"), [("closed", "sign_up_closed"), ("invite", "invite_required")]
)
def test_a_stranger_is_sent_a_notice_where_the_site_asks_for_it(site, policy, code):
    site(policy, SIGN_UP_NOTICE=True, SITE_NAME="Shop", HOST="example.com")
    row = stored(request())
    (message,) = outbox
    assert message.text == "Shop: there is no account for this number."
    assert (message.purpose, message.code) == ("no_account", "")
    assert (row.purpose, row.withheld, row.delivery) == ("no_account", code, "sent")


def test_a_notice_is_not_for_whoever_has_an_account(site):
    make_account(PHONE)
    site("closed", SIGN_UP_NOTICE=True)
    request()
    assert outbox[-1].code != ""


def test_no_guess_at_a_notice_logs_in(site):
    site("closed", SIGN_UP_NOTICE=True)
    row = request()
    with pytest.raises(SignUpClosed):
        enter(row)
    assert not PhoneAccount.objects.exists()


# Races


@pytest.mark.django_db(transaction=True)
def test_one_of_many_who_sign_up_with_the_last_use_of_a_code_gets_in(in_parallel, site, settings):
    spring = campaign(max_uses=1)
    site("invite", BLOCK_MESSAGES_PER_HOUR=None, ADDRESS_MESSAGES_PER_HOUR=None)
    settings.PHONE_INVITES_ADDRESS_MESSAGES_PER_DAY = None
    rows = [request(f"+7909686{index:04}", invite="SPRING") for index in range(THREADS)]
    results = in_parallel([lambda row=row: enter(row) for row in rows])
    found = Counter(getattr(result, "code", "done") for result in results)
    assert found == {"done": 1, "invite_required": THREADS - 1}
    spring.refresh_from_db()
    assert spring.uses == PhoneAccount.objects.count() == InviteActivation.objects.count() == 1
    assert list(upkeep.find_broken()) == []


@pytest.mark.django_db(transaction=True)
def test_many_right_codes_of_one_invited_phone_make_one_user(in_parallel, site):
    spring = campaign()
    site("invite")
    row = request(invite="SPRING")
    results = in_parallel([lambda: enter(row)] * THREADS)
    found = Counter(getattr(result, "code", "done") for result in results)
    assert found == {"done": 1, "code_used": THREADS - 1}
    spring.refresh_from_db()
    assert spring.uses == PhoneAccount.objects.count() == 1
