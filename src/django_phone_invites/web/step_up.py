"""For a site's own views that want a right code of late: a function, a decorator, a mixin."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.views.generic import View

from django_phone_invites.routes import web_url
from django_phone_invites.services import verifications

ViewFunction = TypeVar("ViewFunction", bound=Callable[..., HttpResponseBase])


def recently_verified(request: HttpRequest, max_age: dt.timedelta) -> bool:
    """Tell whether who is signed in entered a right code through this session within ``max_age``.

    It reads the session only. A code that the same user enters on another device does not count.
    """
    verified_at = verifications.in_session(request.session, request.user)
    return verifications.is_recent(verified_at, max_age)


def recently_verified_required(*, max_age: dt.timedelta) -> Callable[[ViewFunction], ViewFunction]:
    """Make a view ask for a code first where none was entered within ``max_age``."""

    def decorate(view: ViewFunction) -> ViewFunction:
        @functools.wraps(view)
        def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not recently_verified(request, max_age):
                return verify_first(request)
            return view(request, *args, **kwargs)

        return wrapper  # type: ignore[return-value]

    return decorate


class RecentlyVerifiedMixin(View):
    """Makes a class-based view ask for a code first where none was entered within ``max_age``."""

    max_age: dt.timedelta = verifications.MAX_AGE

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer, or send the visitor to verify their phone."""
        if not recently_verified(request, self.max_age):
            return verify_first(request)
        return super().dispatch(request, *args, **kwargs)


def verify_first(request: HttpRequest) -> HttpResponseRedirect:
    """Lead to where a code is had, and from there back; nothing is sent on the way.

    A form that was submitted is not kept: who comes back finds it empty.
    """
    page = "verify" if request.user.is_authenticated else "phone"
    return redirect_with_next(page, request.get_full_path())


def redirect_with_next(page: str, next_url: str) -> HttpResponseRedirect:
    """Lead to one of the pages with where to go afterwards; "" is nowhere in particular."""
    query = f"?{urlencode({'next': next_url})}" if next_url else ""
    return HttpResponseRedirect(web_url(page) + query)
