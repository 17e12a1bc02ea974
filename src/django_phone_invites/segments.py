"""How many segments of SMS a text takes: what a provider asks to be paid for. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: 3GPP TS 23.038, 6.2.1: the default alphabet without its escape. One septet each.
_DEFAULT = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
#: The same, 6.2.1.1: the extension table. Each takes an escape and a septet.
_EXTENSION = frozenset("\f^{}\\[~]|€")

#: All signs that a text in GSM-7 may hold.
GSM_7 = _DEFAULT | _EXTENSION

#: Units that a segment carries alone, and as one of several. It has 140 octets (3GPP TS 23.040,
#: 9.2.3.24), of which the header that joins segments takes six.
_SEPTETS = (160, 153)
_CODE_UNITS = (70, 67)


@dataclass(frozen=True)
class Segments:
    """What a text takes on its way to a phone."""

    encoding: Literal["GSM-7", "UCS-2"]
    #: Septets of GSM-7, or UTF-16 code units of UCS-2.
    units: int
    segments: int


def count(text: str) -> Segments:
    """Return how ``text`` is encoded, and in how many segments it is sent.

    An empty text is one segment. A provider may count otherwise where it uses a national table of
    3GPP TS 23.038, or replaces signs that are not in GSM-7.
    """
    if GSM_7.issuperset(text):
        widths = [2 if sign in _EXTENSION else 1 for sign in text]
        return Segments("GSM-7", sum(widths), _segments(widths, *_SEPTETS))
    # 6.2.3 speaks of UCS-2, which ends at U+FFFF; phones read UTF-16, two units for what is above.
    widths = [2 if ord(sign) > 0xFFFF else 1 for sign in text]
    return Segments("UCS-2", sum(widths), _segments(widths, *_CODE_UNITS))


def _segments(widths: list[int], alone: int, joined: int) -> int:
    """Return how many segments are filled one after the other; no sign is split over two."""
    if sum(widths) <= alone:
        return 1
    segments, room = 0, 0
    for width in widths:
        if width > room:
            segments, room = segments + 1, joined
        room -= width
    return segments
