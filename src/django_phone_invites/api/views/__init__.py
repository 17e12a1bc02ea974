"""The endpoints: parse, call one service, answer."""

from django_phone_invites.api.views.base import AnonymousView, JSONView, OwnView, SignedInView
from django_phone_invites.api.views.logins import (
    LoginsView,
    LoginView,
    LogoutEverywhereView,
    LogoutView,
)
from django_phone_invites.api.views.number import (
    ChangeNumberView,
    RequestChangeView,
    UndoChangeView,
)
from django_phone_invites.api.views.profile import InviteesView, MeView, ProfileView
from django_phone_invites.api.views.sign_in import RequestCodeView, VerifyCodeView

__all__ = [
    "AnonymousView",
    "ChangeNumberView",
    "InviteesView",
    "JSONView",
    "LoginView",
    "LoginsView",
    "LogoutEverywhereView",
    "LogoutView",
    "MeView",
    "OwnView",
    "ProfileView",
    "RequestChangeView",
    "RequestCodeView",
    "SignedInView",
    "UndoChangeView",
    "VerifyCodeView",
]
