"""Token issuers: what an API login gives out, and how it ends. One file for each package."""

from __future__ import annotations

from django.utils.module_loading import import_string
from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request

from django_phone_invites import sessions
from django_phone_invites.api.issuers.base import IssuedLogin, Issuer
from django_phone_invites.api.issuers.function import FunctionIssuer
from django_phone_invites.conf import app_settings
from django_phone_invites.models import ActiveLogin, SiteUser
from django_phone_invites.services.boundary import service

__all__ = [
    "IssuedLogin",
    "Issuer",
    "get_issuer",
    "log_out",
    "log_out_everywhere",
    "present_login",
]


def get_issuer() -> Issuer:
    """Build the issuer that ``PHONE_INVITES_TOKEN_ISSUER`` names: a class, or a plain function.

    Raises:
        ImportError: there is nothing at that path, or the package of the issuer is not installed.
        TypeError: the class is abstract, or cannot be built without arguments.
    """
    found = import_string(app_settings.token_issuer)
    if isinstance(found, type) and issubclass(found, Issuer):
        return found()
    return FunctionIssuer(found)


@service
def log_out(request: Request) -> None:
    """End what the request was authenticated with.

    Raises:
        LogoutImpossible: the issuer in force did not give it out, or cannot end it.
        Unavailable: the database does not answer.
    """
    issuer = get_issuer()
    name = issuer.present(request)
    issuer.revoke(request)
    if name is not None:
        ActiveLogin.objects.filter(reference=issuer.reference_of(name)).delete()


@service
def log_out_everywhere(user: SiteUser) -> None:
    """End all that the issuer in force gave out to ``user``.

    Raises:
        LogoutImpossible: it cannot be ended.
        Unavailable: the database does not answer.
    """
    issuer = get_issuer()
    issuer.revoke_all(user)
    ActiveLogin.objects.filter(user=user, issuer=issuer.path).delete()


@service
def present_login(request: Request) -> str | None:
    """Return the reference of the login that the request was made with, if it is known.

    Raises:
        Unavailable: the database does not answer.
    """
    if isinstance(request.successful_authenticator, SessionAuthentication):
        return sessions.present(request, request.user)
    issuer = get_issuer()
    name = issuer.present(request)
    return None if name is None else issuer.reference_of(name)
