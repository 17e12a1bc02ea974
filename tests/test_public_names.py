"""The public surface: what a site may import, and what importing it must not bring along."""

from __future__ import annotations

import importlib
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from django.conf import settings
from django.dispatch import Signal

import django_phone_invites
from django_phone_invites import senders, signals, testing
from django_phone_invites.conf import AppSettings

#: Functions and classes that each module defines for others. A change here is a change of the API.
NAMES = {
    "addresses": {"client_address"},
    "api.tokens": {"drf_token", "issue_token"},
    "codes": {
        "Seed",
        "derive",
        "fold_invite_code",
        "matches",
        "new_invite_code",
        "is_token",
        "new_nonce",
        "new_token",
        "read_guess",
    },
    "delivery": {"deliver", "render"},
    "limits.redis": {"Change", "RedisReading", "RedisStore"},
    "fields": {"E164Field"},
    "models": {
        "InviteActivation",
        "InviteCode",
        "LimitCounter",
        "LoginCode",
        "PhoneAccount",
        "SendingPause",
    },
    "phones": {
        "default_region",
        "display",
        "mask",
        "parse",
        "region_of",
        "require_textable",
        "shown_to_inviter",
    },
    "routes": {"api_path", "api_url", "parameters", "web_path", "web_url"},
    "senders.base": {
        "DeliveryState",
        "Message",
        "PermanentSendError",
        "Receipt",
        "SendError",
        "Sender",
        "TemporarySendError",
    },
    "senders.console": {"ConsoleSender"},
    "senders.file": {"FileSender"},
    "senders.imitation": {"ImitationSender"},
    "senders.memory": {"MemorySender"},
    "services.accounts": {
        "InviteePage",
        "Profile",
        "confirm",
        "create",
        "find",
        "get_invitees",
        "get_profile",
        "has_phone",
    },
    "services.invites": {"activate_invite", "create_own_code"},
    "limits": {"get_store", "read", "take"},
    "limits.database": {"DatabaseReading", "DatabaseStore"},
    "limits.store": {"Reading", "Store", "key_of"},
    "logs": {"record"},
    "services.allowance": {"Allowance"},
    "services.boundary": {"service"},
    "services.challenges": {"Challenge", "find_code", "get_challenge", "request_code"},
    "services.failures": {"Failures"},
    "services.gate": {"Passage", "require_passage"},
    "services.login": {"Login", "verify_code"},
    "services.pauses": {
        "in_force",
        "last_lifted",
        "lift",
        "pause",
        "paused_by_setting",
        "require_sending",
    },
    "services.upkeep": {"find_broken", "purge_counters", "purge_login_codes"},
    "services.watch": {"counters", "look_when_due"},
    "transactions": {"Conflict", "outside_transactions", "run_durably"},
}

COMMANDS = {
    "phone_invites_check",
    "phone_invites_pause",
    "phone_invites_purge",
    "phone_invites_send_test",
    "phone_invites_settings",
}


def defined(module: ModuleType) -> set[str]:
    return {
        name
        for name, found in vars(module).items()
        if not name.startswith("_")
        and (inspect.isfunction(found) or inspect.isclass(found))
        and found.__module__ == module.__name__
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_module_defines_these_names_and_no_other(name: str) -> None:
    if name.startswith("api") and not settings.HAS_DRF:
        pytest.skip("REST framework is missing")
    if name == "limits.redis":
        pytest.importorskip("redis", reason="redis-py is not installed: --group redis")
    module = importlib.import_module(f"django_phone_invites.{name}")
    assert defined(module) == NAMES[name]


def test_signals_are_these() -> None:
    found = {name for name, value in vars(signals).items() if isinstance(value, Signal)}
    assert found == {
        "account_created",
        "code_failed",
        "code_sent",
        "invite_activated",
        "phone_verified",
        "region_alerted",
        "site_stepped_up",
    }


def test_a_sites_sender_needs_one_import() -> None:
    assert set(senders.__all__) == NAMES["senders.base"] | {"get_sender"}
    assert all(hasattr(senders, name) for name in senders.__all__)


def test_a_sites_tests_need_one_import() -> None:
    assert set(testing.__all__) == {"SenderContract", "last_code", "log_in", "outbox", "sign_up"}
    assert all(hasattr(testing, name) for name in testing.__all__)


def test_commands_are_these() -> None:
    folder = Path(django_phone_invites.__file__).parent / "management" / "commands"
    assert {path.stem for path in folder.glob("[!_]*.py")} == COMMANDS


def test_the_default_token_issuer_is_where_the_setting_says() -> None:
    module, _, name = AppSettings.token_issuer.default.rpartition(".")
    assert name in NAMES[module.removeprefix("django_phone_invites.")]


def test_the_package_is_typed() -> None:
    assert (Path(django_phone_invites.__file__).parent / "py.typed").exists()


def test_the_version_is_the_distributions() -> None:
    pyproject = Path(__file__).parent.parent / "pyproject.toml"
    declared = re.search('^version = "(.+)"$', pyproject.read_text(encoding="utf-8"), re.MULTILINE)
    assert declared is not None
    assert declared[1] == django_phone_invites.__version__


WITHOUT_EXTRAS = """
import importlib, pkgutil, sys


class NoExtras:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("rest_framework", "drf_spectacular", "redis"):
            raise ImportError(name + " is not installed here")


sys.meta_path.insert(0, NoExtras())

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="x",
    USE_TZ=True,
    ROOT_URLCONF="django_phone_invites.web.urls",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=[
        "django.contrib.admin",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.messages",
        "django.contrib.sessions",
        "phonenumber_field",
        "django_phone_invites",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ]
            },
        }
    ],
)
django.setup()

import django_phone_invites
from django.core.management import call_command

found = pkgutil.walk_packages(django_phone_invites.__path__, "django_phone_invites.")
for name in sorted(module.name for module in found):
    if not name.startswith(("django_phone_invites.api", "django_phone_invites.limits.redis")):
        importlib.import_module(name)
        print(name)
call_command("check", deploy=True, fail_level="CRITICAL")
"""


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        capture_output=True,
        check=False,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONUTF8": "1"},
        timeout=120,
    )


def test_nothing_but_the_api_and_the_store_in_redis_needs_an_extra() -> None:
    done = run(WITHOUT_EXTRAS)
    assert done.returncode == 0, done.stderr
    imported = done.stdout.split()
    assert "django_phone_invites.web.urls" in imported
    assert "django_phone_invites.services.login" in imported
    assert "django_phone_invites.testing" in imported
    assert "django_phone_invites.management.commands.phone_invites_purge" in imported


WITHOUT = """
import sys

_, missing, module = sys.argv


class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == missing:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


sys.meta_path.insert(0, Missing())

import django
from django.conf import settings
from django.urls import include

settings.configure(
    SECRET_KEY="x",
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django_phone_invites",
    ],
)
django.setup()
include(module)
"""


@pytest.mark.parametrize(
    ("missing", "module", "extra"),
    [
        ("phonenumbers", "django_phone_invites.web.urls", "phonenumberslite"),
        ("rest_framework", "django_phone_invites.api.urls", "api"),
        ("drf_spectacular", "django_phone_invites.api.urls", "api"),
    ],
)
def test_what_is_missing_is_told_with_the_extra_that_brings_it(
    missing: str, module: str, extra: str
) -> None:
    if missing == "drf_spectacular" and not settings.HAS_DRF:
        pytest.skip("REST framework is missing too")
    told = run(WITHOUT, missing, module).stderr.strip().splitlines()[-1]
    assert told.startswith("ImportError: ")
    # Without REST framework the first of the two that is looked for is the one that is told.
    assert missing in told or not settings.HAS_DRF
    assert told.endswith(f'pip install "django-phone-invites[{extra}]"')
