"""Whether a guess is right: by the code that is derived, by a fixed one, or by whose code it is."""

from __future__ import annotations

import datetime as dt

from django.views.decorators.debug import sensitive_variables

from django_phone_invites import codes, logs
from django_phone_invites.exceptions import Unavailable
from django_phone_invites.models import LoginCode
from django_phone_invites.senders import CodeOwner, SendError, get_sender
from django_phone_invites.services import fixed_codes


def owner_of(login_code: LoginCode) -> CodeOwner | None:
    """Return the sender that made the code and has to compare it, None where it is ours."""
    for sender in get_sender().members():
        if isinstance(sender, CodeOwner) and sender.name == login_code.delivered_by:
            return sender
    return None


@sensitive_variables()
def is_right(login_code: LoginCode, guess: str, now: dt.datetime) -> bool:
    """Tell whether ``guess`` is the code that we made, in the same time for every guess.

    Raises:
        CodeExpired: it was asked for a test number that is none any more.
    """
    if login_code.is_test:
        return fixed_codes.is_right(login_code, guess, now)
    return codes.matches(login_code.seed, guess)


@sensitive_variables()
def is_right_for(owner: CodeOwner, login_code: LoginCode, guess: str) -> bool:
    """Ask ``owner`` whether ``guess`` is right. It costs a request, and uses the code up.

    Raises:
        Unavailable: the provider does not say.
    """
    try:
        return owner.verify(login_code.phone, guess)
    except SendError as error:
        name = f"{type(error).__name__} {error.code}".rstrip()
        logs.record("verify_failed", "Login code %s was not compared: %s.", login_code.pk, name)
        raise Unavailable from error
