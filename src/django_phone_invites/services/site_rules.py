"""Ask a function that a site has named in a setting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils.module_loading import import_string

from django_phone_invites import logs
from django_phone_invites.exceptions import Refusal, Unavailable


def ask(
    path: str, about: object, *, refuses: type[Refusal], tell_failed: Callable[[str], None]
) -> Any:
    """Return what the function at ``path`` says about its one argument.

    Args:
        path: its dotted path.
        about: the argument.
        refuses: what it may raise to refuse in its own words.
        tell_failed: records that it raised something else, which this names.

    Raises:
        Refusal: one of ``refuses``.
        Unavailable: it failed. Whoever cannot be judged is not let through.
    """
    try:
        return import_string(path)(about)
    except refuses:
        raise
    except Exception as error:
        tell_failed(logs.name_of(error))
        raise Unavailable from error
