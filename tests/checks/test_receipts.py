"""Receipts arrive where senders say that they are to come."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import include, path

from django_phone_invites.senders import Message, Receipt, Sender
from tests.checks.reports import MEMORY, ids, one

# Django's checks of JSONField ask the database.
pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

urlpatterns = [path("receipts/", include("django_phone_invites.receipts.urls"))]


class ReportingSender(Sender):
    """One whose provider is told where to report."""

    provider = "acme"

    def __init__(self, *, callback_url: str = "") -> None:
        self.callback_url = callback_url

    def send(self, message: Message) -> Receipt:
        return Receipt()


def use(settings: Any, url: str) -> None:
    settings.PHONE_INVITES_SENDER = {
        "BACKEND": f"{__name__}.{ReportingSender.__qualname__}",
        "OPTIONS": {"callback_url": url},
    }


@pytest.mark.parametrize(
    "url", ["", "https://site.test/receipts/acme/", "http://site.test/receipts/acme/?secret=s"]
)
def test_where_receipts_are_taken_nothing_is_said(url: str, settings: Any) -> None:
    use(settings, url)
    assert "phone_invites.W013" not in ids(deploy=True)


@pytest.mark.parametrize(
    "url",
    [
        "https://site.test/receipts/acme",
        "https://site.test/receipts/other/",
        "https://site.test/elsewhere/",
        "https://site.test/",
        "/receipts/acme/",
        "ftp://site.test/receipts/acme/",
    ],
)
def test_an_address_that_takes_no_receipts_is_told(url: str, settings: Any) -> None:
    use(settings, url)
    told = one("phone_invites.W013", deploy=True)
    assert told.msg == f"ReportingSender: no receipt arrives at callback_url {url!r}."
    assert "/acme/, where" in (told.hint or "")
    assert "phone_invites.W013" not in ids()


def test_below_a_prefix_the_address_has_it_too(settings: Any) -> None:
    settings.FORCE_SCRIPT_NAME = "/shop"
    use(settings, "https://site.test/shop/receipts/acme/")
    assert "phone_invites.W013" not in ids(deploy=True)


def test_senders_without_receipts_and_broken_ones_have_no_address(settings: Any) -> None:
    settings.PHONE_INVITES_SENDER = {"BACKEND": MEMORY}
    assert "phone_invites.W013" not in ids(deploy=True)
    settings.PHONE_INVITES_SENDER = {"BACKEND": "nowhere.Sender"}
    assert "phone_invites.W013" not in ids(deploy=True)
