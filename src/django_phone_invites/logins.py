"""All logins of a user, whichever skin they came through: sessions, and what the API gave out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import router, transaction
from django.utils import timezone
from django.utils.module_loading import import_string

from django_phone_invites import codes, sessions
from django_phone_invites.conf import app_settings
from django_phone_invites.exceptions import LogoutImpossible
from django_phone_invites.models import ActiveLogin, SiteUser
from django_phone_invites.services.boundary import service
from django_phone_invites.transactions import run_durably

#: What sessions are called that cannot be shown or ended; all else is called by its issuer's path.
SESSIONS = "sessions"

# By name: the API is imported where a site has it, and nowhere else.
_API = "django_phone_invites.api.issuers"

#: The app that keeps what an issuer gives out. All that are installed are asked, as a site that has
#: changed its issuer may still take what the one before gave out.
_ISSUERS = {
    f"{_API}.authtoken.AuthTokenIssuer": "rest_framework.authtoken",
    f"{_API}.knox.KnoxIssuer": "knox",
    f"{_API}.jwt.JWTIssuer": "rest_framework_simplejwt.token_blacklist",
}
_NOT_ASKED = {*_ISSUERS, f"{_API}.session.SessionIssuer"}

#: Records that one round of ``purge_ended`` looks at.
_BATCH = 100
#: When a login that goes on is looked at again.
_LOOK_AGAIN = dt.timedelta(days=30)


@dataclass(frozen=True)
class KnownLogin:
    """A login that goes on."""

    reference: str
    #: The dotted path of the issuer of its token; "" for a session.
    issuer: str
    began_at: dt.datetime | None
    #: None where it is not known, or comes with a logout only.
    ends_at: dt.datetime | None
    #: A few words of the client, which may say anything; "" where they were not kept.
    user_agent: str
    #: Whether the request that asks was made with it.
    is_present: bool


@dataclass(frozen=True)
class KnownLogins:
    """What a user is logged in with, newest first, as far as it is known."""

    logins: Sequence[KnownLogin]
    #: What else may go on, by the names that ``end_all`` has for them.
    unknown: Sequence[str]


@service
def find_all(user: SiteUser, *, present: str | None = None) -> KnownLogins:
    """Return what ``user`` is logged in with.

    Sessions that were not begun through this package are not in it.

    Args:
        user: whose logins.
        present: the reference of the login that asks.

    Raises:
        Unavailable: the database does not answer.
    """
    unknown = [] if sessions.can_be_shown() else [SESSIONS]
    found = [_of_session(record, present) for record in sessions.show(user)]
    for path, issuer in _issuers():
        issued = issuer.logins(user)
        if issued is None:
            unknown.append(path)
        elif issued:
            found += _of_issuer(user, path, issuer, issued, present)
    return KnownLogins(sorted(found, key=_age), unknown)


def _of_session(record: ActiveLogin, present: str | None) -> KnownLogin:
    return KnownLogin(
        reference=record.reference,
        issuer="",
        began_at=record.created_at,
        ends_at=None,
        user_agent=record.user_agent,
        is_present=record.reference == present,
    )


def _of_issuer(
    user: SiteUser, path: str, issuer: Any, issued: Sequence[Any], present: str | None
) -> Iterator[KnownLogin]:
    kept = ActiveLogin.objects.filter(user=user, issuer=issuer.path)
    user_agents = dict(kept.values_list("reference", "user_agent"))
    for one in issued:
        reference = issuer.reference_of(one.name)
        yield KnownLogin(
            reference=reference,
            issuer=path,
            began_at=one.began_at,
            ends_at=one.ends_at,
            user_agent=user_agents.get(reference, ""),
            is_present=reference == present,
        )


def _age(login: KnownLogin) -> float:
    return -login.began_at.timestamp() if login.began_at else 0


@service
def end_one(user: SiteUser, reference: str) -> bool:
    """End one login of ``user``; tell whether it is one of theirs that went on.

    Raises:
        LogoutImpossible: it cannot be ended.
        Unavailable: the database does not answer.
        RuntimeError: there is a transaction around this.
    """
    if not codes.is_token(reference):
        return False
    return run_durably(lambda: _end_one(user, reference))


def end_remembered(record: ActiveLogin) -> None:
    """End the login of a record, inside a transaction, and forget it.

    Raises:
        LogoutImpossible: it cannot be ended; nothing has changed.
    """
    _end_one(record.user, record.reference)
    ActiveLogin.objects.filter(pk=record.pk).delete()


def _end_one(user: SiteUser, reference: str) -> bool:
    return sessions.end_one(user, reference) or _revoke_one(user, reference)


def _revoke_one(user: SiteUser, reference: str) -> bool:
    for _, issuer in _issuers():
        for one in issuer.logins(user) or ():
            if issuer.reference_of(one.name) == reference:
                issuer.revoke_one(user, one.name)
                ActiveLogin.objects.filter(user=user, reference=reference).delete()
                return True
    return False


def end_all(user: SiteUser) -> list[str]:
    """End every session and token of ``user``; return the names of those that go on.

    For operators, and inside a transaction: of a user with a password it may read all sessions of
    the site. An access token of Simple JWT works until its own end, five minutes by default.
    """
    are_over = sessions.end_all(user) or sessions.end_stored(user)
    return _end_tokens(user, are_over)


@service
def log_out_everywhere(user: SiteUser) -> list[str]:
    """End every session and token for ``user``, who asks; return the names of those that may go on.

    Of a user with a password these are the sessions that are not remembered: to look for them may
    take minutes, which nobody but an operator may ask for. A new password ends them.

    Raises:
        Unavailable: the database does not answer.
        RuntimeError: there is a transaction around this.
    """
    return run_durably(lambda: _end_tokens(user, sessions.end_all(user)))


def _end_tokens(user: SiteUser, sessions_are_over: bool) -> list[str]:
    left = []
    if not sessions_are_over:
        sessions.end_remembered(user)
        left.append(SESSIONS)
    left += [path for path, issuer in _issuers() if not _ends(issuer, user)]
    ActiveLogin.objects.filter(user=user).exclude(issuer__in=left).delete()
    return left


@service
def disable(user: SiteUser) -> list[str]:
    """Disable ``user``, and end all that they are logged in with; return what ``end_all`` does.

    A disabled user is refused in any case. What was ended does not come to life again when they are
    enabled; what could not be ended does.

    Raises:
        FieldDoesNotExist: users of this site cannot be disabled.
        Unavailable: the database does not answer.
    """
    user._meta.get_field("is_active")

    def end() -> list[str]:
        # A login that is under way has the row, or waits for it and is refused.
        user.is_active = False
        user.save(update_fields=["is_active"])
        return end_all(user)

    if not transaction.get_connection(router.db_for_write(type(user))).in_atomic_block:
        return run_durably(end)
    with transaction.atomic():
        return end()


def purge_ended() -> Iterator[int]:
    """Forget the logins that are over; yield how many, batch by batch.

    Their sessions and issuers are asked once their time has come, and then once in 30 days.
    """
    while True:
        now = timezone.now()
        due = ActiveLogin.objects.filter(check_after__lt=now)
        batch = list(due.select_related("user").order_by("pk")[:_BATCH])
        if not batch:
            return
        over = [record.pk for record in batch if not _goes_on(record)]
        # Of those that are due still: a session has a new key and another time meanwhile.
        yield due.filter(pk__in=over).delete()[0]
        due.filter(pk__in=[record.pk for record in batch]).update(check_after=now + _LOOK_AGAIN)


def _goes_on(record: ActiveLogin) -> bool:
    if not record.issuer:
        return sessions.goes_on(record)
    return any(
        issuer.reference_of(one.name) == record.reference
        for _, issuer in _issuers()
        for one in issuer.logins(record.user) or ()
    )


def _issuers() -> Iterator[tuple[str, Any]]:
    own = _own_issuer()
    if own is not None:
        yield app_settings.token_issuer, own
    for path, app in _ISSUERS.items():
        if apps.is_installed(app):
            issuer = import_string(path)()
            # One that a site has derived from it knows the same tokens.
            if not isinstance(own, type(issuer)):
                yield path, issuer


def _own_issuer() -> Any:
    if app_settings.token_issuer in _NOT_ASKED:
        return None
    return import_string(f"{_API}.get_issuer")()


def _ends(issuer: Any, user: SiteUser) -> bool:
    try:
        issuer.revoke_all(user)
    except LogoutImpossible:
        return False
    return True
