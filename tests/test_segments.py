"""Segments are counted as 3GPP TS 23.038 has it; compared with a count that encodes and cuts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_phone_invites import segments
from django_phone_invites.segments import Segments

#: The chart of 6.2.1, a column of sixteen codes each; the escape, 1B, shows as NUL, which is no sign of it.
COLUMNS = [
    "@£$¥èéùìòÇ\nØø\rÅå",
    "Δ_ΦΓΛΩΠΨΣΘΞ\0ÆæßÉ",
    " !\"#¤%&'()*+,-./",
    "0123456789:;<=>?",
    "¡ABCDEFGHIJKLMNO",
    "PQRSTUVWXYZÄÖÑÜ§",
    "¿abcdefghijklmno",
    "pqrstuvwxyzäöñüà",
]
DEFAULT = {sign: bytes([code]) for code, sign in enumerate("".join(COLUMNS)) if sign != "\0"}
#: The chart of 6.2.1.1.
EXTENSION = {
    "\f": b"\x1b\x0a",
    "^": b"\x1b\x14",
    "{": b"\x1b\x28",
    "}": b"\x1b\x29",
    "\\": b"\x1b\x2f",
    "[": b"\x1b\x3c",
    "~": b"\x1b\x3d",
    "]": b"\x1b\x3e",
    "|": b"\x1b\x40",
    "€": b"\x1b\x65",
}
GSM = DEFAULT | EXTENSION


def cut_septets(text: str) -> list[bytes]:
    """Return the septets of each segment, cut so that none ends in an escape."""
    septets = b"".join(GSM[sign] for sign in text)
    if len(septets) <= 160:
        return [septets]
    parts = []
    while septets:
        end = 152 if septets[152:153] == b"\x1b" else 153
        parts.append(septets[:end])
        septets = septets[end:]
    return parts


def cut_octets(text: str) -> list[bytes]:
    """Return the octets of each segment in UTF-16, cut so that each can be read by itself."""
    octets = text.encode("utf-16-be")
    if len(octets) <= 140:
        return [octets]
    parts = []
    while octets:
        end = 134
        try:
            octets[:end].decode("utf-16-be")
        except UnicodeDecodeError:
            end = 132
        parts.append(octets[:end])
        octets = octets[end:]
    return parts


def test_the_default_alphabet_has_127_signs_and_an_escape() -> None:
    assert (len(DEFAULT), len("".join(COLUMNS))) == (127, 128)


@pytest.mark.parametrize("sign", GSM)
def test_each_sign_of_gsm_7_takes_its_septets(sign: str) -> None:
    assert segments.count(sign) == Segments("GSM-7", len(GSM[sign]), 1)


@pytest.mark.parametrize("sign", ["ç", "Ё", "—", "’", "`", "\t", "\0", "\x1b", "\u00a0", "\ud800"])
def test_any_other_sign_makes_the_whole_text_ucs_2(sign: str) -> None:
    assert segments.count(f"code 123456{sign}") == Segments("UCS-2", 12, 1)


def test_a_sign_above_ffff_takes_two_units() -> None:
    assert segments.count("🔑 1") == Segments("UCS-2", 4, 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Segments("GSM-7", 0, 1)),
        ("123456 is your code.", Segments("GSM-7", 20, 1)),
        ("5 € [now]", Segments("GSM-7", 12, 1)),
        ("012345 — ваш код.", Segments("UCS-2", 17, 1)),
        ("a" * 160, Segments("GSM-7", 160, 1)),
        ("a" * 161, Segments("GSM-7", 161, 2)),
        ("a" * 306, Segments("GSM-7", 306, 2)),
        ("a" * 307, Segments("GSM-7", 307, 3)),
        ("€" * 80, Segments("GSM-7", 160, 1)),
        ("я" * 70, Segments("UCS-2", 70, 1)),
        ("я" * 71, Segments("UCS-2", 71, 2)),
        ("я" * 134, Segments("UCS-2", 134, 2)),
        ("я" * 135, Segments("UCS-2", 135, 3)),
        ("🔑" * 35, Segments("UCS-2", 70, 1)),
    ],
)
def test_texts_of_known_size(text: str, expected: Segments) -> None:
    assert segments.count(text) == expected


def test_an_escape_and_its_sign_stay_in_one_segment() -> None:
    # 306 septets fill two segments, but the 153rd is an escape, which goes with its sign.
    text = "a" * 152 + "€" + "a" * 152
    assert segments.count(text) == Segments("GSM-7", 306, 3)


def test_a_surrogate_pair_stays_in_one_segment() -> None:
    text = "я" * 66 + "🔑" + "я" * 66
    assert segments.count(text) == Segments("UCS-2", 134, 3)


@given(st.text(alphabet=sorted(GSM), max_size=700))
def test_gsm_7_is_counted_as_it_is_encoded_and_cut(text: str) -> None:
    parts = cut_septets(text)
    assert segments.count(text) == Segments("GSM-7", sum(map(len, parts)), len(parts))


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
def test_ucs_2_is_counted_as_it_is_encoded_and_cut(text: str) -> None:
    parts = cut_octets(f"я{text}")
    octets = sum(map(len, parts))
    assert segments.count(f"я{text}") == Segments("UCS-2", octets // 2, len(parts))


@given(st.text())
def test_every_text_can_be_counted_lone_surrogates_too(text: str) -> None:
    counted = segments.count(text)
    assert counted.encoding == ("GSM-7" if set(text) <= set(GSM) else "UCS-2")
    assert counted.segments >= 1
