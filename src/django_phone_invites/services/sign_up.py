"""Who may sign up: whether a phone without an account gets one, and so a code."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from django_phone_invites import logs
from django_phone_invites.conf import SIGN_UP_POLICIES, app_settings
from django_phone_invites.exceptions import (
    InviteRefusal,
    InviteRequired,
    SignUpClosed,
    SignUpRefusal,
)
from django_phone_invites.models import InviteCode, LoginCode, PhoneAccount
from django_phone_invites.services import invites, linking, site_rules


@dataclass(frozen=True)
class Newcomer:
    """Whoever has no account, as a function in ``PHONE_INVITES_SIGN_UP`` judges them."""

    #: E.164.
    phone: str = field(repr=False)
    #: The region of the number, "" where it has none.
    region: str
    #: ``web`` or ``api``.
    channel: str
    #: The address that asked for the code, None where it is not known.
    address: str | None = field(repr=False)
    #: The invite code that was brought along, None where that is none that they can activate.
    invite: InviteCode | None


def is_open() -> bool:
    """Tell whether everybody may sign up."""
    return app_settings.sign_up == "open"


def withheld_for(login_code: LoginCode, now: dt.datetime) -> str:
    """Return why the phone of a new code is not sent it, by the refusal's code; "" where it is.

    It costs the same for a phone that has an account or is a user's by the site's rule, whom
    nothing is withheld from.

    Raises:
        Unavailable: a function of the site's failed.
    """
    if is_open():
        return ""
    try:
        require_leave(login_code, find_invite(login_code, now))
    except SignUpRefusal as refusal:
        withheld = refusal.code
    else:
        withheld = ""
    has_account = PhoneAccount.objects.filter(phone=login_code.phone).exists()
    is_somebodys = linking.is_somebodys(login_code.phone)
    return "" if has_account or is_somebodys else withheld


def find_invite(login_code: LoginCode, now: dt.datetime) -> InviteCode | None:
    """Return the invite code that came with ``login_code``, None where it cannot be activated."""
    if not login_code.invite:
        return None
    try:
        return invites.require_usable(login_code.invite, phone=login_code.phone, now=now)
    except InviteRefusal:
        return None


def require_leave(login_code: LoginCode, invite: InviteCode | None) -> None:
    """Refuse a phone without an account that may not have one.

    Raises:
        InviteRequired, SignUpClosed: as the policy says.
        Unavailable: the site's function failed. Whoever cannot be judged is not let in.
    """
    policy = app_settings.sign_up
    if policy == "closed":
        raise SignUpClosed
    if policy == "invite" and invite is None:
        raise InviteRequired
    if policy not in SIGN_UP_POLICIES:
        _ask_site(policy, login_code, invite)


def _ask_site(path: str, login_code: LoginCode, invite: InviteCode | None) -> None:
    newcomer = Newcomer(
        phone=login_code.phone,
        region=login_code.region,
        channel=login_code.channel,
        address=login_code.address,
        invite=invite,
    )
    may = site_rules.ask(
        path,
        newcomer,
        refuses=SignUpRefusal,
        tell_failed=lambda name: logs.record(
            "sign_up_failed", "PHONE_INVITES_SIGN_UP failed: %s.", name
        ),
    )
    if not may:
        raise SignUpClosed
