"""The pages that say what to do, followed on a fresh project."""

from __future__ import annotations

import json
import re
import shutil

import pytest

from tests.docs.markdown import DOCS, PAGES, README, ROOT, Block, needs_drf, read_blocks
from tests.docs.project import HAS_GETTEXT, LOG_IN, Project


def _needs_drf(page: str) -> bool:
    marked = [block.text for block in read_blocks(DOCS / page) if block.marks]
    return any("rest_framework" in text for text in marked)


#: Pages that say what to do; the reference of the API has a test of its own.
RUN = [
    pytest.param(page, marks=[needs_drf] if _needs_drf(page) else [])
    for page in PAGES
    if page != "reference/api.md" and any(block.marks for block in read_blocks(DOCS / page))
]

EXPECT = """
from django.test import Client

page = Client(SERVER_NAME="localhost").get(path, HTTP_ACCEPT_LANGUAGE=language)
assert page.status_code == 200
assert expected in page.content.decode(), page.content.decode()
"""

TUTORIAL = """
from django.test import Client, override_settings
from django_phone_invites.testing import last_code, log_in, sign_up

client = Client(SERVER_NAME="localhost")
asked = client.get("/")
assert asked.url == "/account/?next=/", asked.url
memory = {"BACKEND": "django_phone_invites.senders.memory.MemorySender"}
with override_settings(PHONE_INVITES_SENDER=memory):
    asked = client.post("/account/?next=/", {"phone": "+79096869722", "invite": "NOBODY"})
    page = client.post(asked.url, {"auth_number": last_code("+79096869722")}, follow=True)
assert page.redirect_chain == [("/", 302)], page.redirect_chain
assert "There is no such invite code." in page.content.decode()
assert "Your phone: +79096869722" in page.content.decode()
code = sign_up("+79096869722").invite_code.code
assert f"http://localhost/account/?invite={code}" in page.content.decode()
"""

SIGN_IN_PAGE = """
from django.contrib.auth.models import User
from django.test import Client
from django_phone_invites.testing import log_in, sign_up

client = Client(SERVER_NAME="localhost")
assert client.get("/account/").status_code == 200
log_in(client, "+79096869722")
code = sign_up("+79096869723").invite_code.code
for query, url in (
    ("", "/account/profile/"),
    ("?next=/admin/", "/admin/"),
    ("?next=admin", "admin"),
    ("?next=//evil.example/", "/account/profile/"),
    (f"?invite={code}", f"/account/profile/?invite={code}"),
):
    answer = client.get(f"/account/{query}")
    assert (answer.status_code, answer.url) == (302, url), (query, answer.url)
page = client.get(f"/account/profile/?invite={code}").content.decode()
assert f'value="{code}"' in page, page
answer = client.post(f"/account/profile/?invite={code}", {"stranger_invite_code": code})
assert answer.status_code == 302
client.force_login(User.objects.create_superuser("root"))
assert client.get("/account/").status_code == 200
"""

ENDING_TOKENS = """
from django.test import Client, override_settings
from django_phone_invites.testing import last_code

client = Client(SERVER_NAME="localhost")
memory = {"BACKEND": "django_phone_invites.senders.memory.MemorySender"}
with override_settings(PHONE_INVITES_SENDER=memory):
    asked = client.post("/api/codes/", {"phone": "+79096869722"}, "application/json")
    guess = {"auth_number": last_code("+79096869722")}
given = client.post(asked["Location"], guess, "application/json").json()
assert set(given) == {"token", "expires_at", "id"}, given
header = {"HTTP_AUTHORIZATION": "Token " + given["token"]}
assert client.get("/api/profile/", **header).status_code == 200
(shown,) = client.get("/api/logins/", **header).json()["logins"]
assert shown["ends_at"] == given["expires_at"], shown
assert client.post("/api/logout/", **header).status_code == 204
assert client.get("/api/profile/", **header).status_code == 401

from django.contrib.auth import get_user_model
from rest_framework.authtoken.models import Token
from mysite.tokens import LIFE, EndingTokenIssuer

user = get_user_model().objects.get()
token = Token.objects.create(user=user)
assert len(EndingTokenIssuer().logins(user)) == 1
Token.objects.update(created=token.created - LIFE)
assert EndingTokenIssuer().logins(user) == []
assert client.get("/api/profile/", HTTP_AUTHORIZATION=f"Token {token}").status_code == 401
"""

TEST_NUMBER = """
import datetime
from django.conf import settings
from django.test import Client
from django_phone_invites.models import LoginCode, PhoneAccount

((phone, fixed),) = settings.PHONE_INVITES_TEST_NUMBERS.items()
fixed["until"] = datetime.date(2100, 1, 1)
client = Client(SERVER_NAME="localhost")
asked = client.post("/account/", {"phone": phone})
assert LoginCode.objects.get().delivery == LoginCode.Delivery.NONE
right = client.post(asked.url, {"auth_number": fixed["code"]})
assert (right.status_code, right.url) == (302, "/account/profile/"), right.content.decode()
assert PhoneAccount.objects.get().e164 == phone
"""

STEP_UP = """
import datetime
from django.contrib.auth.models import User
from django.test import Client, override_settings
from django_phone_invites.testing import last_code, sign_up
from rest_framework.authtoken.models import Token

client = Client(SERVER_NAME="localhost")
assert client.get("/export/").url == "/account/?next=%2Fexport%2F"
user = sign_up("+79096869722")
client.force_login(user)
assert client.post("/close/").url == "/account/verify/?next=%2Fclose%2F"
memory = {"BACKEND": "django_phone_invites.senders.memory.MemorySender"}
with override_settings(PHONE_INVITES_SENDER=memory):
    asked = client.post("/account/verify/?next=/export/")
    page = client.post(asked.url, {"auth_number": last_code("+79096869722")}, follow=True)
assert page.content == b"All about +79096869722", page.content
assert client.post("/close/").content == b"Gone."
assert not User.objects.exists()

user = sign_up("+79096869723")
key = Token.objects.create(user=user).key
user.phone_account.verified_at -= datetime.timedelta(minutes=5)
user.phone_account.save()
header = {"HTTP_AUTHORIZATION": f"Token {key}"}
answer = client.post("/api/close/", **header)
assert [answer.status_code, answer.json()] == [403, *shown], answer.content
with override_settings(PHONE_INVITES_SENDER=memory):
    asked = client.post("/api/codes/", {"phone": "+79096869723"}, "application/json")
    guess = {"auth_number": last_code("+79096869723")}
client.post(asked["Location"], guess, "application/json")
assert client.post("/api/close/", **header).status_code == 204
"""

OWN_FORM = """
from django.contrib.auth.models import User
from django.test import Client, override_settings
from django_phone_invites.models import LoginCode
from django_phone_invites.testing import last_code

memory = {"BACKEND": "django_phone_invites.senders.memory.MemorySender"}
phone, client = "+79096869722", Client(SERVER_NAME="localhost")
with override_settings(PHONE_INVITES_SENDER=memory):
    refused = client.post("/sign-in/", {"phone": "12"})
    client.post("/sign-in/", {"phone": phone})
    code = last_code(phone)
assert "Enter a valid phone number" in refused.content.decode()
stranger = Client(SERVER_NAME="localhost")
assert stranger.post("/sign-in/", {"phone": phone, "code": code}).status_code == 200
assert LoginCode.objects.get().attempts == 0
answer = client.post("/sign-in/", {"phone": phone, "code": code})
assert (answer.status_code, answer.url) == (302, "/account/profile/"), answer.content.decode()
User.objects.create_superuser("root", password="correct horse")
form = {"username": "root", "password": "correct horse"}
assert stranger.post("/admin/login/", form).status_code == 302
"""

#: What must be true of a site that has followed a page.
WITHOUT_MAIL = """
from unittest import mock
from django.core import mail
from django.test import Client, override_settings
from django.test.utils import setup_test_environment

setup_test_environment()
client = Client(raise_request_exception=False)
to = {"ADMINS": [("Ann", "ann@example.com")], "DEBUG": False}
with override_settings(PHONE_INVITES_PAUSED=True, **to):
    assert client.post("/account/", {"phone": "+79096869722"}, secure=True).status_code == 503
assert mail.outbox == []
failing = mock.patch("django_phone_invites.web.challenge.send_code", side_effect=ValueError)
with failing, override_settings(**to):
    assert client.post("/account/", {"phone": "+79096869722"}, secure=True).status_code == 500
assert len(mail.outbox) == 1
"""

TRUE_AFTERWARDS = {
    "howto/production.md": WITHOUT_MAIL,
    "tutorial.md": TUTORIAL,
    "howto/pages.md": SIGN_IN_PAGE,
    "howto/tokens.md": ENDING_TOKENS,
    "howto/app-review.md": TEST_NUMBER,
    "howto/step-up.md": STEP_UP,
    "howto/own-forms.md": OWN_FORM,
}


@pytest.mark.parametrize("page", RUN)
def test_page_runs(request: pytest.FixtureRequest, page: str) -> None:
    """Follow a page from top to bottom.

    The tutorial starts from nothing; the others start from the README's lines, with those for the
    API where they speak of it.
    """
    project = request.getfixturevalue("fresh" if page == "tutorial.md" else "site")
    if _needs_drf(page):
        project.follow(read_blocks(README), prefix="api ")
        project.manage("migrate")
    blocks = read_blocks(DOCS / page)
    printed = project.follow(blocks)
    # A "manage.py test" that finds nothing would pass too.
    assert "Ran 0 tests" not in printed
    assert "no issues" in project.manage("check")
    shown = [json.loads(block.text) for block in blocks if block.language == "json"]
    project.script(TRUE_AFTERWARDS.get(page, ""), shown=shown)
    text = (DOCS / page).read_text("utf-8")
    expectations = re.findall(r"^<!-- expect(?: (\w+))?: (\S+) (.+) -->$", text, re.MULTILINE)
    for language, path, expected in expectations:
        if HAS_GETTEXT or not language:
            project.script(EXPECT, path=path, expected=expected, language=language or "en")


LOGIN_OF_AN_ISSUER = """
from django.test import Client, override_settings
from django_phone_invites.testing import last_code

client = Client(SERVER_NAME="localhost", enforce_csrf_checks=True)
memory = {"BACKEND": "django_phone_invites.senders.memory.MemorySender"}
with override_settings(PHONE_INVITES_SENDER=memory):
    asked = client.post("/api/codes/", {"phone": "+79096869722"}, "application/json")
    guess = {"auth_number": last_code("+79096869722")}
given = client.post(asked["Location"], guess, "application/json").json()
header = {"HTTP_X_CSRFTOKEN": given.get("csrf_token", "")}
if "token" in given:
    header = {"HTTP_AUTHORIZATION": prefix + " " + given["token"]}
assert client.get("/api/me/", **header).json()["id"] == given["id"]
if "refresh" in given:
    again = {"refresh": given["refresh"]}
    assert set(client.post("/api/refresh/", again, "application/json").json()) == {"access"}
assert client.post("/api/logout/", **header).status_code == 204
if "refresh" in given:
    assert client.post("/api/refresh/", again, "application/json").status_code == 401
else:
    assert client.get("/api/me/", **header).status_code in (401, 403)
"""


@needs_drf
@pytest.mark.parametrize(
    ("issuer", "package", "prefix"),
    [
        ("knox", "knox", "Token"),
        ("jwt", "rest_framework_simplejwt", "Bearer"),
        ("session", "rest_framework", ""),
    ],
)
def test_each_issuer_of_the_page_runs(
    site: Project, issuer: str, package: str, prefix: str
) -> None:
    pytest.importorskip(package, reason=f"{package} is not installed: --group issuers")
    site.follow(read_blocks(README), prefix="api ")
    site.follow(read_blocks(DOCS / "howto/tokens.md"), prefix=f"{issuer} ")
    assert "no issues" in site.manage("check")
    site.manage("migrate")
    assert "phone_invites.W006" not in site.manage("check", "--deploy", "--fail-level", "CRITICAL")
    site.script(LOGIN_OF_AN_ISSUER, prefix=prefix)


@needs_drf
def test_readme_then_sender_then_production_then_tokens(site: Project) -> None:
    """No page breaks what an earlier one has added, and nothing is left to decide."""
    site.follow(read_blocks(README), prefix="api ")
    for page in ("howto/sender.md", "howto/production.md", "howto/tokens.md"):
        site.follow(read_blocks(DOCS / page))
        assert "no issues" in site.manage("check")
    site.manage("migrate")
    assert "phone_invites." not in site.manage("check", "--deploy", "--fail-level", "CRITICAL")
    site.script(ENDING_TOKENS)


PHONE_USER = """
from django.contrib.auth import get_user_model
from django.test import Client

root = get_user_model().objects.get(is_superuser=True)
assert str(root) == "+79096869700"
client = Client(SERVER_NAME="localhost")
answer = client.post("/admin/login/", {"username": str(root), "password": "correct horse"})
assert answer.status_code == 302, answer.content.decode()
member = get_user_model().objects.get(phone="+79096869722")
assert member.phone_account.e164 == str(member)
for url in (
    "/admin/people/user/?q=6869722",
    f"/admin/people/user/{member.pk}/change/",
    "/admin/phone_invites/phoneaccount/",
):
    page = client.get(url)
    assert page.status_code == 200, url
    assert "+79096869722" in page.content.decode(), url
assert client.get("/admin/people/user/add/").status_code == 403
"""


def test_phone_as_the_username(fresh: Project) -> None:
    """The recipe comes before the first migration, so it starts from the README's lines alone."""
    lines = [block for block in read_blocks(README) if "run" not in block.marks]
    fresh.follow(lines, without="api ")
    fresh.follow(read_blocks(DOCS / "howto/users.md"), prefix="phone user ")
    assert "no issues" in fresh.manage("check")
    fresh.script(LOG_IN)
    fresh.manage(
        *("createsuperuser", "--noinput", "--phone", "+79096869700"),
        DJANGO_SUPERUSER_PASSWORD="correct horse",
    )
    fresh.script(PHONE_USER)


#: What a site that comes from a package has in its settings, and how its database came to be.
MEMBERS = """
from people.models import Member
for name, phone, is_verified in (("ann", "+79096869722", True), ("bob", "+79096869723", False)):
    member = Member.objects.create(username=name, mobile=phone)
    Member.objects.filter(pk=member.pk).update(
        mobile_verified=is_verified, mobile_verified_at="2026-01-30T12:00Z" if is_verified else None
    )
"""
VERIFICATIONS = """
from django.apps import apps
rows = apps.get_model("phone_verify", "SMSVerification").objects
rows.create(phone_number="+79096869722", security_code="1", session_token="1", is_verified=True)
"""
INVITATION = """
from django.apps import apps
from django.utils import timezone
model = apps.get_model("invitations", "Invitation")
model.objects.create(email="ann@example.com", key="k" * 64, sent=timezone.now())
"""
FROM_ELSEWHERE = {
    "drfpasswordless": ("INSTALLED_APPS += ['rest_framework', 'drfpasswordless']", MEMBERS),
    "phone_verify": (
        (
            "INSTALLED_APPS += ['phone_verify']\n"
            "PHONE_VERIFICATION = {'BACKEND': '', 'OPTIONS': {}, 'TOKEN_LENGTH': 6}"
        ),
        MEMBERS + VERIFICATIONS,
    ),
    "allauth": (
        (
            "INSTALLED_APPS += ['allauth', 'allauth.account']\n"
            "MIDDLEWARE += ['allauth.account.middleware.AccountMiddleware']\n"
            "ACCOUNT_ADAPTER = 'people.adapter.Adapter'"
        ),
        MEMBERS,
    ),
    "user_field": ("", MEMBERS),
    "invitations": ("INSTALLED_APPS += ['django.contrib.sites', 'invitations']", INVITATION),
}

CAME_OVER = """
from django_phone_invites.models import PhoneAccount
(account,) = PhoneAccount.objects.all()
assert (account.e164, account.user.username) == ("+79096869722", "ann")
assert account.user.invite_code
"""
INVITATION_CAME_OVER = """
from django.test import Client
from django_phone_invites.models import InviteCode
(code,) = InviteCode.objects.all()
client = Client(SERVER_NAME="localhost")
answer = client.get("/invitations/accept-invite/" + "k" * 64 + "/", follow=True)
assert f'value="{code.code}"' in answer.content.decode(), answer.content.decode()
"""


@pytest.mark.parametrize("package", FROM_ELSEWHERE)
def test_coming_from_elsewhere(fresh: Project, package: str) -> None:
    """The site was there before this package, with users of its own."""
    if package != "user_field":
        pytest.importorskip(package, reason=f"{package} is not installed: --group elsewhere")
    settings_lines, filled = FROM_ELSEWHERE[package]
    people = ROOT / "tests" / "elsewhere" / "packages" / "people"
    shutil.copytree(people, fresh.root / "people")
    own = f"INSTALLED_APPS += ['people']\nAUTH_USER_MODEL = 'people.Member'\n{settings_lines}\n"
    lines = [block for block in read_blocks(README) if "run" not in block.marks]
    fresh.follow([Block(("append: mysite/settings.py",), "python", own), *lines], without="api ")
    fresh.manage("migrate")
    fresh.script(filled)
    blocks = read_blocks(DOCS / "howto/coming-from-elsewhere.md")
    printed = fresh.follow(blocks, prefix=f"{package} ")
    # The rehearsal, where there is one, says what then happens.
    assert "Imported 1, 0 already there." in printed
    assert package == "user_field" or "Would import 1, 0 already there." in printed
    fresh.script(INVITATION_CAME_OVER if package == "invitations" else CAME_OVER)


HUNDRED = """
import contextlib, io, re
from django.contrib.auth.models import User
from django.test import Client
from django_phone_invites.models import InviteCode, PhoneAccount

numbers = [f"+790968697{number:02}" for number in range(100)]
User.objects.bulk_create([User(username=phone, first_name="Member") for phone in numbers])
before = set(User.objects.values_list("pk", "username"))
for number, phone in enumerate(numbers):
    client = Client(SERVER_NAME="localhost", REMOTE_ADDR=f"192.0.2.{number}")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        asked = client.post("/account/", {"phone": phone})
    code = re.search(re.escape(phone) + " ([0-9]{6})", printed.getvalue()).group(1)
    right = client.post(asked.url, {"auth_number": code})
    assert (right.status_code, right.url) == (302, "/account/profile/"), right.content.decode()
    assert client.get(right.url).wsgi_request.user.username == phone
assert set(User.objects.values_list("pk", "username")) == before
linked = {account.user.username: account.e164 for account in PhoneAccount.objects.all()}
assert linked == {phone: phone for phone in numbers}
assert InviteCode.objects.count() == 100
"""


def test_a_site_of_a_hundred_users_links_them_by_a_setting_alone(site: Project) -> None:
    settings = site.root / "mysite/settings.py"
    settings.write_text(
        settings.read_text("utf-8")
        + 'PHONE_INVITES_LINK_USER = {"FIELD": "username"}\n'
        # All hundred numbers are neighbours here.
        + "PHONE_INVITES_BLOCK_MESSAGES_PER_HOUR = 100\n",
        "utf-8",
    )
    site.manage("migrate")
    site.script(HUNDRED)
