"""The API against its own schema: what is generated from it is answered as it says, and never 5xx.

``ATTACK_CASES`` says how many requests are made in all (200). Half of them keep to the schema, half
break it. Needs ``--group fuzz``.
"""

from __future__ import annotations

import importlib.util
import io
import os
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from django_phone_invites import codes
from django_phone_invites.conf import app_settings
from django_phone_invites.models import LoginCode
from django_phone_invites.testing import sign_up

pytestmark = [
    pytest.mark.skipif(not django_settings.HAS_DRF, reason="the attacks go through the API"),
    pytest.mark.skipif(
        importlib.util.find_spec("schemathesis") is None, reason="schemathesis is not installed"
    ),
    pytest.mark.django_db,
]

CASES = int(os.environ.get("ATTACK_CASES", "200"))
OPERATIONS = {
    "request_code": ("POST", "/api/codes/"),
    "verify_code": ("POST", "/api/codes/{token}/"),
    "get_profile": ("GET", "/api/profile/"),
    "activate_invite": ("PATCH", "/api/profile/"),
    "list_invitees": ("GET", "/api/profile/invitees/"),
    "get_me": ("GET", "/api/me/"),
    "activate_invite_as_me": ("PATCH", "/api/me/"),
    "log_out": ("POST", "/api/logout/"),
    "log_out_everywhere": ("POST", "/api/logout/all/"),
    "request_number_code": ("POST", "/api/number/"),
    "change_number": ("POST", "/api/number/{token}/"),
    "undo_number": ("POST", "/api/number/undo/"),
    "list_logins": ("GET", "/api/logins/"),
    "end_login": ("DELETE", "/api/logins/{reference}/"),
}
#: They take no argument that could be wrong.
WITHOUT_INPUT = {
    *("get_profile", "get_me", "log_out", "log_out_everywhere"),
    *("list_logins", "end_login"),
}
PHONE = "+79096869722"


@pytest.fixture
def application() -> Iterator[Any]:
    """The site, on the connection of the test: a request does not close it when it ends."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield get_wsgi_application()
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def schema(application: Any) -> Any:
    """The schema as it is served, with the application behind it."""
    import schemathesis
    import yaml

    out = io.StringIO()
    call_command("spectacular", stdout=out)
    loaded = schemathesis.openapi.from_dict(yaml.safe_load(out.getvalue()))
    loaded.app = application
    return loaded


def make_code(phone: str = PHONE, *, user: Any = None) -> LoginCode:
    now = timezone.now()
    return LoginCode.objects.create(
        phone=phone,
        user=user,
        purpose=LoginCode.Purpose.CHANGE if user else LoginCode.Purpose.LOGIN,
        channel=LoginCode.Channel.API,
        length=6,
        locale="en",
        created_at=now,
        expires_at=now + app_settings.code_lifetime,
    )


@pytest.fixture
def token() -> str:
    from rest_framework.authtoken.models import Token

    return str(Token.objects.get_or_create(user=sign_up("+79096869723"))[0].key)


def make_real(case: Any, name: str, data: Any, owner: Any) -> None:
    """Put in what chance does not find: a number, an id and a code that exist."""
    if name in {"request_code", "request_number_code"}:
        case.body["phone"] = f"+7909{data.draw(st.integers(10**6, 10**7 - 1))}"
    elif name in {"verify_code", "change_number"}:
        code = make_code(user=owner if name == "change_number" else None)
        case.path_parameters["token"] = code.token
        if data.draw(st.booleans()):
            case.body["auth_number"] = codes.derive(code.seed)
    elif name.startswith("activate_invite"):
        case.body["stranger_invite_code"] = sign_up("+79096869724").invite_code.code


@pytest.fixture
def fuzz(schema: Any, token: str) -> Callable[..., None]:
    """Send one operation's share of the requests, and compare the answers with the schema."""
    from schemathesis import GenerationMode, checks
    from schemathesis.specs.openapi import checks as openapi

    def fuzz(name: str, *, negative: bool) -> None:
        method, path = OPERATIONS[name]
        operation = schema[path][method]
        mode = GenerationMode.NEGATIVE if negative else GenerationMode.POSITIVE
        login = {"Authorization": f"Token {token}"}
        cases = operation.as_strategy(generation_mode=mode, headers=login)
        statuses: Counter[int] = Counter()
        # By then they may have another number.
        owner = sign_up("+79096869723")

        @settings(
            max_examples=CASES // 14,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=cases, data=st.data())
        def run(case: Any, data: Any) -> None:
            if not negative and data.draw(st.booleans()):
                make_real(case, name, data, owner)
            response = case.call()
            statuses[response.status_code] += 1
            case.validate_response(
                response,
                checks=[
                    checks.not_a_server_error,
                    openapi.status_code_conformance,
                    openapi.content_type_conformance,
                    openapi.response_schema_conformance,
                    openapi.negative_data_rejection,
                ],
            )

        run()
        print(name, "invalid" if negative else "valid", dict(statuses))

    return fuzz


@pytest.mark.parametrize("name", OPERATIONS)
def test_what_keeps_to_the_schema_is_answered_as_it_says(fuzz, name):
    fuzz(name, negative=False)


@pytest.mark.parametrize("name", [name for name in OPERATIONS if name not in WITHOUT_INPUT])
def test_what_breaks_the_schema_is_refused_as_it_says(fuzz, name):
    fuzz(name, negative=True)
