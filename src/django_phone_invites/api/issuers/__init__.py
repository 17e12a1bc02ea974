"""Token issuers: what an API login gives out, and how it ends. One file for each package."""

from __future__ import annotations

from django.utils.module_loading import import_string
from rest_framework.request import Request

from django_phone_invites.api.issuers.base import Issuer
from django_phone_invites.api.issuers.function import FunctionIssuer
from django_phone_invites.conf import app_settings
from django_phone_invites.models import SiteUser
from django_phone_invites.services.boundary import service

__all__ = ["Issuer", "get_issuer", "log_out", "log_out_everywhere"]


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
    get_issuer().revoke(request)


@service
def log_out_everywhere(user: SiteUser) -> None:
    """End all that the issuer in force gave out to ``user``.

    Raises:
        LogoutImpossible: it cannot be ended.
        Unavailable: the database does not answer.
    """
    get_issuer().revoke_all(user)
