"""Settings of the server under attack: the tests' own, on the tests' database."""

import datetime as dt
import json
import os

from django_phone_invites.conf import PREFIX, app_settings
from tests.settings import *  # noqa: F403
from tests.settings import DATABASES

DATABASES["default"]["NAME"] = os.environ["ATTACK_DATABASE"]
DATABASES["default"]["ATOMIC_REQUESTS"] = os.environ["ATTACK_ATOMIC_REQUESTS"] == "1"
if os.environ["ATTACK_ISOLATION"]:
    from tests.attack.isolation import options

    DATABASES["default"].setdefault("OPTIONS", {}).update(
        options(DATABASES["default"]["ENGINE"], os.environ["ATTACK_ISOLATION"])
    )

# A proxy is said to stand in front, so that each request has the address that its test gives it.
PHONE_INVITES_TRUSTED_PROXIES = 1
PHONE_INVITES_SENDER = {
    "BACKEND": "django_phone_invites.senders.file.FileSender",
    "OPTIONS": {"path": os.environ["ATTACK_MESSAGES"]},
}

# What a test changes, in JSON, without the prefix; durations in seconds. All else is the package's default.
_defaults = {setting.name: setting.default for setting in app_settings}
for _name, _value in json.loads(os.environ["ATTACK_SETTINGS"]).items():
    _is_duration = isinstance(_defaults[PREFIX + _name], dt.timedelta)
    globals()[PREFIX + _name] = dt.timedelta(seconds=_value) if _is_duration else _value
