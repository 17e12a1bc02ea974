"""What a request seems to come from, in a few words: a client may write anything there."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

MAX_LENGTH = 60

#: A header of a browser is a few hundred characters. What stands further on is not looked at.
_MAX_HEADER = 1_000

# The first that is found counts: each browser names those that it wants to be taken for as well.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("YaBrowser/", "Yandex Browser"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def describe(meta: Mapping[str, Any]) -> str:
    """Return a few words on ``User-Agent`` out of ``request.META``: "Firefox, Windows".

    Of what is no browser that is known, the name that it begins with: "okhttp". "" for none.
    """
    header = str(meta.get("HTTP_USER_AGENT", ""))[:_MAX_HEADER]
    browser = _find(header, _BROWSERS)
    known = [browser, _find(header, _SYSTEMS)] if browser else [_name(header)]
    return ", ".join(word for word in known if word)


def _find(header: str, names: Sequence[tuple[str, str]]) -> str:
    return next((name for mark, name in names if mark in header), "")


def _name(header: str) -> str:
    # A product of RFC 9110, 10.1.5, without its version.
    found = re.match(r"[A-Za-z0-9._~+-]+", header)
    return found[0][:MAX_LENGTH] if found else ""
