"""A start page, a phone that shows the messages sent (development only), and the API's own 404."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBadRequest,
    HttpResponseRedirect,
    JsonResponse,
)
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from rest_framework.exceptions import NotFound

from example import inbox

#: Redoc has its search in a worker made of a blob, and both put styles into the page.
DOCS_POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; worker-src blob:; "
    "base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
)


@require_safe
@never_cache
def start(request: HttpRequest) -> HttpResponse:
    """Show where everything is."""
    return render(request, "example/start.html")


@require_safe
@never_cache
def phone(request: HttpRequest) -> HttpResponse:
    """Show the newest messages that the sender has written to its file."""
    messages = inbox.read_newest(settings.PHONE_INVITES_SENDER["OPTIONS"]["path"])
    return render(request, "example/phone.html", {"messages_sent": messages})


@csrf_exempt
def api_not_found(request: HttpRequest) -> HttpResponse:
    """Answer in JSON where the API has nothing, with DEBUG too; add a slash that was left out.

    Not a ``handler404``: with DEBUG Django does not call it.
    """
    if request.method in {"GET", "HEAD"} and not request.path.endswith("/"):
        return HttpResponseRedirect(request.get_full_path(force_append_slash=True))
    body = {"code": NotFound.default_code, "detail": NotFound.default_detail}
    return JsonResponse(body, status=NotFound.status_code)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    """Show the page as Django does, but without a CSRF token.

    To make one Django reads the form, and fails again where that is what cannot be read.
    """
    return HttpResponseBadRequest(render_to_string("400.html"))


def from_here_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Let the browser ask nobody else: Redoc has a logo, and Swagger UI a badge, from elsewhere."""

    @require_safe
    @wraps(view)
    def answer(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        response = view(request, **kwargs)
        response.headers["Content-Security-Policy"] = DOCS_POLICY
        return response

    return answer
