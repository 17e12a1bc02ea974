"""The page that asks before phones are erased, and the view behind it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.contrib.admin.models import DELETION, LogEntry
from django.contrib.auth import get_permission_codename, get_user_model
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from django_phone_invites import logins, phones
from django_phone_invites.admin.base import VIEW_PHONE_NUMBER
from django_phone_invites.exceptions import Refusal
from django_phone_invites.models import PhoneAccount
from django_phone_invites.services import own_data
from django_phone_invites.transactions import outside_transactions

ERASE_PHONE = "phone_invites.erase_phone"
TEMPLATE = "admin/phone_invites/phoneaccount/erase.html"


def ask(
    model_admin: ModelAdmin, request: HttpRequest, accounts: models.QuerySet[PhoneAccount]
) -> TemplateResponse:
    """Show what is to be erased; its form leads to the view below."""
    chosen = list(accounts)
    show = phones.display if request.user.has_perm(VIEW_PHONE_NUMBER) else phones.mask
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("Are you sure?"),
        "opts": model_admin.opts,
        "accounts": chosen,
        "phones": [show(account.e164) for account in chosen],
        "may_delete_users": _may_delete_users(request),
    }
    request.current_app = model_admin.admin_site.name
    return TemplateResponse(request, TEMPLATE, context)


def url(model_admin: ModelAdmin) -> URLPattern:
    """Return the route of the view, which begins its own transactions."""

    def view(request: HttpRequest) -> HttpResponse:
        return _erase(model_admin, request)

    guarded = outside_transactions(model_admin.admin_site.admin_view(view))
    return path("erase/", guarded, name="phone_invites_phoneaccount_erase")


def _erase(model_admin: Any, request: HttpRequest) -> HttpResponse:
    """Erase the phones that the form names, one by one: a refusal of one undoes no other."""
    if not model_admin.has_erase_permission(request):
        raise PermissionDenied
    changelist = HttpResponseRedirect(_changelist(model_admin))
    if request.method != "POST":
        # For example from the login, where a session has ended in between.
        return changelist
    delete_users = "delete_users" in request.POST
    if delete_users and not _may_delete_users(request):
        raise PermissionDenied
    erased = 0
    for account in _chosen(request.POST.getlist("account")):
        erased += _erase_one(model_admin, request, account, delete_users=delete_users)
    text = ngettext("%d phone was erased.", "%d phones were erased.", erased)
    model_admin.message_user(request, text % erased)
    return changelist


def _changelist(model_admin: ModelAdmin) -> str:
    site_name = model_admin.admin_site.name
    return reverse("admin:phone_invites_phoneaccount_changelist", current_app=site_name)


def _chosen(keys: list[str]) -> list[PhoneAccount]:
    numbers = [int(key) for key in keys if key.isascii() and key.isdecimal() and len(key) < 19]
    return list(PhoneAccount.objects.filter(pk__in=numbers).order_by("pk"))


def _erase_one(
    model_admin: ModelAdmin, request: HttpRequest, account: PhoneAccount, *, delete_users: bool
) -> bool:
    if delete_users and account.user_id == request.user.pk:
        text = gettext("%(phone)s: nobody deletes themselves here.")
        model_admin.message_user(request, text % {"phone": account}, messages.ERROR)
        return False
    try:
        done = own_data.erase_phone(
            phone=account.e164, delete_user=delete_users, end_logins=logins.end_all
        )
    except Refusal as refusal:
        model_admin.message_user(request, f"{account}: {refusal}", messages.ERROR)
        return False
    if done.had_account:
        _record(request, account)
    if done.logins_left:
        text = gettext("%(phone)s: these logins could not be ended here: %(names)s.")
        values = {"phone": account, "names": ", ".join(done.logins_left)}
        model_admin.message_user(request, text % values, messages.WARNING)
    return done.had_account


def _record(request: HttpRequest, account: PhoneAccount) -> None:
    """Keep who erased it, under its masked number, as a deletion: its row is gone."""
    # ModelAdmin.log_deletion ends with Django 5, and log_deletions begins with 5.1.
    LogEntry.objects.create(
        user_id=str(request.user.pk),
        content_type=ContentType.objects.get_for_model(account),
        object_id=str(account.pk),
        object_repr=str(account),
        action_flag=DELETION,
    )


def _may_delete_users(request: HttpRequest) -> bool:
    opts: Any = get_user_model()._meta
    return request.user.has_perm(f"{opts.app_label}.{get_permission_codename('delete', opts)}")
