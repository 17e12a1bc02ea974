"""No statement of a login, a change, a profile or an activation reads a whole table (PostgreSQL).

``PLAN_ROWS`` says how many users there are (20,000): enough for the planner to prefer an index.
"""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_phone_invites import codes
from django_phone_invites.models import (
    ActiveLogin,
    ErasedPhone,
    InviteActivation,
    InviteCode,
    LoginCode,
    PhoneAccount,
    PhoneChange,
    SendingPause,
)
from django_phone_invites.testing import last_code, outbox
from tests.settings import HAS_DRF

ROWS = int(os.environ.get("PLAN_ROWS", "20000"))

#: One row for each region at most: read wholly it is a page or two.
SMALL = SendingPause._meta.db_table

pytestmark = [
    pytest.mark.skipif(connection.vendor != "postgresql", reason="plans of PostgreSQL"),
    pytest.mark.skipif(not HAS_DRF, reason="through the API"),
    pytest.mark.skipif(
        os.environ.get("PHONE_INVITES_TEST_USER", "default") != "default",
        reason="rows are made for Django's own user",
    ),
    pytest.mark.django_db,
]


def login_codes() -> Iterator[LoginCode]:
    now = timezone.now()
    for number in range(1, ROWS + 1):
        yield LoginCode(
            phone=f"+7{9_000_000_000 + number}",
            region="RU",
            purpose=LoginCode.Purpose.LOGIN,
            channel=LoginCode.Channel.API,
            length=6,
            locale="en",
            created_at=now - dt.timedelta(hours=1),
            expires_at=now - dt.timedelta(minutes=55),
            delivery=LoginCode.Delivery.SENT,
        )


def erased_phones() -> Iterator[ErasedPhone]:
    for number in range(1, ROWS + 1):
        yield ErasedPhone(
            digest=codes.digest_phone(f"+7{8_000_000_000 + number}"),
            has_activated=False,
            erased_at=timezone.now(),
        )


def changes() -> Iterator[PhoneChange]:
    now = timezone.now()
    for number in range(1, ROWS + 1):
        yield PhoneChange(
            user_id=number,
            old=f"+7{8_000_000_000 + number}",
            new=f"+7{9_000_000_000 + number}",
            changed_at=now,
            undo_until=now + dt.timedelta(days=3),
            undo_digest=f"{number:064}",
        )


def active_logins() -> Iterator[ActiveLogin]:
    now = timezone.now()
    for number in range(1, ROWS + 1):
        yield ActiveLogin(
            user_id=number, reference=f"{number:032}", created_at=now, check_after=now
        )


@pytest.fixture
def many_rows() -> None:
    """Fill every table; user 1 has invited all others."""
    user, account = get_user_model()._meta.db_table, PhoneAccount._meta.db_table
    invite, activation = InviteCode._meta.db_table, InviteActivation._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"""INSERT INTO {user} (id, password, username, first_name, last_name, email,
                is_superuser, is_staff, is_active, date_joined)
            SELECT n, '!', 'user-' || n, '', '', '', false, false, true, now()
            FROM generate_series(1, %s) n""",
            [ROWS],
        )
        cursor.execute(
            f"""INSERT INTO {account} (user_id, phone, verified_at, created_at)
            SELECT n, '+7' || (9000000000 + n), now(), now() FROM generate_series(1, %s) n""",
            [ROWS],
        )
        cursor.execute(
            f"""INSERT INTO {invite} (owner_id, code, folded, uses, label, created_at)
            SELECT n, 'CODE' || n, 'CODE' || n, 0, '', now() FROM generate_series(1, %s) n""",
            [ROWS],
        )
        LoginCode.objects.bulk_create(login_codes(), batch_size=5000)
        PhoneChange.objects.bulk_create(changes(), batch_size=5000)
        ActiveLogin.objects.bulk_create(active_logins(), batch_size=5000)
        ErasedPhone.objects.bulk_create(erased_phones(), batch_size=5000)
        cursor.execute(
            f"""INSERT INTO {activation} (invitee_id, inviter_id, invite_code_id, code, pair,
                activated_at)
            SELECT n, 1, (SELECT id FROM {invite} WHERE folded = 'CODE1'), 'CODE1', '1:' || n, now()
            FROM generate_series(3, %s) n""",
            [ROWS],
        )
        cursor.execute(f"UPDATE {invite} SET uses = %s WHERE folded = 'CODE1'", [ROWS - 2])
        cursor.execute(
            """INSERT INTO phone_invites_limitcounter (key, events, version, updated_at)
            SELECT 'phone-messages:+7' || (9000000000 + n), '[]', 1, now()
            FROM generate_series(1, %s) n""",
            [ROWS],
        )
        cursor.execute(
            """INSERT INTO authtoken_token (key, created, user_id)
            SELECT md5(n::text), now(), n FROM generate_series(1, %s) n""",
            [ROWS],
        )
        cursor.execute(
            f"SELECT setval(pg_get_serial_sequence('{user}', 'id'), %s)",
            [ROWS],
        )
        cursor.execute("ANALYZE")


def read_wholly(statements: list[dict[str, Any]]) -> list[str]:
    """Return the statements whose plan has a sequential scan."""
    found = []
    with connection.cursor() as cursor:
        for statement in statements:
            sql = statement["sql"]
            if not sql.startswith(("SELECT", "UPDATE", "DELETE")):
                continue
            cursor.execute(f"EXPLAIN {sql}")
            plan = "\n".join(row[0] for row in cursor.fetchall())
            if set(re.findall(r"Seq Scan on (\w+)", plan)) - {SMALL}:
                found.append(f"{sql}\n{plan}")
    return found


def test_no_step_scans_a_table(many_rows: None, settings: Any) -> None:
    settings.PHONE_INVITES_REGION_ALERT_SHARE = 0.5
    client = Client()
    as_user = {"HTTP_AUTHORIZATION": f"Token {_token(2)}"}
    as_inviter = {"HTTP_AUTHORIZATION": f"Token {_token(1)}"}
    json = "application/json"
    with CaptureQueriesContext(connection) as captured:
        for phone in ("+79000000002", "+79160000000"):
            asked = client.post("/api/codes/", {"phone": phone}, content_type=json)
            guess = {"auth_number": last_code(phone)}
            path = f"/api/codes/{asked.json()['id']}/"
            assert client.post(path, guess, content_type=json).status_code == 200
        body = {"stranger_invite_code": "code1"}
        answer = client.patch("/api/profile/", body, content_type=json, **as_user)
        assert answer.status_code == 200
        profile = client.get("/api/profile/", **as_inviter)
        assert profile.json()["invite_user_count"] == ROWS - 1
        page = client.get("/api/profile/invitees/?older_than=200", **as_inviter)
        assert page.status_code == 200
    assert len(outbox) == 2
    assert any("COUNT" in query["sql"] for query in captured.captured_queries)
    assert read_wholly(captured.captured_queries) == []


def test_no_step_of_another_number_scans_a_table(many_rows: None) -> None:
    client = Client()
    as_user = {"HTTP_AUTHORIZATION": f"Token {_token(2)}"}
    json = "application/json"
    with CaptureQueriesContext(connection) as captured:
        asked = client.post("/api/number/", {"phone": "+79160000000"}, content_type=json, **as_user)
        guess = {"auth_number": last_code("+79160000000")}
        entered = client.post(asked["Location"], guess, content_type=json, **as_user)
        assert entered.json() == {"phone": "+79160000000"}
        said = re.search("[0-9a-f]{32}", outbox[-1].text)
        assert said is not None
        body = {"token": said[0]}
        assert client.post("/api/number/undo/", body, content_type=json).status_code == 204
    # Tokens of other packages, of which there are none here, end with an undo.
    ours = [query for query in captured.captured_queries if "phone_invites_" in query["sql"]]
    assert read_wholly(ours) == []


def _token(user_id: int) -> str:
    from rest_framework.authtoken.models import Token

    return str(Token.objects.get(user_id=user_id).key)
