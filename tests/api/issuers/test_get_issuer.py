"""Which issuer is in force."""

from __future__ import annotations

import pytest

from django_phone_invites.api.issuers import Issuer, get_issuer
from django_phone_invites.api.issuers.authtoken import AuthTokenIssuer
from django_phone_invites.api.issuers.function import FunctionIssuer


class Half(Issuer):
    """Gives out what nobody can end."""

    def issue(self, request, user):
        return {}


def give_nothing(request, user):
    return {}


class Callable:
    """Built by the login, as a function is called."""

    def __init__(self, request, user):
        pass


def test_without_a_setting_it_is_the_token_of_rest_framework():
    assert type(get_issuer()) is AuthTokenIssuer


@pytest.mark.parametrize("made", [give_nothing, Callable])
def test_whatever_else_can_be_called_is_taken_for_a_function(settings, made):
    settings.PHONE_INVITES_TOKEN_ISSUER = f"{__name__}.{made.__name__}"
    issuer = get_issuer()
    assert isinstance(issuer, FunctionIssuer)
    assert issuer.function.__name__ == made.__name__
    assert issuer.ends()


def test_an_issuer_that_ends_nothing_is_none(settings):
    settings.PHONE_INVITES_TOKEN_ISSUER = f"{__name__}.Half"
    with pytest.raises(TypeError, match="revoke"):
        get_issuer()
