"""Random lives of a site: whatever is asked, entered, activated and switched off, and in whatever order, it
answers as the model says.

A long run, each life of 60 steps instead of 30::

    MACHINE_EXAMPLES=2000 MACHINE_STEPS=60 python -m pytest tests/attack/test_state_machine.py
"""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import math
import os
import uuid
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

import pytest
import time_machine
from django.conf import settings as django_settings
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session as SessionRow
from django.http import HttpResponse
from django.test import Client, TestCase, override_settings
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from django_phone_invites import exceptions
from django_phone_invites.models import InviteActivation, InviteCode, LoginCode, PhoneAccount
from django_phone_invites.senders.memory import outbox
from django_phone_invites.services.upkeep import find_broken
from tests.attack.model import (
    STATUSES,
    Answer,
    Code,
    Invite,
    Model,
    Person,
    Rules,
    Session,
)
from tests.log_records import told

IS_LONG = "MACHINE_EXAMPLES" in os.environ
EXAMPLES = int(os.environ.get("MACHINE_EXAMPLES", "30"))
STEPS = int(os.environ.get("MACHINE_STEPS", "30"))

START = dt.datetime(2026, 3, 1, 12, tzinfo=dt.timezone.utc)
API = -1

SECOND = dt.timedelta(seconds=1)
MINUTE = dt.timedelta(minutes=1)
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)

# The first two are of one block, the last two addresses of one /64.
ALL_PHONES = ["+79096869722", "+79096869723", "+79161234567"]
PHONES = st.sampled_from(ALL_PHONES)
ADDRESSES = st.sampled_from(["203.0.113.7", "198.51.100.9", "2001:db8::1", "2001:db8::2"])
BROWSERS = st.integers(0, 2)
#: A browser, or the API.
DOORS = st.sampled_from([0, 1, 2, API, API])
#: Which of whatever there is by then, the newest of codes first.
WHICH = st.integers(0, 11)
NEWEST = st.sampled_from([0, 0, 0, 1, 1, 2, 3, 4])
GUESSES = st.sampled_from(["right", "right", "wrong", "wrong", "malformed", "another's"])
EVENTS = [
    "log_out",
    "disable_a_user",
    "enable_a_user",
    "delete_a_user",
    "change_the_key",
    "begin_a_campaign",
    "revoke_an_invite",
]
WAITS = ["next message", "next guess", "end of a code", "end of a failure", 1, 60, 600, 86_400]
MALFORMED = ["", "x", "12", "9" * 13, "9" * 33, "\u0661" * 8, "1234567a", "1234567\0"]


def _few(low: int, high: int) -> st.SearchStrategy[int | None]:
    return st.none() | st.integers(low, high)


# Small, so that thirty steps meet them. Codes are long, so that neither luck nor an old key makes a wrong guess
# a right one.
RULES = st.builds(
    Rules,
    code_length=st.just(8),
    code_lifetime=st.sampled_from([5 * MINUTE, 10 * MINUTE]),
    code_attempts=st.integers(1, 4),
    resend_cooldown=st.sampled_from([MINUTE, 30 * SECOND, 0 * SECOND]),
    resend_cooldown_max=st.sampled_from([MINUTE, 4 * MINUTE, 32 * MINUTE]),
    phone_messages_per_hour=st.integers(2, 5),
    phone_messages_per_day=st.integers(3, 8),
    address_messages_per_hour=_few(2, 6),
    address_messages_per_day=_few(4, 9),
    address_failures_per_hour=_few(2, 6),
    block_messages_per_hour=_few(3, 7),
    site_messages_per_hour=_few(4, 9),
    site_messages_per_day=_few(6, 14),
    invite_failures_per_hour=_few(1, 3),
    phone_failure_lengths=st.sampled_from([{2: 9, 4: 10}, {1: 12}, {}]),
    site_failure_lengths=st.sampled_from([{3: 9, 6: 12}, {}]),
)

T = TypeVar("T")


def pick(items: Sequence[T], which: int) -> T:
    return items[which % len(items)]


def _refusals(kind: type[exceptions.Refusal]) -> Iterator[type[exceptions.Refusal]]:
    for below in kind.__subclasses__():
        yield below
        yield from _refusals(below)


#: What a person is told, by the published code.
WORDS = {
    refusal.code: str(refusal.message)
    for refusal in _refusals(exceptions.Refusal)
    if hasattr(refusal, "code")
}


class Records(logging.Handler):
    """Keeps all log records, of whatever level."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.kept: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.kept.append(record)


@contextlib.contextmanager
def recorded() -> Iterator[list[logging.LogRecord]]:
    handler, root = Records(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield handler.kept
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


@contextlib.contextmanager
def undone() -> Iterator[None]:
    """Undo all changes of a life, as a ``TestCase`` undoes those of a test."""
    atomics = TestCase._enter_atomics()
    try:
        yield
    finally:
        TestCase._rollback_atomics(atomics)


class Site(RuleBasedStateMachine):
    """The site, beside the model of it."""

    def __init__(self) -> None:
        super().__init__()
        self.life = contextlib.ExitStack()

    @initialize(rules=RULES, doors=st.lists(DOORS, max_size=3))
    def open(self, rules: Rules, doors: list[int]) -> None:
        self.clock = self.life.enter_context(time_machine.travel(START, tick=False))
        self.model = Model(rules, START)
        self.clients = [Client() for _ in range(3)]
        self.sessions = [Session() for _ in range(3)]
        self.tokens: list[Person] = []
        self.keys = ["key 0"]
        self.told: list[tuple[str, list[Code], str]] = []
        declared = {f"PHONE_INVITES_{name.upper()}": value for name, value in vars(rules).items()}
        # Sessions outlive everything here; their end is the site's own business.
        self.set(SECRET_KEY=self.keys[0], SESSION_COOKIE_AGE=10**9, **declared)
        self.records = self.life.enter_context(recorded())
        self.life.enter_context(undone())
        outbox.clear()
        for door, phone in zip(doors, ALL_PHONES, strict=False):
            self.sign_in(door, phone, "198.51.100.9", None, [])

    def teardown(self) -> None:
        self.life.close()
        outbox.clear()

    def set(self, **declared: Any) -> None:
        self.life.enter_context(override_settings(**declared))

    # Asking

    @rule(door=DOORS, phone=PHONES, address=ADDRESSES, invite=WHICH | st.none())
    def ask(self, door: int, phone: str, address: str, invite: int | None) -> None:
        self.pass_time(SECOND)
        text = "" if invite is None else self.invite_text(invite)
        if door == API:
            self.ask_the_api(phone, address, text)
        else:
            self.ask_on_the_page(door, phone, address, text)

    @rule(
        door=DOORS,
        phone=PHONES,
        address=ADDRESSES,
        invite=WHICH | st.none(),
        guesses=st.lists(GUESSES, max_size=4),
    )
    def sign_in(
        self, door: int, phone: str, address: str, invite: int | None, guesses: list[str]
    ) -> None:
        """Wait as long as one must, ask, and enter something, then the code."""
        ends = [*self.model.message_ends(phone, address), self.model.guesses_end(address)]
        self.wait_until(max(ends), early=False)
        self.ask(door, phone, address, invite)
        code = self.model.codes[-1]
        for guess in [*guesses, "right"]:
            if code in self.enterable():
                self.enter(self.enterable().index(code), guess, 0, address, as_integer=False)

    def ask_on_the_page(self, number: int, phone: str, address: str, invite: str) -> None:
        session, before = self.sessions[number], self.sessions[number].pending
        expected = self.model.ask(phone=phone, address=address, client=session, invite=invite)
        answer = self.post(number, "/user/", {"phone": phone, "invite": invite}, address)
        if expected.code == "rate_limited" and self.leads_to(before, phone):
            assert (answer.status_code, answer["Location"]) == (302, before.url)
        else:
            self.check_sent_page(answer, expected)

    def leads_to(self, pending: Code | None, phone: str) -> bool:
        return pending is not None and pending.phone == phone and not self.model.why_over(pending)

    @precondition(lambda self: any(session.pending for session in self.sessions))
    @rule(which=WHICH, address=ADDRESSES)
    def ask_again_on_the_page(self, which: int, address: str) -> None:
        self.pass_time(SECOND)
        number, code = self.pick_pending(which)
        session = self.sessions[number]
        expected = self.model.ask(
            phone=code.phone, address=address, client=session, invite=code.invite
        )
        self.check_sent_page(self.post(number, code.url, {"resend": "1"}, address), expected)

    def check_sent_page(self, answer: Any, expected: Answer) -> None:
        if expected.code == "sent":
            assert answer.status_code == 302
            self.read_message(answer["Location"])
        else:
            self.check_limited(answer, expected)

    def ask_the_api(self, phone: str, address: str, invite: str) -> None:
        client = (phone, address)
        expected = self.model.ask(phone=phone, address=address, client=client, invite=invite)
        body = {"phone": phone, "invite_code": invite}
        answer = self.call("post", "/api/codes/", body, address)
        self.check_api(answer, expected)
        if expected.code == "sent":
            code = self.read_message(answer["Location"])
            found = answer.json()
            assert found.pop("id") == token_of(code)
            assert parse_datetime(found.pop("expires_at")) == self.expires(code)
            resend_at = parse_datetime(found.pop("resend_at"))
            assert resend_at == max(self.model.resend_at(phone), self.model.now)
            assert found == {"phone": phone, "attempts_left": self.model.attempts_left(code)}

    def read_message(self, url: str) -> Code:
        """Let the phone receive its code."""
        code, message = self.model.codes[-1], outbox[-1]
        code.digits, code.url = message.code, url
        assert message.phone == code.phone
        assert code.length in code.lengths
        return code

    # Entering

    @precondition(lambda self: self.enterable())
    @rule(which=NEWEST, kind=GUESSES, other=WHICH, address=ADDRESSES, as_integer=st.booleans())
    def enter(self, which: int, kind: str, other: int, address: str, as_integer: bool) -> None:
        self.pass_time(SECOND)
        code = pick(self.enterable(), which)
        guess = self.guess(code, kind, other)
        if isinstance(code.client, Session):
            self.enter_on_the_page(self.sessions.index(code.client), guess, address)
        else:
            self.enter_at_the_api(code, guess, address, as_integer=as_integer)

    def enterable(self) -> list[Code]:
        """Return the codes that somebody has a place to enter for: live ones first, then the newest."""
        pending = [session.pending for session in self.sessions]
        found = [
            code
            for code in self.model.codes[::-1]
            if isinstance(code.client, tuple) or code in pending
        ]
        return sorted(found, key=lambda code: bool(self.model.why_over(code)))

    def enter_on_the_page(self, number: int, guess: str, address: str) -> None:
        session, code = self.sessions[number], self.sessions[number].pending
        expected = self.model.enter(code, guess, address)
        answer = self.post(number, code.url, {"auth_number": guess}, address)
        if expected.code == "logged_in":
            session.pending, session.person = None, self.learn(code)
            assert (answer.status_code, answer["Location"]) == (302, "/user/profile/")
        else:
            self.check_refused_page(answer, expected, "auth_number")
            assert answer.context["attempts_left"] == self.model.attempts_left(code)

    def enter_at_the_api(self, code: Code, guess: str, address: str, *, as_integer: bool) -> None:
        sent: object = guess
        if as_integer and guess.isascii() and guess.isdecimal():
            sent = int(guess)
            guess = str(sent).zfill(code.length)
        expected = self.model.enter(code, guess, address)
        answer = self.call("post", code.url, {"auth_number": sent}, address)
        self.check_api(answer, expected, "auth_number")
        if expected.code == "logged_in":
            body = answer.json()
            refused = body.pop("invite_refusal", {"code": "activated"})
            assert refused["code"] == (expected.invite or "activated")
            self.take_token(self.learn(code), body)
        elif expected.code == "code_invalid":
            found = answer.json()
            assert found["attempts_left"] == self.model.attempts_left(code)
            assert parse_datetime(found["resend_at"]) == expected.come_back

    def take_token(self, person: Person, body: dict[str, Any]) -> None:
        assert (str(body["id"]), set(body)) == (person.id, {"token", "id"})
        assert person.token in {"", body["token"]}
        person.token = body["token"]
        self.tokens = [*(one for one in self.tokens if one is not person), person]
        self.told[-1] = (*self.told[-1][:2], person.token)

    def guess(self, code: Code, kind: str, other: int) -> str:
        if kind == "right":
            return code.digits
        if kind == "wrong":
            return str((int(code.digits) + 1) % 10**code.length).zfill(code.length)
        if kind == "malformed":
            return pick(MALFORMED, other)
        return pick(self.model.codes, other).digits

    def learn(self, code: Code) -> Person:
        """Read what the server gave a person at the first login, and that it changed nothing at another."""
        person = self.model.people[code.phone]
        account = PhoneAccount.objects.select_related("user__invite_code").get(phone=code.phone)
        given = str(account.user.pk), account.user.invite_code.code
        assert not person.id or (person.id, person.code) == given
        person.id, person.code = given
        self.model.invite_of(person).code = person.code
        return person

    @precondition(lambda self: self.model.codes)
    @rule(which=NEWEST, number=BROWSERS, address=ADDRESSES)
    def enter_where_it_was_not_asked_for(self, which: int, number: int, address: str) -> None:
        self.pass_time(SECOND)
        code = pick(self.model.codes[::-1], which)
        if self.sessions[number].pending is not code:
            body = {"auth_number": code.digits}
            answer = self.post(number, f"/user/code/{token_of(code)}/", body, address)
            # Whoever is signed in is led on, as after the back button.
            person = self.model.signed_in(self.sessions[number])
            place = "/user/profile/" if person else "/user/"
            assert (answer.status_code, answer["Location"]) == (302, place)
        if isinstance(code.client, Session):
            self.enter_unknown(token_of(code), code.digits, address)
        self.enter_unknown(uuid.uuid4().hex, code.digits, address)

    def enter_unknown(self, token: str, guess: str, address: str) -> None:
        body = {"auth_number": guess}
        answer = self.call("post", f"/api/codes/{token}/", body, address)
        self.check_api(answer, Answer("code_not_found"))

    # Invites

    @rule(door=DOORS, which=WHICH, invite=WHICH, address=ADDRESSES)
    def activate(self, door: int, which: int, invite: int, address: str) -> None:
        self.pass_time(SECOND)
        if door != API:
            self.activate_on_the_page(door, self.invite_text(invite), address)
        elif self.tokens:
            self.activate_at_the_api(pick(self.tokens, which), self.invite_text(invite), address)

    def activate_on_the_page(self, number: int, text: str, address: str) -> None:
        person = self.model.signed_in(self.sessions[number])
        expected = self.model.activate(person, text) if person else None
        body = {"stranger_invite_code": text}
        answer = self.post(number, "/user/profile/", body, address)
        if expected is None:
            assert (answer.status_code, answer["Location"][:12]) == (302, "/user/?next=")
        elif expected.code == "activated":
            assert (answer.status_code, answer["Location"]) == (302, "/user/profile/")
        else:
            self.check_refused_page(answer, expected, "stranger_invite_code")

    def activate_at_the_api(self, person: Person, text: str, address: str) -> None:
        body = {"stranger_invite_code": text}
        known = self.model.signed_in(Session(person=person))
        expected = self.model.activate(person, text) if known else None
        answer = self.call("patch", "/api/profile/", body, address, person.token)
        if expected is None:
            assert (answer.status_code, answer.json()["code"]) == (401, "authentication_failed")
            return
        self.check_api(answer, expected)
        if expected.code == "activated":
            assert answer.json() == {"stranger_invite_code": person.activated.code}

    def invite_text(self, which: int) -> str:
        """Return somebody's code, one's own, a campaign's, or one that nobody has."""
        text = pick([*(invite.code for invite in self.model.invites), "NOBODY"], which)
        return text.swapcase() if which % 2 else text

    # Looking

    @rule(door=DOORS, which=WHICH, method=st.sampled_from(["get", "head"]), address=ADDRESSES)
    def look(self, door: int, which: int, method: str, address: str) -> None:
        if door != API:
            self.look_at_pages(door, method)
        elif self.tokens:
            self.look_at_the_api(pick(self.tokens, which), address)

    def look_at_pages(self, number: int, method: str) -> None:
        session = self.sessions[number]
        pending, person = session.pending, self.model.signed_in(session)
        asked = pending.url if pending else f"/user/code/{'0' * 32}/"
        for path, opens in {"/user/": True, asked: pending, "/user/profile/": person}.items():
            answer = self.ask_for(number, method, path)
            assert answer.status_code == (200 if opens else 302)
        if person:
            context = answer.context
            shown = self.model.shown_invitees(person)
            assert context["invite_code"] == person.code
            assert context["activated_code"] == (person.activated and person.activated.code)
            assert context["invitee_count"] == len(self.model.invite_of(person).by)
            assert [one.phone for one in context["invitees"]] == [masked(one) for one in shown]

    def look_at_the_api(self, person: Person, address: str) -> None:
        answer = self.call("get", "/api/profile/", None, address, person.token)
        if not self.model.signed_in(Session(person=person)):
            assert (answer.status_code, answer.json()["code"]) == (401, "authentication_failed")
            return
        found = answer.json()
        shown = self.model.shown_invitees(person)
        assert str(found.pop("id")) == person.id
        assert [one["phone"] for one in found.pop("invite_user")] == [masked(one) for one in shown]
        assert found == {
            "phone": person.phone,
            "invite_code": person.code,
            "stranger_invite_code": person.activated and person.activated.code,
            "invite_user_count": len(self.model.invite_of(person).by),
        }

    # What else happens

    @rule(what=st.sampled_from(EVENTS), which=WHICH)
    def let_something_happen(self, what: str, which: int) -> None:
        getattr(self, what)(which)

    def log_out(self, which: int) -> None:
        number = which % 3
        cookie = self.clients[number].cookies.get("sessionid")
        answer = self.post(number, "/user/logout/", {}, "203.0.113.7")
        assert (answer.status_code, answer["Location"]) == (302, "/user/")
        assert cookie is None or not SessionRow.objects.filter(session_key=cookie.value).exists()
        self.sessions[number] = Session()

    def disable_a_user(self, which: int) -> None:
        self.switch_a_user(which, is_active=False)

    def enable_a_user(self, which: int) -> None:
        self.switch_a_user(which, is_active=True)

    def switch_a_user(self, which: int, *, is_active: bool) -> None:
        for person in self.pick_person(which):
            person.active = is_active
            get_user_model().objects.filter(pk=person.id).update(is_active=is_active)

    def delete_a_user(self, which: int) -> None:
        for person in self.pick_person(which):
            self.model.delete(person)
            get_user_model().objects.get(pk=person.id).delete()

    def pick_person(self, which: int) -> list[Person]:
        """Return one of the people, or none where there is nobody."""
        people = list(self.model.people.values())
        return [pick(people, which)] if people else []

    def change_the_key(self, which: int) -> None:
        self.keys.append(f"key {len(self.keys)}")
        self.set(SECRET_KEY=self.keys[-1], SECRET_KEY_FALLBACKS=self.keys[-2::-1])

    def begin_a_campaign(self, which: int) -> None:
        most = pick([None, 1, 2], which)
        expires = pick([None, None, None, self.model.now + HOUR], which)
        name = f"Spring{uuid.uuid4().hex[:8]}"
        self.model.invites.append(Invite(code=name, most=most, expires=expires))
        InviteCode.objects.create(code=name, folded=name.upper(), max_uses=most, expires_at=expires)

    def revoke_an_invite(self, which: int) -> None:
        if self.model.invites:
            invite = pick(self.model.invites, which)
            invite.revoked = True
            InviteCode.objects.filter(code=invite.code).update(revoked_at=timezone.now())

    # A request takes a second: one second before the moment itself the clock is two short of it.

    @rule(
        wait=st.sampled_from(WAITS),
        which=NEWEST,
        phone=PHONES,
        address=ADDRESSES,
        early=st.booleans(),
    )
    def wait(self, wait: str | int, which: int, phone: str, address: str, early: bool) -> None:
        codes, failures = self.model.codes[::-1], self.model.failures[::-1]
        moments: dict[str | int, list[dt.datetime]] = {
            "next message": self.model.message_ends(phone, address),
            "next guess": [self.model.guesses_end(address)],
            "end of a code": [self.expires(pick(codes, which))] if codes else [],
            "end of a failure": [
                pick(failures, which).at + lasts for lasts in (DAY, 30 * DAY) if failures
            ],
        }
        if isinstance(wait, int):
            self.pass_time(wait * SECOND)
        else:
            ahead = [at for at in moments[wait] if at > self.model.now]
            self.wait_until(pick(sorted(ahead) or [self.model.now], which), early)

    def wait_until(self, moment: dt.datetime, early: bool) -> None:
        wanted = moment - SECOND - (SECOND if early else 0 * SECOND)
        self.pass_time(max(wanted - self.model.now, 0 * SECOND))

    def pass_time(self, lasts: dt.timedelta) -> None:
        self.model.now += lasts
        self.clock.move_to(self.model.now)

    # What holds after each step

    @invariant()
    def messages_are_the_model_s(self) -> None:
        assert [message.phone for message in outbox] == [code.phone for code in self.model.codes]

    @invariant()
    def codes_are_the_model_s(self) -> None:
        now = timezone.now()
        found = {
            row.token: (row.attempts, row.used_at is not None, row.is_live(now))
            for row in LoginCode.objects.all()
        }
        assert found == {
            token_of(code): (code.attempts, code.used, not self.model.why_over(code))
            for code in self.model.codes
        }

    @invariant()
    def at_most_two_codes_of_a_phone_live(self) -> None:
        now = timezone.now()
        live = [row.phone for row in LoginCode.objects.filter(LoginCode.live(now))]
        assert all(live.count(phone) <= 2 for phone in live)

    @invariant()
    def users_are_the_phones_that_verified(self) -> None:
        users = list(get_user_model().objects.select_related("phone_account", "invite_code"))
        assert {user.phone_account.e164: user.invite_code.code for user in users} == {
            person.phone: person.code for person in self.model.people.values()
        }
        assert not any(user.has_usable_password() for user in users)

    @invariant()
    def activations_are_counted(self) -> None:
        assert InviteActivation.objects.count() == self.model.activations
        found = dict(InviteCode.objects.values_list("code", "uses"))
        assert found == {invite.code: len(invite.by) for invite in self.model.invites}

    @invariant()
    def nothing_is_broken(self) -> None:
        assert list(find_broken()) == []

    @invariant()
    def nothing_tells_a_code(self) -> None:
        codes = [message.code for message in outbox]
        nonces = list(LoginCode.objects.values_list("nonce", flat=True))
        tokens = {person.token for person in self.tokens}
        for text, own, given in self.told:
            others = [token_of(code) for code in self.model.codes if code not in own]
            assert not held(text, [*codes, *nonces, *others, *(tokens - {given})])
        for row in SessionRow.objects.all():
            assert not held(repr(row.get_decoded()), [*codes, *nonces, *tokens])
        assert not held(repr(list(LoginCode.objects.values())), codes)
        people = [code.phone[1:] for code in self.model.codes]
        addresses = ["203.0.113.7", "198.51.100.9", "2001:db8::"]
        for record in self.records:
            text = told(record)
            assert not held(text, [*codes, *nonces, *tokens])
            if record.name.startswith("django_phone_invites"):
                opaque = [token_of(code) for code in self.model.codes]
                assert not held(text, [*opaque, *people, *addresses])
        self.told.clear()
        self.records.clear()

    # Requests

    def post(self, number: int, path: str, body: dict[str, str], address: str) -> Any:
        return self.ask_for(number, "post", path, data=body, REMOTE_ADDR=address)

    def ask_for(self, number: int, method: str, path: str, **more: Any) -> Any:
        own = [self.sessions[number].pending]
        answer = getattr(self.clients[number], method)(path, **more)
        own.append(self.sessions[number].pending)
        return self.keep(answer, [code for code in own if code])

    def call(self, method: str, path: str, body: object, address: str, token: str = "") -> Any:
        headers = {"HTTP_AUTHORIZATION": f"Token {token}"} if token else {}
        data = {} if body is None else {"data": body, "content_type": "application/json"}
        client = Client(REMOTE_ADDR=address)
        answer = getattr(client, method)(path, **data, **headers)
        assert not answer.cookies
        return self.keep(answer, self.model.codes[-1:])

    def keep(self, answer: HttpResponse, own: list[Code]) -> HttpResponse:
        """Keep what a client was told, and the codes whose ids it may know."""
        assert answer.status_code < 500
        text = "\n".join(
            [answer.content.decode(), repr(dict(answer.headers)), answer.cookies.output()]
        )
        self.told.append((text, own, ""))
        return answer

    def check_api(self, answer: Any, expected: Answer, field: str = "") -> None:
        assert answer.status_code == STATUSES[expected.code], answer.content
        if answer.status_code < 400:
            return
        body = answer.json()
        found = body["errors"][field][0] if body["code"] == "invalid" else body
        assert found["code"] == expected.code
        if expected.code == "rate_limited":
            assert answer["Retry-After"] == self.retry_after(expected)
            # Only where it is the next code that has to wait.
            if answer.wsgi_request.path == "/api/codes/":
                assert parse_datetime(body["resend_at"]) == expected.come_back
            else:
                assert "resend_at" not in body

    def check_refused_page(self, answer: Any, expected: Answer, field: str) -> None:
        if expected.code == "rate_limited":
            self.check_limited(answer, expected)
            return
        assert answer.status_code == 200
        assert answer.context["form"].errors[field] == [WORDS[expected.code]]

    def check_limited(self, answer: Any, expected: Answer) -> None:
        assert answer.status_code == 429
        assert answer["Retry-After"] == self.retry_after(expected)

    def retry_after(self, expected: Answer) -> str:
        wait = expected.come_back - self.model.now
        return str(max(1, math.ceil(wait.total_seconds())))

    def expires(self, code: Code) -> dt.datetime:
        return code.sent_at + self.model.rules.code_lifetime

    def pick_pending(self, which: int) -> tuple[int, Code]:
        """Return a browser that has a code, and the code."""
        found = [
            (number, session.pending)
            for number, session in enumerate(self.sessions)
            if session.pending
        ]
        return pick(found, which)


def token_of(code: Code) -> str:
    return code.url.rstrip("/").rpartition("/")[2]


def masked(person: Person) -> str:
    return f"+7 •••-•••-••-{person.phone[-2:]}"


def held(text: str, secrets: Sequence[str]) -> list[str]:
    return [secret for secret in secrets if secret and secret in text]


@pytest.mark.skipif(not django_settings.HAS_DRF, reason="half of the requests go to the API")
@pytest.mark.django_db
def test_a_site_answers_as_its_model_says():
    run_state_machine_as_test(
        Site,
        settings=settings(
            max_examples=EXAMPLES,
            # The same lives each time, unless somebody asks for a number of them.
            derandomize=not IS_LONG,
            # What has failed is made smaller for minutes; the short form only says that it has.
            phases=[phase for phase in Phase if IS_LONG or phase is not Phase.shrink],
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
