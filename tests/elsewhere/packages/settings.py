"""Settings of a site that comes from elsewhere: the other packages, as far as they are installed."""

import importlib.util
import os

import dj_database_url

SECRET_KEY = "elsewhere " * 4
USE_TZ = True
ROOT_URLCONF = "tests.elsewhere.packages.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "people.Member"

DATABASES = {"default": dj_database_url.parse(os.environ.get("DATABASE_URL", "sqlite://:memory:"))}
# Beside the database of the tests that this one is started from.
DATABASES["default"]["TEST"] = {"NAME": "test_coming_from_elsewhere"}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["TEST"] = {"NAME": None}

MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]

PACKAGES = [
    name
    for name in ("allauth", "drfpasswordless", "invitations", "phone_verify")
    if importlib.util.find_spec(name)
]
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.sites",
    "django_phone_invites",
    "tests.elsewhere.packages.people",
    *PACKAGES,
]
if "allauth" in PACKAGES:
    INSTALLED_APPS += ["allauth.account"]
    MIDDLEWARE += ["allauth.account.middleware.AccountMiddleware"]
    ACCOUNT_ADAPTER = "tests.elsewhere.packages.people.adapter.Adapter"
if "drfpasswordless" in PACKAGES:
    INSTALLED_APPS += ["rest_framework", "rest_framework.authtoken"]

SITE_ID = 1
TEMPLATES = [
    {"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True},
]
PASSWORDLESS_AUTH = {
    "PASSWORDLESS_AUTH_TYPES": ["MOBILE"],
    "PASSWORDLESS_MOBILE_NOREPLY_NUMBER": "+15550100000",
    "PASSWORDLESS_TEST_SUPPRESSION": True,
    "PASSWORDLESS_USER_MARK_MOBILE_VERIFIED": True,
}
PHONE_VERIFICATION = {
    "BACKEND": "phone_verify.backends.twilio.TwilioSandboxBackend",
    "OPTIONS": {"SID": "x", "SECRET": "x", "FROM": "+15550100000", "SANDBOX_TOKEN": "123456"},
    "TOKEN_LENGTH": 6,
    "MESSAGE": "{app} {security_code}",
    "APP_NAME": "Elsewhere",
    "SECURITY_CODE_EXPIRATION_SECONDS": 3600,
    "VERIFY_SECURITY_CODE_ONLY_ONCE": False,
}
PHONE_INVITES_SENDER = {"BACKEND": "django_phone_invites.senders.memory.MemorySender"}
