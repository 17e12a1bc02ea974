"""What attackers and people do, and how it ended."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from importlib import import_module

from django.conf import settings
from django.db.models import Sum
from django.utils import timezone

from django_phone_invites import codes, limits
from django_phone_invites.limits.rules import Counted
from django_phone_invites.models import LoginCode, SiteUser
from django_phone_invites.services import upkeep
from django_phone_invites.testing import sign_up
from django_phone_invites.web import challenge
from tests.attack.client import Answer, Browser, Request, new_address
from tests.attack.server import Server

PARALLEL = 50
ATTEMPTS = 5


def phone(number: int) -> str:
    """Return a phone in a block of its own."""
    return f"+7909{number:04}000"


def ask(phone: str, address: str = "") -> Request:
    """Return a request for a code."""
    return Request("POST", "/api/codes/", {"phone": phone}, address=address or new_address())


def ask_now(server: Server, phone: str) -> LoginCode:
    """Ask for a code and return its row."""
    answer = server.one(ask(phone))
    assert answer.status == 201, answer
    return LoginCode.objects.get(token=answer.body["id"])


def make_code(
    phone: str, channel: str = LoginCode.Channel.API, changes: SiteUser | None = None
) -> LoginCode:
    """Return a code as if it had been asked for, without what that counts.

    It logs in, or makes the phone the number of ``changes``.
    """
    now = timezone.now()
    return LoginCode.objects.create(
        phone=phone,
        user=changes,
        purpose=LoginCode.Purpose.CHANGE if changes else LoginCode.Purpose.LOGIN,
        channel=channel,
        length=6,
        locale="en",
        created_at=now,
        expires_at=now + dt.timedelta(minutes=5),
    )


def right(login_code: LoginCode) -> str:
    """Return the code."""
    return codes.derive(login_code.seed)


def wrong(login_code: LoginCode) -> str:
    """Return another one."""
    length = login_code.length
    return str((int(right(login_code)) + 1) % 10**length).zfill(length)


def guess(login_code: LoginCode, digits: str, address: str = "") -> Request:
    """Return a guess at a code of the API."""
    path, body = f"/api/codes/{login_code.token}/", {"auth_number": digits}
    return Request("POST", path, body, address=address or new_address())


def browser_of(login_code: LoginCode) -> Browser:
    """Return a browser that has asked for a code of the pages."""
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    challenge.store(session, challenge.PendingLogin(token=login_code.token))
    session.save()
    return Browser({"sessionid": session.session_key, "csrftoken": "a" * 32})


def guess_on_page(browser: Browser, login_code: LoginCode, digits: str, address: str) -> Request:
    """Return a guess at a code of the pages."""
    form = browser.post(f"/user/code/{login_code.token}/", {"auth_number": digits})
    return Request(form.method, form.path, form.body, address=address, cookies=form.cookies)


def token_of(user: SiteUser) -> str:
    """Return a user's token."""
    from rest_framework.authtoken.models import Token

    return str(Token.objects.get_or_create(user=user)[0].key)


def activate(user: SiteUser, code: str) -> Request:
    """Return a user's activation of an invite code."""
    return Request("PATCH", "/api/profile/", {"stranger_invite_code": code}, token_of(user))


def people(number: int, first: int = 0) -> list[SiteUser]:
    """Return that many users."""
    return [sign_up(phone(first + one)) for one in range(number)]


def outcomes(answers: Iterable[Answer]) -> Counter[str]:
    """Return how often each refusal or status came."""
    return Counter(answer.outcome for answer in answers)


def attempts() -> int:
    """Return how many guesses were evaluated, by the login codes."""
    return LoginCode.objects.aggregate(Sum("attempts", default=0))["attempts__sum"]


def counted(counter: Counted) -> int:
    """Return how many events a counter holds."""
    events = limits.read([counter], timezone.now()).events(counter)
    return sum(number for _, number in events)


def assert_nothing_broken() -> None:
    """Run the check of ``manage.py phone_invites_check``."""
    assert list(upkeep.find_broken()) == []
