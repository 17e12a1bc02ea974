"""What the tests of the pages share: a browser's steps, routes of a site's own, and what a page may hold."""

from __future__ import annotations

import datetime as dt
import re
import runpy
import types
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.http import HttpResponse
from django.test import Client
from django.urls import include, path
from time_machine import TimeMachineFixture

from django_phone_invites.routes import web_url
from django_phone_invites.web import urls

PHONE = "+79096869722"


@pytest.fixture
def clock(time_machine: TimeMachineFixture) -> TimeMachineFixture:
    """A clock that only moves when it is shifted."""
    time_machine.move_to(dt.datetime(2026, 3, 1, 12, tzinfo=dt.timezone.utc), tick=False)
    return time_machine


@pytest.fixture
def enter_phone() -> Callable[..., str]:
    """Ask for a code in a browser and return the address of the page to enter it on."""

    def enter_phone(client: Client, phone: str = PHONE, query: str = "", **data: str) -> str:
        response = client.post(web_url("phone") + query, {"phone": phone, **data})
        assert response.status_code == 302, response.content.decode()
        url: str = response.headers["Location"]
        return url

    return enter_phone


@pytest.fixture
def use_routes(settings: Any) -> Callable[..., None]:
    """Serve the pages at other paths, as a site does through ``PHONE_INVITES_ROUTES``."""

    def use_routes(**routes: str) -> None:
        settings.PHONE_INVITES_ROUTES = routes
        # The URLconf reads the setting when it is imported; run it again and leave the module alone.
        made = runpy.run_path(urls.__file__)
        urlconf = types.ModuleType("urls_of_a_test")
        pages = include((made["urlpatterns"], made["app_name"]))
        urlconf.urlpatterns = [path("user/", pages)]  # type: ignore[attr-defined]
        settings.ROOT_URLCONF = urlconf

    return use_routes


@pytest.fixture
def silent_tables() -> Callable[[], Any]:
    """Make every query of this package fail as when the database is away; sessions still work."""

    def silent(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "phone_invites_" in sql:
            raise OperationalError("server closed the connection unexpectedly")
        return execute(sql, params, many, context)

    return lambda: connection.execute_wrapper(silent)


class PageParser(HTMLParser):
    """Collects what a page must not hold under ``default-src 'self'``, and the text it shows."""

    def __init__(self) -> None:
        super().__init__()
        self.violations: list[str] = []
        self.text: list[str] = []
        self.fields: dict[str, dict[str, str | None]] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "style" or (tag == "script" and "src" not in found):
            self.violations.append(f"<{tag}>")
        for name, value in attrs:
            if name == "style" or name.startswith("on"):
                self.violations.append(f"<{tag} {name}>")
            if name in {"src", "href", "action"} and not re.match(r"[/?#](?!/)", value or ""):
                self.violations.append(f"<{tag} {name}={value}>")
        if tag == "input" and found.get("name"):
            self.fields[str(found["name"])] = found

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture
def read_page() -> Callable[[HttpResponse], PageParser]:
    """Parse a response."""

    def read_page(response: HttpResponse) -> PageParser:
        parser = PageParser()
        parser.feed(response.content.decode())
        return parser

    return read_page


@pytest.fixture
def text_of(read_page: Callable[[HttpResponse], PageParser]) -> Callable[[HttpResponse], str]:
    """Return the text that a page shows, with single spaces."""

    def text_of(response: HttpResponse) -> str:
        return " ".join(" ".join(read_page(response).text).split())

    return text_of
