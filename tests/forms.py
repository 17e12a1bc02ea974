"""What random there is in a page, for tests that compare pages or look for digits in them."""

from __future__ import annotations

import re

_CSRF_TOKEN = re.compile('(name="csrfmiddlewaretoken" value=)"[A-Za-z0-9]{64}"')


def without_csrf_tokens(page: str) -> str:
    """Return a page without the tokens of its forms, which are others each time."""
    return _CSRF_TOKEN.sub(r"\1", page)
