"""``authenticate(request, phone=..., code=...)``, for a site's own login forms."""

from __future__ import annotations

from functools import partial

from asgiref.sync import sync_to_async
from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables

from django_phone_invites.addresses import client_address
from django_phone_invites.exceptions import (
    AccountDisabled,
    CodeNotFound,
    RateLimited,
    Refusal,
    SignUpRefusal,
    Unavailable,
)
from django_phone_invites.models import SiteUser
from django_phone_invites.services import verifications
from django_phone_invites.services.boundary import service
from django_phone_invites.services.login import verify_code
from django_phone_invites.transactions import run_durably
from django_phone_invites.web import challenge


class PhoneBackend(ModelBackend):
    """Finds the user of a phone by a code that this browser asked for.

    Users and permissions are those of ``ModelBackend``. Passwords are not: their backend is another
    line of ``AUTHENTICATION_BACKENDS``.
    """

    # Other credentials do not fit this signature, so that Django does not ask here.
    @sensitive_variables()
    def authenticate(  # type: ignore[override]
        self, request: HttpRequest | None, phone: object, code: object
    ) -> SiteUser | None:
        """Return the user whose phone it is, made at their first right code, or None.

        The code is the one that the session of ``request`` remembers, the newest it asked for, and
        no other of the phone: a stranger's guesses spend only what the stranger asked for. It is
        used up when this returns.

        Raises:
            PermissionDenied: no other backend shall let them in: too many wrong guesses came from
                this address, or the code is right and its user may not log in, or not sign up.
            Unavailable: the database does not answer; whether the code is right was not said.
            RuntimeError: there is a transaction around this, as under ``ATOMIC_REQUESTS``.
        """
        session = getattr(request, "session", None)
        if request is None or session is None:
            return None
        _require_no_transaction()
        try:
            user = _verify(request, str(phone), code)
        except (AccountDisabled, SignUpRefusal, RateLimited) as refusal:
            raise PermissionDenied(str(refusal)) from None
        except Unavailable:
            raise
        except Refusal:
            return None
        return user if self.user_can_authenticate(user) else None

    async def aauthenticate(  # type: ignore[override]
        self, request: HttpRequest | None, phone: object, code: object
    ) -> SiteUser | None:
        """Do the same in a thread; that of ``ModelBackend`` would take a password."""
        return await sync_to_async(self.authenticate)(request, phone=phone, code=code)


@sensitive_variables()
def _verify(request: HttpRequest, phone: str, code: object) -> SiteUser:
    pending = challenge.load(request.session)
    login_code = challenge.find_live_code(pending, phone)
    # A code for who is signed in already is entered on its own page, which lets nobody else in.
    if login_code is None or pending.user:
        raise CodeNotFound
    done = verify_code(
        login_code=login_code,
        guess=code,
        sign_in=partial(verifications.remember, request.session),
        address=client_address(request.META),
    )
    challenge.forget(request.session)
    return done.account.user


@service
def _require_no_transaction() -> None:
    """Say what is wrong before anything is looked up, and not at the first wrong code only."""
    try:
        run_durably(lambda: None)
    except RuntimeError as error:
        raise RuntimeError(
            "authenticate(phone=..., code=...) counts the guess in a transaction of its own, which "
            "must be the outermost. Take the view out of ATOMIC_REQUESTS with "
            "django_phone_invites.transactions.outside_transactions, and the call out of atomic()."
        ) from error
