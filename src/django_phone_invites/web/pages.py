"""What all pages share: headers, no surrounding transaction, and one way to show a refusal."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from django.conf import settings as django_settings
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.loader import render_to_string
from django.utils.decorators import method_decorator
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.generic import FormView, View

from django_phone_invites.exceptions import RateLimited, Refusal, Unavailable
from django_phone_invites.transactions import outside_transactions


@method_decorator(csrf_protect, name="dispatch")
@method_decorator(never_cache, name="dispatch")
@method_decorator(sensitive_post_parameters(), name="dispatch")
class PageView(View):
    """What all pages share: their headers, and one way to show a refusal."""

    http_method_names: tuple[str, ...] = ("get", "head", "post", "options")

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        """Return the view, kept out of ``ATOMIC_REQUESTS``: a refusal must not undo its count."""
        view: Any = outside_transactions(super().as_view(**initkwargs))
        # Read by Django's LoginRequiredMiddleware: a page that needs a user asks for one itself.
        view.login_required = False
        return view

    @sensitive_variables()
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer, with the headers that keep the page out of frames, caches and referrers.

        Codes, numbers and tokens that are read here go into no error report.
        """
        require_readable_session(request)
        try:
            response = self.redirect_away() or super().dispatch(request, *args, **kwargs)
        except Unavailable as refusal:
            response = self.apologise(refusal)
        response.headers.setdefault("X-Frame-Options", "DENY")
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", "same-origin")
        return response

    def redirect_away(self) -> HttpResponseBase | None:
        """Return where to go instead of this page, None to stay; called before all else."""
        return None

    def apologise(self, refusal: Unavailable) -> HttpResponse:
        """Say that the database does not answer. What is shown needs none."""
        context = {"message": str(refusal)}
        content = render_to_string("phone_invites/unavailable.html", context)
        headers = {"Retry-After": str(refusal.retry_after)}
        return HttpResponse(content, status=refusal.status, headers=headers)


class RefusingFormView(PageView, FormView, ABC):
    """A form whose service may refuse: the refusal becomes the form's error."""

    #: The field that errors stand at; None where it is the form as a whole.
    error_field: str | None

    def form_valid(self, form: Form) -> HttpResponse:
        """Call the service; show what it refuses."""
        try:
            return self.serve(form)
        except Refusal as refusal:
            return self.refuse(form, refusal)

    @abstractmethod
    def serve(self, form: Form) -> HttpResponse:
        """Call the service and answer."""

    def lead_away(self, refusal: Refusal, url: str) -> HttpResponse:
        """Go to another page and say it there: this one has nothing to offer any more."""
        messages.error(self.request, str(refusal))
        return HttpResponseRedirect(url)

    def refuse(self, form: Form, refusal: Refusal) -> HttpResponse:
        """Show the form with the refusal: 200, or 429 or 503 with the time to come back."""
        if isinstance(refusal, Unavailable):
            raise refusal
        if form.is_bound:
            form.add_error(self.error_field, explain(refusal))
        else:
            # What was refused is not what the form asks for: its field has no error.
            messages.error(self.request, explain(refusal))
        response = self.render_to_response(self.get_context_data(form=form))
        if refusal.retry_after is not None:
            response.status_code = refusal.status
            response.headers["Retry-After"] = str(refusal.retry_after)
        return response


def require_readable_session(request: HttpRequest) -> None:
    """Refuse a session cookie that PostgreSQL would raise at: it takes no NUL in what it looks up.

    Raises:
        BadRequest: there is a NUL in the cookie. No browser sends one that it was not given.
    """
    if "\0" in request.COOKIES.get(django_settings.SESSION_COOKIE_NAME, ""):
        raise BadRequest("The session cookie holds a NUL.")


def explain(refusal: Refusal) -> str:
    """Return what a person is told: the refusal's message, and when to come back."""
    if isinstance(refusal, RateLimited):
        minutes, seconds = -(-refusal.retry_after // 60), refusal.retry_after
        if seconds <= 90:
            wait = (
                ngettext("Try again in %d second.", "Try again in %d seconds.", seconds) % seconds
            )
        else:
            wait = (
                ngettext("Try again in %d minute.", "Try again in %d minutes.", minutes) % minutes
            )
        return wait
    return str(refusal)
