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
    "api.permissions": {"MayChangeNumber", "RecentlyVerified"},
    "backends": {"PhoneBackend"},
    "api.issuers": {"get_issuer", "log_out", "log_out_everywhere", "present_login"},
    "api.issuers.authtoken": {"AuthTokenAnswer", "AuthTokenIssuer"},
    "api.issuers.base": {"IssuedLogin", "Issuer"},
    "api.issuers.function": {"FunctionIssuer"},
    "api.issuers.jwt": {"JWTAnswer", "JWTIssuer"},
    "api.issuers.knox": {"KnoxAnswer", "KnoxIssuer"},
    "api.issuers.session": {"SessionAnswer", "SessionIssuer"},
    "codes": {
        "Seed",
        "derive",
        "derive_undo_token",
        "digest_phone",
        "digest_undo",
        "fold_invite_code",
        "matches",
        "new_invite_code",
        "is_token",
        "new_nonce",
        "new_token",
        "phone_digests",
        "read_guess",
        "undo_digests",
    },
    "delivery": {"deliver", "first_state"},
    "delivery.circuits": {"Circuits"},
    "delivery.handover": {"Try", "as_column", "hand_over", "hand_over_code"},
    "delivery.queue": {"Swept", "sweep", "take", "waiting"},
    "delivery.tasks": {"enqueue"},
    "delivery.receipts": {"apply_receipts"},
    "delivery.pace": {"draw", "matters", "wait"},
    "delivery.record": {"give_up", "keep", "keep_for_retry", "withhold"},
    "limits.redis": {"Change", "RedisReading", "RedisStore"},
    "elsewhere.accounts": {"Reason", "import_accounts"},
    "elsewhere.base": {
        "Claim",
        "Fields",
        "ImportImpossible",
        "Report",
        "Source",
        "database",
        "read_date",
        "read_flag",
        "read_users",
        "require_table",
        "silent",
    },
    "elsewhere.invitations": {"Invitation", "InvitationReason", "code_of", "import_invitations"},
    "fields": {"E164Field"},
    "models.accounts": {"PhoneAccount"},
    "models.changes": {"PhoneChange"},
    "models.active_logins": {"ActiveLogin"},
    "models.erasures": {"ErasedPhone"},
    "models.invites": {"InviteActivation", "InviteCode"},
    "models.limits": {"LimitCounter"},
    "models.login_codes": {"LoginCode"},
    "models.sending": {"SenderHealth", "SendingPause"},
    "phones": {
        "Kind",
        "default_region",
        "display",
        "kind_of",
        "mask",
        "parse",
        "region_of",
        "require_textable",
        "shown_to_inviter",
    },
    "routes": {"api_path", "api_url", "parameters", "web_path", "web_url"},
    "segments": {"Segments", "count"},
    "senders.base": {
        "Callback",
        "CallbackError",
        "CodeOwner",
        "DeliveryState",
        "Message",
        "PermanentSendError",
        "Receipt",
        "SendError",
        "Sender",
        "TemporarySendError",
        "UnclearSendError",
    },
    "senders.clock": {"in_time", "resolve", "time_left", "time_limit"},
    "senders.console": {"ConsoleSender"},
    "senders.failover": {"CompositeSender", "FailoverSender", "RegionSender"},
    "senders.file": {"FileSender"},
    "senders.generic": {"GenericHTTPSender"},
    "senders.http": {"Answer", "HTTPSender", "Request", "basic_auth", "exchange", "refusal"},
    "senders.imitation": {"ImitationSender"},
    "senders.memory": {"MemorySender"},
    "senders.smsaero": {"SMSAeroSender"},
    "senders.smsc": {"SMSCSender"},
    "senders.smsru": {"SMSRuSender"},
    "senders.telegram": {"TelegramGatewaySender"},
    "senders.twilio": {"TwilioAPI", "TwilioSender", "is_sid", "refused"},
    "senders.twilio_verify": {"TwilioVerifySender"},
    "senders.apprise": {"AppriseSender"},
    "senders.smpp": {"SMPPSender"},
    "senders.smpp_session": {"Session"},
    "senders.sns": {"SNSSender"},
    "senders.vonage": {"VonageSender"},
    "senders.whatsapp": {"WhatsAppSender"},
    "senders.kannel": {"KannelSender"},
    "services.accounts": {
        "hold_active",
        "InviteePage",
        "Profile",
        "confirm",
        "create",
        "find",
        "follow_name",
        "forget_name",
        "get_account",
        "get_invitees",
        "get_profile",
        "has_phone",
        "require_unreserved",
    },
    "services.invites": {
        "activate_for_new",
        "activate_invite",
        "create_own_code",
        "require_usable",
        "tell",
    },
    "limits": {"forget", "get_store", "read", "take"},
    "limits.database": {"DatabaseReading", "DatabaseStore"},
    "limits.store": {"Reading", "Store", "key_of"},
    "logs": {"name_of", "record"},
    "services.attempts": {"Attempt", "settle"},
    "services.comparison": {"is_right", "is_right_for", "owner_of"},
    "services.receipts": {"ProviderUnknown", "take_callback"},
    "services.allowance": {"Allowance"},
    "services.boundary": {"service"},
    "services.challenges": {
        "Challenge",
        "find_code",
        "get_challenge",
        "replace_invite",
        "request_code",
        "require_textable",
    },
    "services.explain": {"Explanation", "Reached", "explain"},
    "services.failures": {"Failures"},
    "services.fates": {"End", "Fate", "end_of", "fate_of"},
    "services.gate": {"Passage", "require_passage"},
    "services.health": {"ask_again", "skipped"},
    "services.linking": {"by_fields", "find_user", "is_anothers", "is_somebodys", "is_text"},
    "services.login": {"Login", "verify_code"},
    "services.numbers": {
        *("Changed", "account_of", "change_number", "end_codes", "give", "hold", "tell_site"),
    },
    "services.own_data": {"Erasure", "erase_phone", "export_phone"},
    "services.site_rules": {"ask"},
    "services.sign_up": {
        "Newcomer",
        "find_invite",
        "is_open",
        "require_leave",
        "withheld_for",
    },
    "services.pauses": {
        "in_force",
        "last_lifted",
        "lift",
        "pause",
        "paused_by_setting",
        "require_sending",
    },
    "services.undo": {"Undone", "get_change", "undo_change"},
    "services.upkeep": {
        "find_broken",
        "purge_changes",
        "purge_counters",
        "purge_login_codes",
    },
    "services.verifications": {"in_session", "is_recent", "key_of", "of_account", "remember"},
    "services.watch": {"counters", "look_when_due"},
    "logins": {
        "KnownLogin",
        "KnownLogins",
        "disable",
        "end_all",
        "end_one",
        "end_remembered",
        "find_all",
        "log_out_everywhere",
        "purge_ended",
    },
    "seals": {"seal", "unseal"},
    "sessions": {
        "can_be_shown",
        "end",
        "end_all",
        "end_one",
        "end_remembered",
        "end_stored",
        "goes_on",
        "login_backend",
        "present",
        "remember",
        "renew",
        "show",
        "start",
    },
    "user_agents": {"describe"},
    "text": {"render"},
    "web.challenge": {
        "PendingLogin",
        "code_url",
        "find_live_code",
        "find_own_code",
        "forget",
        "load",
        "resume",
        "send_code",
        "store",
    },
    "web.step_up": {
        "RecentlyVerifiedMixin",
        "recently_verified",
        "recently_verified_required",
        "redirect_with_next",
        "verify_first",
    },
    "transactions": {"Conflict", "outside_transactions", "run_durably"},
}

#: What a module stands on that is not in the group "test".
CLIENTS = {
    "api.issuers.jwt": "rest_framework_simplejwt",
    "api.issuers.knox": "knox",
    "limits.redis": "redis",
    "senders.apprise": "apprise",
    "senders.smpp": "smpplib",
    "senders.smpp_session": "smpplib",
    "senders.sns": "boto3",
}

COMMANDS = {
    "phone_invites_check",
    "phone_invites_deliver",
    "phone_invites_erase",
    "phone_invites_export",
    "phone_invites_import",
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
    if name in CLIENTS:
        pytest.importorskip(CLIENTS[name], reason=f"{CLIENTS[name]} is not installed")
    module = importlib.import_module(f"django_phone_invites.{name}")
    assert defined(module) == NAMES[name]


def test_signals_are_these() -> None:
    found = {name for name, value in vars(signals).items() if isinstance(value, Signal)}
    assert found == {
        "account_created",
        "code_failed",
        "code_sent",
        "invite_activated",
        "phone_changed",
        "phone_erased",
        "phone_verified",
        "region_alerted",
        "site_stepped_up",
    }


def test_a_sites_sender_needs_one_import() -> None:
    assert set(senders.__all__) == NAMES["senders.base"] | {"build", "get_sender"}
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
        if name.split(".")[0] in ("rest_framework", "drf_spectacular", "redis", "httpcore"):
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

EXTRA = tuple(
    "django_phone_invites." + name
    for name in ("api", "limits.redis", "senders", "delivery.tasks")
)
#: Senders that need nothing. All others speak HTTP or have a client of their own.
PLAIN = {"base", "clock", "console", "failover", "file", "imitation", "memory"}
found = pkgutil.walk_packages(django_phone_invites.__path__, "django_phone_invites.")
for name in sorted(module.name for module in found):
    if not name.startswith(EXTRA) or name.removeprefix("django_phone_invites.senders.") in PLAIN:
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


def test_nothing_but_the_api_the_store_in_redis_and_senders_over_http_needs_an_extra() -> None:
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
        ("httpcore", "django_phone_invites.senders.generic", "http"),
        ("knox", "django_phone_invites.api.issuers.knox", "knox"),
        ("rest_framework_simplejwt", "django_phone_invites.api.issuers.jwt", "jwt"),
    ],
)
def test_what_is_missing_is_told_with_the_extra_that_brings_it(
    missing: str, module: str, extra: str
) -> None:
    if (
        module.startswith("django_phone_invites.api.")
        and missing != "rest_framework"
        and not settings.HAS_DRF
    ):
        pytest.skip("REST framework is missing too")
    told = run(WITHOUT, missing, module).stderr.strip().splitlines()[-1]
    assert told.startswith("ImportError: ")
    # Without REST framework the first of the two that is looked for is the one that is told.
    assert missing in told or not settings.HAS_DRF
    assert told.endswith(f'pip install "django-phone-invites[{extra}]"')
