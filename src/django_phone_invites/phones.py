"""Accept or refuse a phone number, and show it. A number is an E.164 string in all other rooms."""

from __future__ import annotations

import enum
import re

from django.conf import settings as django_settings

try:
    import phonenumbers
    from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType
except ImportError as error:  # pragma: no cover - tested in a process of its own
    raise ImportError(
        "phonenumbers is not installed. It comes with an extra: "
        'pip install "django-phone-invites[phonenumberslite]"'
    ) from error

from django_phone_invites.conf import app_settings
from django_phone_invites.exceptions import PhoneInvalid, PhoneRegionRefused, PhoneTypeRefused

#: Characters of input; E.164 has 15 digits, the rest leaves room for punctuation.
MAX_INPUT_LENGTH = 64

# Digits of any script and the punctuation that people write numbers with (RFC 3966, 3: visual
# separators, and their typographic forms). Letters are left out on purpose: vanity numbers and
# extensions are not numbers that a message can be sent to.
_WRITTEN = re.compile(r"[+\uFF0B]?[\d ()./\-\u2010-\u2015\u2212]+")
_SPACES = re.compile(r"[\u00A0\u2009\u202F]")

# What phonenumbers calls the region of satellite, toll-free and other numbers without a country.
_NO_COUNTRY = "001"

#: Every region with numbers of its own, as ISO 3166-1 codes.
REGIONS = frozenset(phonenumbers.SUPPORTED_REGIONS)

_TEXTABLE = {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}


class Kind(enum.Enum):
    """What sort of line a number is, as far as people who look for a lost code care."""

    MOBILE = "mobile"
    FIXED = "fixed"
    FIXED_OR_MOBILE = "fixed or mobile"
    VOIP = "voip"
    TOLL_FREE = "toll-free"
    PREMIUM = "premium"
    OTHER = "other"


_KINDS = {
    PhoneNumberType.MOBILE: Kind.MOBILE,
    PhoneNumberType.FIXED_LINE: Kind.FIXED,
    PhoneNumberType.FIXED_LINE_OR_MOBILE: Kind.FIXED_OR_MOBILE,
    PhoneNumberType.VOIP: Kind.VOIP,
    PhoneNumberType.TOLL_FREE: Kind.TOLL_FREE,
    PhoneNumberType.PREMIUM_RATE: Kind.PREMIUM,
}


def parse(raw: str, region: str | None = None) -> str:
    """Return the E.164 form of a number as a person writes it.

    Whether the number is in use, and whether codes may be sent to it, is the business of
    :func:`require_textable`.

    Args:
        raw: the number.
        region: that of a number without a country code; that of the settings if not given.

    Raises:
        PhoneInvalid: it has other signs than digits and punctuation, is longer than
            ``MAX_INPUT_LENGTH``, has no country code where none is assumed, or cannot be a number.
    """
    raw = re.sub(_SPACES, " ", raw).strip(" \t\r\n")
    if len(raw) > MAX_INPUT_LENGTH or not _WRITTEN.fullmatch(raw):
        raise PhoneInvalid
    try:
        number = phonenumbers.parse(raw, region or default_region())
    except phonenumbers.NumberParseException:
        raise PhoneInvalid from None
    _drop_mexican_1(number)
    if not phonenumbers.is_possible_number(number):
        raise PhoneInvalid
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def _drop_mexican_1(number: PhoneNumber) -> None:
    """Drop the 1 that came between country code and mobile number in Mexico until August 2019.

    Phone books still hold it. Older versions of phonenumbers drop it, newer ones refuse the number.
    """
    national = number.national_number or 0
    if number.country_code == 52 and 10**10 <= national < 2 * 10**10:
        number.national_number = national - 10**10


def require_textable(e164: str) -> None:
    """Refuse a number that codes are not sent to.

    Raises:
        PhoneInvalid: no operator has given out this number.
        PhoneTypeRefused: it is not a mobile number (nor of a kind that can be one): a fixed line,
            premium, toll-free, shared cost, satellite and so on.
        PhoneRegionRefused: its region is not among ``PHONE_INVITES_REGIONS``.
    """
    number = phonenumbers.parse(e164)
    if not phonenumbers.is_valid_number(number):
        raise PhoneInvalid
    region = _region(number)
    if not region or phonenumbers.number_type(number) not in _TEXTABLE:
        raise PhoneTypeRefused
    if app_settings.regions is not None and region not in app_settings.regions:
        raise PhoneRegionRefused


def kind_of(e164: str) -> Kind:
    """Return what sort of line a number is; ``OTHER`` too where no plan knows the number."""
    return _KINDS.get(phonenumbers.number_type(phonenumbers.parse(e164)), Kind.OTHER)


def region_of(e164: str) -> str:
    """Return the region of a number as an ISO 3166-1 code.

    Of the number, not of its calling code: Kazakhstan is not Russia. Returns "" where it has none:
    satellite numbers, and numbers that no plan knows any more.
    """
    return _region(phonenumbers.parse(e164))


def _region(number: phonenumbers.PhoneNumber) -> str:
    region = phonenumbers.region_code_for_number(number)
    return "" if region in (None, _NO_COUNTRY) else str(region)


def default_region() -> str | None:
    """Return the region of numbers written without a country code, or None when there is none."""
    fallback: str | None = getattr(django_settings, "PHONENUMBER_DEFAULT_REGION", None)
    return app_settings.default_region or fallback


def display(e164: str) -> str:
    """Return the number as it is shown to its owner, for example ``+7(909)686-97-22``."""
    country, *groups = _groups(e164)
    if len(groups) < 2:
        return country + "".join(groups)
    return f"{country}({groups[0]}){'-'.join(groups[1:])}"


def mask(e164: str) -> str:
    """Return the number with all but its country code and last two digits hidden."""
    country, *groups = _groups(e164)
    national = "-".join(groups)
    return f"{country} {re.sub(r'[0-9]', '•', national[:-2])}{national[-2:]}"


def shown_to_inviter(e164: str) -> str:
    """Return an invitee's number as the inviter sees it."""
    return mask(e164) if app_settings.mask_invitees else display(e164)


def _groups(e164: str) -> list[str]:
    international = phonenumbers.format_number(
        phonenumbers.parse(e164), PhoneNumberFormat.INTERNATIONAL
    )
    return re.split(r"[^+0-9]+", international)
