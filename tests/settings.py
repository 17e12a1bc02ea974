"""Settings of the tests. DATABASE_URL chooses the database, PHONE_INVITES_TEST_USER the user model."""

from __future__ import annotations

import importlib.util
import os

import dj_database_url
import django

SECRET_KEY = "tests"
DEBUG = False
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("ru", "Russian")]
ROOT_URLCONF = "tests.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
STATIC_URL = "/static/"

DATABASES = {"default": dj_database_url.parse(os.environ.get("DATABASE_URL", "sqlite://:memory:"))}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # Threads of a test share a file; a database in memory belongs to one connection.
    DATABASES["default"]["TEST"] = {"NAME": os.environ.get("SQLITE_TEST_FILE")}
    DATABASES["default"]["OPTIONS"] = {"timeout": 20}

HAS_DRF = importlib.util.find_spec("rest_framework") is not None

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "phonenumber_field",
    "django_phone_invites",
    "tests.users",
]
if HAS_DRF:
    INSTALLED_APPS += ["rest_framework", "rest_framework.authtoken", "drf_spectacular"]
# --group issuers
if importlib.util.find_spec("knox"):
    INSTALLED_APPS += ["knox"]
if importlib.util.find_spec("rest_framework_simplejwt"):
    INSTALLED_APPS += ["rest_framework_simplejwt.token_blacklist"]
# RFC 7518, 3.2: a key of HS256 has 32 bytes at least, and PyJWT warns of less.
SIMPLE_JWT = {"SIGNING_KEY": "tests " * 6}

# Django has its own from 6.0 on.
TASK_FRAMEWORK = "django.tasks" if django.VERSION >= (6, 0) else "django_tasks"
if TASK_FRAMEWORK == "django_tasks":
    INSTALLED_APPS += ["django_tasks"]
TASKS = {
    "default": {
        "BACKEND": f"{TASK_FRAMEWORK}.backends.immediate.ImmediateBackend",
        # django-tasks once waited for a commit, and a test that is rolled back has none.
        "ENQUEUE_ON_COMMIT": False,
    }
}

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.TokenAuthentication"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
}

PHONE_INVITES_SENDER = {"BACKEND": "django_phone_invites.senders.memory.MemorySender"}

_USER_MODELS = {
    "default": "auth.User",
    "email": "users.EmailUser",
    "phone": "users.PhoneUser",
    "uuid": "users.UUIDUser",
}
AUTH_USER_MODEL = _USER_MODELS[os.environ.get("PHONE_INVITES_TEST_USER", "default")]
