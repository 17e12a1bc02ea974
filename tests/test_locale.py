"""The Russian catalogue is complete and compiled, and the message fits one segment."""

from __future__ import annotations

import ast
import datetime as dt
import gettext
import re
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

import pytest
from django.apps import apps
from django.template.base import Lexer, Token, TokenType
from django.utils import timezone

from django_phone_invites import text as message
from django_phone_invites.models import LoginCode

PACKAGE = Path(apps.get_app_config("phone_invites").path)
CATALOGUE = PACKAGE / "locale" / "ru" / "LC_MESSAGES" / "django.po"
FORMS = 3
#: What one message holds in UCS-2, which any Cyrillic letter needs.
SEGMENT = 70

PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[sd]")
TAG = re.compile(r"<[^>]+>")


class Entry(NamedTuple):
    """One entry of a catalogue: what is translated, and into what."""

    msgid: str
    plural: str
    texts: tuple[str, ...]
    flags: str


def read_po(path: Path) -> list[Entry]:
    """Read the subset of the format that ``makemessages`` writes; no contexts."""
    entries = []
    for block in re.split(r"\n\n+", path.read_text("utf-8").strip()):
        found: dict[str, str] = {}
        flags, keyword = "", ""
        for line in block.splitlines():
            if line.startswith("#"):
                flags += line if line.startswith(("#,", "#|", "#~")) else ""
                continue
            value = line
            if not line.startswith('"'):
                keyword, _, value = line.partition(" ")
            found[keyword] = found.get(keyword, "") + ast.literal_eval(value)
        texts = tuple(text for key, text in found.items() if key.startswith("msgstr"))
        entries.append(Entry(found["msgid"], found.get("msgid_plural", ""), texts, flags))
    return entries


@pytest.fixture(scope="module")
def header() -> Entry:
    return read_po(CATALOGUE)[0]


@pytest.fixture(scope="module")
def entries() -> list[Entry]:
    return read_po(CATALOGUE)[1:]


def python_msgids() -> set[str]:
    """Return the literals that the package's modules pass to gettext."""
    names = {"_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy"}
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in names:
                found.add(ast.literal_eval(node.args[0]))
    return found


def template_msgids() -> set[str]:
    """Return the texts of the package's templates."""
    found = set()
    for path in (PACKAGE / "templates").rglob("*.*"):
        tokens = iter(Lexer(path.read_text("utf-8")).tokenize())
        for token in tokens:
            tag, *arguments = token.split_contents() or [""]
            if token.token_type == TokenType.BLOCK and tag == "translate":
                found.add(arguments[0][1:-1])
            elif token.token_type == TokenType.BLOCK and tag == "blocktranslate":
                found.add(block_msgid(tokens, trimmed="trimmed" in arguments))
    return found


def block_msgid(tokens: Iterator[Token], *, trimmed: bool) -> str:
    """Return the text up to the next tag: the plural or the end."""
    text = ""
    for token in takewhile(lambda token: token.token_type != TokenType.BLOCK, tokens):
        is_variable = token.token_type == TokenType.VAR
        text += f"%({token.contents})s" if is_variable else token.contents
    return " ".join(line.strip() for line in text.strip().splitlines()) if trimmed else text


# The catalogue


def test_every_text_of_the_package_is_in_the_catalogue_and_no_other(entries):
    assert {entry.msgid for entry in entries} == python_msgids() | template_msgids()


def test_every_text_is_translated_in_every_plural_form(entries):
    for entry in entries:
        assert len(entry.texts) == (FORMS if entry.plural else 1), entry.msgid
        assert all(text.strip() for text in entry.texts), entry.msgid


def test_no_translation_is_a_guess_or_left_over(entries):
    for entry in entries:
        assert "fuzzy" not in entry.flags, entry.msgid
        assert "#~" not in entry.flags, entry.msgid
        assert "#|" not in entry.flags, entry.msgid


def test_no_text_is_translated_twice(entries):
    msgids = [entry.msgid for entry in entries]
    assert len(msgids) == len(set(msgids))


def test_translations_keep_placeholders_tags_and_the_full_stop(entries):
    for entry in entries:
        for text in entry.texts:
            assert sorted(PLACEHOLDER.findall(text)) == sorted(PLACEHOLDER.findall(entry.msgid))
            assert TAG.findall(text) == TAG.findall(entry.msgid)
            assert text.endswith((".", "…", ":", "?")) == entry.msgid.endswith((".", "…", ":", "?"))


def test_people_are_addressed_in_lower_case(entries):
    for entry in entries:
        for text in entry.texts:
            assert not re.search(r"(?<!^)(?<![.?!] )\b(Вы|Вас|Вам|Ваш\w*)\b", text), text


def test_the_header_names_the_project_and_nothing_of_who_made_it(header):
    names = [line.partition(":")[0] for line in header.texts[0].splitlines()]
    assert names == [
        "Project-Id-Version",
        "Language",
        "MIME-Version",
        "Content-Type",
        "Content-Transfer-Encoding",
        "Plural-Forms",
    ]
    assert "Project-Id-Version: django-phone-invites\n" in header.texts[0]
    assert f"nplurals={FORMS};" in header.texts[0]


def test_the_compiled_catalogue_is_the_source(header, entries):
    with CATALOGUE.with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    expected: dict[object, str] = {"": header.texts[0]}
    for entry in entries:
        if entry.plural:
            expected |= {(entry.msgid, form): text for form, text in enumerate(entry.texts)}
        else:
            expected[entry.msgid] = entry.texts[0]
    assert compiled._catalog == expected  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("number", "form"),
    [(0, 2), (1, 0), (2, 1), (4, 1), (5, 2), (11, 2), (12, 2), (21, 0), (22, 1), (111, 2)],
)
def test_numbers_take_the_russian_plural_forms(number, form):
    with CATALOGUE.with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    texts = [
        "Попробуйте через %d минуту.",
        "Попробуйте через %d минуты.",
        "Попробуйте через %d минут.",
    ]
    chosen = compiled.ngettext("Try again in %d minute.", "Try again in %d minutes.", number)
    assert chosen == texts[form]


# The message


def message_text(monkeypatch: pytest.MonkeyPatch, *, locale: str, minutes: int, code: str) -> str:
    monkeypatch.setattr(message.codes, "derive", lambda seed: code)
    now = timezone.now()
    login_code = LoginCode(
        phone="+79096869722",
        purpose=LoginCode.Purpose.LOGIN.value,
        length=len(code),
        locale=locale,
        created_at=now,
        expires_at=now + dt.timedelta(minutes=minutes),
    )
    return message.render(login_code).text


@pytest.fixture
def unnamed(settings):
    settings.PHONE_INVITES_SITE_NAME = ""
    settings.PHONE_INVITES_HOST = ""


@pytest.fixture
def named(settings):
    settings.PHONE_INVITES_SITE_NAME = "Shop"
    settings.PHONE_INVITES_HOST = "shop.example"


@pytest.mark.parametrize(
    ("locale", "minutes", "text"),
    [
        ("en", 1, "012345 is your code. It is valid for 1 minute."),
        ("en", 2, "012345 is your code. It is valid for 2 minutes."),
        ("en", 5, "012345 is your code. It is valid for 5 minutes."),
        ("ru", 1, "012345 — ваш код. Действует 1 минуту."),
        ("ru", 2, "012345 — ваш код. Действует 2 минуты."),
        ("ru", 5, "012345 — ваш код. Действует 5 минут."),
    ],
)
@pytest.mark.usefixtures("unnamed")
def test_the_message_says_the_code_and_how_long_it_is_valid(monkeypatch, locale, minutes, text):
    assert message_text(monkeypatch, locale=locale, minutes=minutes, code="012345") == text
    assert len(text) <= SEGMENT


@pytest.mark.parametrize(
    ("locale", "minutes", "text"),
    [
        ("en", 1, "012345 is your code for Shop. It is valid for 1 minute."),
        ("en", 2, "012345 is your code for Shop. It is valid for 2 minutes."),
        ("en", 5, "012345 is your code for Shop. It is valid for 5 minutes."),
        ("ru", 1, "012345 — код для Shop. Действует 1 минуту."),
        ("ru", 2, "012345 — код для Shop. Действует 2 минуты."),
        ("ru", 5, "012345 — код для Shop. Действует 5 минут."),
    ],
)
@pytest.mark.usefixtures("named")
def test_the_message_of_a_named_site_ends_with_the_line_that_browsers_read(
    monkeypatch, locale, minutes, text
):
    found = message_text(monkeypatch, locale=locale, minutes=minutes, code="012345")
    assert found == f"{text}\n\n@shop.example #012345"
    # English is all GSM-7 and has 160 characters; Cyrillic has 70.
    assert len(found) <= (SEGMENT if locale == "ru" else 160)


@pytest.mark.usefixtures("unnamed")
def test_the_longest_russian_message_without_names_fits_one_segment(monkeypatch):
    found = message_text(monkeypatch, locale="ru", minutes=10, code="0123456789")
    assert len(found) <= SEGMENT
