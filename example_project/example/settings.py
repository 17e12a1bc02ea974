"""Settings of the example. With DEBUG=0 in the environment it is set up as a site would be."""

import os
from pathlib import Path

import dj_database_url
import django
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"
VAR_DIR.mkdir(exist_ok=True)

DEBUG = os.environ.get("DEBUG", "1") == "1"
# The fallback is for development only; production has to bring its own.
SECRET_KEY = os.environ.get("SECRET_KEY") or ("example-for-development-only" if DEBUG else "")
if not SECRET_KEY:
    raise ImproperlyConfigured("With DEBUG=0 the environment must have a SECRET_KEY.")
ALLOWED_HOSTS = os.environ.get("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]").split(",")

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "phonenumber_field",
    "rest_framework",
    "rest_framework.authtoken",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    # Before the package: a template of the same name here takes the place of the package's.
    "example",
    "django_phone_invites",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "example.urls"
WSGI_APPLICATION = "example.wsgi.application"

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

DATABASES = {
    "default": dj_database_url.config(default=f"sqlite:///{VAR_DIR / 'db.sqlite3'}"),
}
DATABASES["default"]["ATOMIC_REQUESTS"] = os.environ.get("ATOMIC_REQUESTS") == "1"
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # Writers wait for each other instead of failing.
    DATABASES["default"]["OPTIONS"] = {"timeout": 20}
    if django.VERSION >= (5, 1):
        DATABASES["default"]["OPTIONS"]["init_command"] = "PRAGMA journal_mode=WAL"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("ru", "Русский")]
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATIC_ROOT.mkdir(exist_ok=True)  # WhiteNoise warns where there is none
# Also with DEBUG=0: collectstatic is not needed.
WHITENOISE_USE_FINDERS = True

LOGIN_URL = "phone_invites:phone"

if not DEBUG:
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SECURE_SSL_REDIRECT = os.environ.get("SECURE_SSL_REDIRECT", "1") == "1"
    SECURE_HSTS_SECONDS = 3600

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.TokenAuthentication"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    # The schema puts any other ?version= as it is into a header, and fails at a line break.
    "ALLOWED_VERSIONS": ["0.1.0"],
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Phone sign-in and invites",
    "DESCRIPTION": "The example of django-phone-invites.",
    "VERSION": "0.1.0",
    # drf-spectacular knows it since 0.27; before, it makes 3.0.
    "OAS_VERSION": "3.1.0",
    "CONTACT": {"name": "django-phone-invites contributors"},
    "LICENSE": {"name": "MIT"},
    "SERVERS": [{"url": "/"}],
    "TAGS": [
        {"name": "login", "description": "In with a phone and a code, and out again."},
        {"name": "profile", "description": "The own profile, and invites."},
    ],
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api_user",
    # Swagger UI and Redoc from this server, not from the internet.
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": f"{STATIC_URL}example/icon.svg",
    # No badge of validator.swagger.io.
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "validatorUrl": None},
    "REDOC_DIST": "SIDECAR",
}

# The whole contract of the example stands in these lines.

PHONE_INVITES_CODE_LENGTH = 4
PHONE_INVITES_CODE_ATTEMPTS = 3
PHONE_INVITES_DEFAULT_REGION = "RU"
PHONE_INVITES_MASK_INVITEES = False

# For evaluation: short codes, so few guesses, and limits that nobody meets by trying it out.
PHONE_INVITES_PHONE_FAILURE_LENGTHS = {10: 6, 20: 8, 100: 12}
PHONE_INVITES_SITE_FAILURE_LENGTHS = {100: 6, 250: 8}
PHONE_INVITES_ADDRESS_MESSAGES_PER_HOUR = 100
PHONE_INVITES_ADDRESS_MESSAGES_PER_DAY = 1000
PHONE_INVITES_ADDRESS_FAILURES_PER_HOUR = 100
PHONE_INVITES_BLOCK_MESSAGES_PER_HOUR = 100
PHONE_INVITES_SITE_MESSAGES_PER_HOUR = 500
PHONE_INVITES_SITE_MESSAGES_PER_DAY = 2000

PHONE_INVITES_SENDER = {
    "BACKEND": "django_phone_invites.senders.imitation.ImitationSender",
    "OPTIONS": {"delay": (1.0, 2.0), "path": VAR_DIR / "messages.jsonl"},
}

# SEND=task in the environment: "manage.py db_worker" sends the codes, from the database.
if os.environ.get("SEND") == "task":
    INSTALLED_APPS += ["django_tasks_db"]
    if django.VERSION < (6, 0):
        INSTALLED_APPS += ["django_tasks"]
    TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
    PHONE_INVITES_SEND = "task"

PHONE_INVITES_ROUTES = {
    "code": "auth/<int:pk>/",
    "profile": "deteil/<int:pk>/",
    "invitees": "deteil/<int:pk>/invitees/",
}

PHONE_INVITES_API_ROUTES = {
    "codes": "create/",
    "code": "auth/<int:pk>/",
    "profile": "user/<int:pk>/",
    "invitees": "user/<int:pk>/invitees/",
}
