"""What the message says, in which language, and how its last line ends."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.template import TemplateDoesNotExist
from django.utils import timezone, translation
from django.views.debug import SafeExceptionReporterFilter

from django_phone_invites import codes, segments, text
from django_phone_invites.models import LoginCode
from django_phone_invites.senders import Message

PHONE = "+79096869722"
NOW = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.timezone.utc)
#: The one in Google's documents.
HASH = "FA+9qCX9VSu"


def make_code(**changes: Any) -> LoginCode:
    now = timezone.now()
    return LoginCode(
        **{
            "phone": PHONE,
            "purpose": "login",
            "channel": "web",
            "length": 6,
            "locale": "en",
            "created_at": now,
            "expires_at": now + dt.timedelta(minutes=5),
            **changes,
        }
    )


def use_templates(settings: Any, **texts: str) -> None:
    """Let these be all templates: ``login_pt_br`` is ``login.pt-br.txt``."""
    templates = {}
    for name, source in texts.items():
        purpose, _, locale = name.replace("_", "-").partition("-")
        file = f"{purpose}.{locale}.txt" if locale else f"{purpose}.txt"
        templates[f"phone_invites/message/{file}"] = source
    settings.TEMPLATES = [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {"loaders": [("django.template.loaders.locmem.Loader", templates)]},
        }
    ]


def test_the_message_carries_what_a_sender_needs(time_machine: Any) -> None:
    time_machine.move_to(NOW, tick=False)
    login_code = make_code()
    time_machine.move_to(NOW + dt.timedelta(seconds=2), tick=False)
    code = codes.derive(login_code.seed)
    assert text.render(login_code) == Message(
        phone=PHONE,
        code=code,
        purpose="login",
        locale="en",
        lifetime=298,
        text=f"{code} is your code. It is valid for 5 minutes.",
    )


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(30, "1 minute."), (60, "1 minute."), (90, "2 minutes."), (600, "10 minutes.")],
)
def test_the_life_is_told_in_whole_minutes(seconds: int, words: str) -> None:
    now = timezone.now()
    login_code = make_code(created_at=now, expires_at=now + dt.timedelta(seconds=seconds))
    assert text.render(login_code).text.endswith(f"valid for {words}")


def test_the_life_of_an_expired_code_is_zero() -> None:
    now = timezone.now()
    hour = dt.timedelta(hours=1)
    login_code = make_code(created_at=now - 2 * hour, expires_at=now - hour)
    assert text.render(login_code).lifetime == 0


def test_the_last_line_binds_the_code_to_the_host(settings: Any) -> None:
    settings.PHONE_INVITES_HOST = "example.com"
    message = text.render(make_code())
    assert message.text.splitlines()[-2:] == ["", f"@example.com #{message.code}"]


def test_no_host_no_last_line() -> None:
    assert "@" not in text.render(make_code()).text


def test_the_site_is_named_and_not_escaped(settings: Any) -> None:
    settings.PHONE_INVITES_SITE_NAME = "Tea & <Cake>"
    message = text.render(make_code())
    assert message.text.startswith(f"{message.code} is your code for Tea & <Cake>.")


def test_the_message_fits_one_segment(settings: Any) -> None:
    settings.PHONE_INVITES_SITE_NAME = "Example"
    settings.PHONE_INVITES_HOST = "accounts.example.com"
    message = text.render(make_code(length=12))
    assert segments.count(message.text) == segments.Segments("GSM-7", 102, 1)


@pytest.mark.parametrize("locale", ["en", "ru"])
def test_the_message_is_in_the_language_of_whoever_asked(locale: str, settings: Any) -> None:
    use_templates(
        settings,
        login="{% load i18n %}{% get_current_language as language %}{{ language }} {{ code }}",
    )
    with translation.override("ru" if locale == "en" else "en"):
        before = translation.get_language()
        message = text.render(make_code(locale=locale))
        assert translation.get_language() == before
    assert message.locale == locale
    assert message.text == f"{locale} {message.code}"


def test_spaces_around_a_sites_own_text_are_dropped(settings: Any) -> None:
    use_templates(settings, login="\n  {{ code }}, {{ minutes }}\n\n")
    message = text.render(make_code())
    assert message.text == f"{message.code}, 5"


# --- which template ---


@pytest.mark.parametrize(
    ("locale", "expected"),
    [
        ("pt-br", "Brazil"),
        ("pt", "Portuguese"),
        ("pt-pt", "Portuguese"),
        ("zh-hans", "any"),
        ("en", "any"),
    ],
)
def test_a_locale_comes_before_its_language_and_that_before_any(
    locale: str, expected: str, settings: Any
) -> None:
    use_templates(settings, login="any", login_pt="Portuguese", login_pt_br="Brazil")
    assert text.render(make_code(locale=locale)).text == expected


def test_a_template_of_one_language_leaves_the_others_to_the_packages(
    settings: Any, tmp_path: Any
) -> None:
    folder = tmp_path / "phone_invites" / "message"
    folder.mkdir(parents=True)
    (folder / "login.ru.txt").write_text("Код {{ code }}", "utf-8")
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]
    russian, english = text.render(make_code(locale="ru")), text.render(make_code(locale="en"))
    assert russian.text == f"Код {russian.code}"
    assert english.text.startswith(f"{english.code} is your code.")


def test_another_purpose_has_templates_of_its_own(settings: Any) -> None:
    use_templates(settings, login="login", login_ru="login", other="other")
    assert text.render(make_code(purpose="other", locale="ru")).text == "other"


def test_a_template_knows_the_channel(settings: Any) -> None:
    use_templates(settings, login="{{ channel }}")
    assert text.render(make_code(channel="api")).text == "api"


# --- the hash of an app ---


def test_an_apps_hash_ends_the_line_that_browsers_read(settings: Any) -> None:
    settings.PHONE_INVITES_HOST = "example.com"
    settings.PHONE_INVITES_ANDROID_HASH = HASH
    message = text.render(make_code(channel="api"))
    last_line = message.text.splitlines()[-1]
    assert last_line == f"@example.com #{message.code} {HASH}"
    # Origin-bound one-time codes, 3.2: what follows the code is read only if it begins with "%".
    read = re.match(r"@(\S+) #(\S+)(?: %(\S+))?", last_line)
    assert read is not None
    assert read.groups() == ("example.com", message.code, None)


def test_without_a_host_an_apps_hash_is_the_last_line(settings: Any) -> None:
    settings.PHONE_INVITES_ANDROID_HASH = HASH
    message = text.render(make_code(channel="api"))
    assert message.text.splitlines()[-2:] == [
        f"{message.code} is your code. It is valid for 5 minutes.",
        HASH,
    ]


def test_a_sites_own_text_gets_the_hash_too(settings: Any) -> None:
    settings.PHONE_INVITES_ANDROID_HASH = HASH
    use_templates(settings, login="{{ code }}\n@example.com #{{ code }}\n")
    message = text.render(make_code(channel="api"))
    assert message.text == f"{message.code}\n@example.com #{message.code} {HASH}"


def test_pages_are_no_app(settings: Any) -> None:
    settings.PHONE_INVITES_ANDROID_HASH = HASH
    assert HASH not in text.render(make_code(channel="web")).text


def test_no_hash_no_change() -> None:
    pages, api = make_code(channel="web"), make_code(channel="api")
    api.token, api.nonce = pages.token, pages.nonce
    assert text.render(api).text == text.render(pages).text


# --- what is told ---


def test_an_exception_report_does_not_show_the_code(rf: Any) -> None:
    login_code = make_code(length=12, purpose="missing")
    with pytest.raises(TemplateDoesNotExist) as raised:
        text.render(login_code)
    frame = next(found.frame for found in raised.traceback if found.name == "render")
    hiding = SafeExceptionReporterFilter()
    shown = dict(hiding.get_traceback_frame_variables(rf.get("/"), frame.raw))
    assert frame.raw.f_locals["code"] == codes.derive(login_code.seed)
    assert {shown[name] for name in ("code", "context")} == {hiding.cleansed_substitute}


# That there is no account


@pytest.mark.parametrize(
    ("site_name", "locale", "words"),
    [
        ("", "en", "There is no account for this number."),
        ("Shop", "en", "Shop: there is no account for this number."),
        ("Shop", "ru", "Shop: для этого номера нет учётной записи."),
    ],
)
def test_the_notice_holds_no_code_no_host_and_no_hash(settings, site_name, locale, words):
    settings.PHONE_INVITES_SITE_NAME = site_name
    settings.PHONE_INVITES_HOST = "example.com"
    settings.PHONE_INVITES_ANDROID_HASH = "FA+9qCX9VSu"
    now = timezone.now()
    row = LoginCode(
        phone="+79096869722",
        purpose=LoginCode.Purpose.NO_ACCOUNT,
        channel="api",
        length=6,
        locale=locale,
        created_at=now,
        expires_at=now,
    )
    message = text.render(row)
    assert (message.text, message.code, message.purpose) == (words, "", "no_account")


# That the number was changed


def make_notice(**fields):
    now = timezone.now()
    return LoginCode(
        phone="+79096869722",
        purpose=LoginCode.Purpose.CHANGED,
        channel="api",
        length=0,
        created_at=now,
        expires_at=now,
        **fields,
    )


@pytest.mark.parametrize(
    ("site_name", "host", "locale", "words"),
    [
        ("", None, "en", "Your number was changed. Not you? Undo it with {token}"),
        ("Shop", None, "ru", "Shop: ваш номер изменён. Не вы? Отмена: {token}"),
        (
            "Shop",
            "example.com",
            "en",
            "Shop: your number was changed. Not you? https://example.com/user/undo/{token}/",
        ),
        (
            "",
            "example.com",
            "ru",
            "Ваш номер изменён. Не вы? https://example.com/user/undo/{token}/",
        ),
    ],
)
def test_the_notice_of_a_change_holds_the_way_back(settings, site_name, host, locale, words):
    settings.PHONE_INVITES_SITE_NAME = site_name
    settings.PHONE_INVITES_HOST = host
    settings.PHONE_INVITES_ANDROID_HASH = "FA+9qCX9VSu"
    row = make_notice(locale=locale)
    message = text.render(row)
    token = codes.derive_undo_token(row.seed)
    assert (message.text, message.code) == (words.format(token=token), "")


def test_a_site_without_the_pages_is_told_the_token(settings):
    settings.PHONE_INVITES_HOST = "example.com"
    settings.ROOT_URLCONF = "django_phone_invites.receipts.urls"
    row = make_notice(locale="en")
    assert text.render(row).text.endswith(f"Undo it with {codes.derive_undo_token(row.seed)}")


def test_each_notice_has_a_token_of_its_own_that_the_key_makes(settings):
    row = make_notice(locale="en")
    token = codes.derive_undo_token(row.seed)
    assert codes.is_token(token)
    assert codes.derive_undo_token(make_notice(locale="en").seed) != token
    settings.SECRET_KEY = "another"
    assert codes.derive_undo_token(row.seed) != token
