"""The code that a browser asked for: what its session remembers until the code is entered."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest, HttpResponseRedirect
from django.utils import timezone

from django_phone_invites import phones
from django_phone_invites.addresses import client_address
from django_phone_invites.exceptions import CodeNotFound
from django_phone_invites.models import LoginCode
from django_phone_invites.routes import web_url
from django_phone_invites.services import challenges

_KEY = "phone_invites"


@dataclass(frozen=True)
class PendingLogin:
    """The code that this browser asked for last, and where it wanted to go."""

    token: str = ""
    next_url: str = ""


def load(session: SessionBase) -> PendingLogin:
    """Return what the session remembers; an empty one if it remembers nothing."""
    stored = session.get(_KEY, {})
    return PendingLogin(token=stored.get("token", ""), next_url=stored.get("next_url", ""))


def store(session: SessionBase, pending: PendingLogin) -> None:
    """Remember ``pending`` in place of what was there."""
    session[_KEY] = asdict(pending)


def forget(session: SessionBase) -> None:
    """Forget the code: it was used."""
    session.pop(_KEY, None)


def send_code(
    request: HttpRequest, *, phone: str, invite: str, next_url: str
) -> HttpResponseRedirect:
    """Send a code, remember it in the session, and go to where it is entered."""
    requested = challenges.request_code(
        phone=phone,
        channel=LoginCode.Channel.WEB,
        address=client_address(request.META),
        replaces=load(request.session).token,
        invite=invite,
        submitted=request.POST,
    )
    pending = PendingLogin(token=requested.login_code.token, next_url=next_url)
    store(request.session, pending)
    return HttpResponseRedirect(code_url(requested.login_code))


def code_url(login_code: LoginCode) -> str:
    """Return where a code is entered."""
    return web_url("code", token=login_code.token, pk=login_code.pk)


def find_own_code(
    pending: PendingLogin, *, token: str | None = None, pk: int | None = None
) -> LoginCode:
    """Return the code that a URL names, if this browser asked for it.

    Raises:
        CodeNotFound: it did not, or there is no such code; the two look the same.
    """
    login_code = challenges.find_code(channel=LoginCode.Channel.WEB, token=pending.token)
    named = (token is None or token == login_code.token) and (pk is None or pk == login_code.pk)
    if not named:
        raise CodeNotFound
    return login_code


def find_live_code(pending: PendingLogin, phone: str) -> LoginCode | None:
    """Return this browser's code for ``phone`` if it can still be entered."""
    try:
        login_code = find_own_code(pending)
    except CodeNotFound:
        return None
    same = login_code.phone == phones.parse(phone)
    return login_code if same and login_code.is_live(timezone.now()) else None
