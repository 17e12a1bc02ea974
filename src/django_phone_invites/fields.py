"""The column of a phone number."""

from __future__ import annotations

from typing import Any

from phonenumber_field.modelfields import PhoneNumberField

#: E.164: a plus sign and at most 15 digits.
E164_MAX_LENGTH = 16


class E164Field(PhoneNumberField):  # type: ignore[misc]  # untyped
    """A ``PhoneNumberField`` that is E.164 in the database, whatever ``PHONENUMBER_DB_FORMAT`` is.

    The base field keeps numbers that ``phonenumbers`` calls invalid as they were typed, and others
    in the site's format. A number that becomes invalid with a new release of ``phonenumbers`` would
    then no longer equal itself.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", E164_MAX_LENGTH)
        super().__init__(*args, **kwargs)

    def get_prep_value(self, value: Any) -> Any:
        """Return the E.164 form."""
        number = self.to_python(value)
        return number.as_e164 if number else number
