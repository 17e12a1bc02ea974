"""The code that a browser asked for: what its session remembers until the code is entered."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

from django.contrib import messages
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from django_phone_invites import phones
from django_phone_invites.addresses import client_address
from django_phone_invites.exceptions import CodeNotFound, RateLimited, Refusal, SendingPaused
from django_phone_invites.models import LoginCode, SiteUser
from django_phone_invites.routes import web_url
from django_phone_invites.services import challenges

_KEY = "phone_invites"


@dataclass(frozen=True)
class PendingLogin:
    """The code that this browser asked for last, and where it wanted to go."""

    token: str = ""
    next_url: str = ""
    #: Whom it verifies again, as ``verifications.key_of`` has them; "" where it logs somebody in.
    user: str = ""


def load(session: SessionBase) -> PendingLogin:
    """Return what the session remembers; an empty one if it remembers nothing."""
    stored = session.get(_KEY, {})
    return PendingLogin(**{name: stored.get(name, "") for name in ("token", "next_url", "user")})


def store(session: SessionBase, pending: PendingLogin) -> None:
    """Remember ``pending`` in place of what was there."""
    session[_KEY] = asdict(pending)


def forget(session: SessionBase) -> None:
    """Forget the code: it was used."""
    session.pop(_KEY, None)


def send_code(
    request: HttpRequest,
    *,
    phone: str,
    invite: str = "",
    next_url: str = "",
    user: str = "",
    changes: SiteUser | None = None,
) -> LoginCode:
    """Send a code and remember it in the session: it is entered in this browser only.

    Args:
        request: its ``POST`` is what the site's gate is given.
        phone: a number as a person writes it.
        invite: an invite code to activate if this turns out to be a first login.
        next_url: where to go afterwards; it was checked.
        user: ``PendingLogin.user``.
        changes: whose number the code changes; None for one that logs in.

    Raises:
        Refusal: whatever :func:`challenges.request_code` refuses.
    """
    requested = challenges.request_code(
        phone=phone,
        channel=LoginCode.Channel.WEB,
        address=client_address(request.META),
        replaces=load(request.session).token,
        invite=invite,
        user=changes,
        submitted=request.POST,
    )
    pending = PendingLogin(token=requested.login_code.token, next_url=next_url, user=user)
    store(request.session, pending)
    return requested.login_code


def resume(
    request: HttpRequest,
    refusal: Refusal,
    *,
    phone: str,
    invite: str = "",
    next_url: str = "",
    user: str = "",
    changes: SiteUser | None = None,
) -> LoginCode | None:
    """Return this browser's code for ``phone`` where ``refusal`` is that no other is sent yet.

    What the request brings along takes the place of what the code was asked for with. Returns None
    where there is no code that can still be entered, and for refusals of another kind.
    """
    if not isinstance(refusal, (RateLimited, SendingPaused)):
        return None
    pending = load(request.session)
    login_code = find_live_code(pending, phone, changes=changes)
    if login_code is None:
        return None
    next_url, user = next_url or pending.next_url, user or pending.user
    store(request.session, replace(pending, next_url=next_url, user=user))
    if invite:
        challenges.replace_invite(login_code=login_code, invite=invite)
    messages.info(request, _("A code was sent to this number already."))
    return login_code


def code_url(login_code: LoginCode) -> str:
    """Return where a code is entered."""
    page = "number_code" if login_code.purpose == LoginCode.Purpose.CHANGE else "code"
    return web_url(page, token=login_code.token, pk=login_code.pk)


def find_own_code(
    pending: PendingLogin,
    *,
    token: str | None = None,
    pk: int | None = None,
    changes: SiteUser | None = None,
) -> LoginCode:
    """Return the code that a URL names, if this browser asked for it.

    With ``changes`` it is one that changes the number of this user, without one that logs in.

    Raises:
        CodeNotFound: it did not, or there is no such code; the two look the same.
    """
    login_code = challenges.find_code(
        channel=LoginCode.Channel.WEB, token=pending.token, user=changes
    )
    named = (token is None or token == login_code.token) and (pk is None or pk == login_code.pk)
    if not named:
        raise CodeNotFound
    return login_code


def find_live_code(
    pending: PendingLogin, phone: str, *, changes: SiteUser | None = None
) -> LoginCode | None:
    """Return this browser's code for ``phone`` if it can still be entered."""
    try:
        login_code = find_own_code(pending, changes=changes)
    except CodeNotFound:
        return None
    same = login_code.phone == phones.parse(phone)
    return login_code if same and login_code.is_live(timezone.now()) else None
