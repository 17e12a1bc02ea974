"""Settings of the server under attack: the tests' own, on the tests' database."""

import os

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES

DATABASES["default"]["NAME"] = os.environ["ATTACK_DATABASE"]
DATABASES["default"]["ATOMIC_REQUESTS"] = os.environ["ATTACK_ATOMIC_REQUESTS"] == "1"
if os.environ["ATTACK_ISOLATION"]:
    from tests.attack.isolation import options

    DATABASES["default"].setdefault("OPTIONS", {}).update(
        options(DATABASES["default"]["ENGINE"], os.environ["ATTACK_ISOLATION"])
    )

# Every request comes from one address; the limits of an address are attacked by tests of their own.
PHONE_INVITES_ADDRESS_MESSAGES_PER_HOUR = None
PHONE_INVITES_ADDRESS_MESSAGES_PER_DAY = None
PHONE_INVITES_ADDRESS_FAILURES_PER_HOUR = None
PHONE_INVITES_BLOCK_MESSAGES_PER_HOUR = None

PHONE_INVITES_SENDER = {
    "BACKEND": "django_phone_invites.senders.file.FileSender",
    "OPTIONS": {"path": os.environ["ATTACK_MESSAGES"]},
}
