"""Providers' callbacks: parse, call one service, answer."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import View

from django_phone_invites.exceptions import Unavailable
from django_phone_invites.senders import Callback, CallbackError
from django_phone_invites.services.receipts import ProviderUnknown, take_callback
from django_phone_invites.transactions import outside_transactions


@method_decorator(csrf_exempt, name="dispatch")
@method_decorator(never_cache, name="dispatch")
class ReceiptView(View):
    """Take what a provider says of its messages."""

    http_method_names = ("get", "post")

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        """Return the view, kept out of ``ATOMIC_REQUESTS``: a receipt is kept at once."""
        view: Any = outside_transactions(super().as_view(**initkwargs))
        # Read by Django's LoginRequiredMiddleware: providers are not logged in.
        view.login_required = False
        return view

    def get(self, request: HttpRequest, provider: str) -> HttpResponse:
        """Answer like a POST: some providers put all into the address."""
        return self.post(request, provider)

    def post(self, request: HttpRequest, provider: str) -> HttpResponse:
        """Answer 200, 403 where it is not the provider's, 503 for it to come again."""
        try:
            said = take_callback(provider=provider, callback=_read(request))
        except ProviderUnknown as unknown:
            raise Http404 from unknown
        except CallbackError:
            return HttpResponse(status=403, content_type="text/plain")
        except Unavailable as refusal:
            return HttpResponse(status=refusal.status, content_type="text/plain")
        return HttpResponse(said, content_type="text/plain")


def _read(request: HttpRequest) -> Callback:
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Callback(request.build_absolute_uri(), headers, request.body)
