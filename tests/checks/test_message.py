"""The message of a login code, in each language of the site."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from django_phone_invites import segments
from tests.checks.reports import found, ids, one

pytestmark = pytest.mark.django_db  # Django's checks of JSONField ask the database.

LOADER = "django.template.loaders.locmem.Loader"


CHANGE = "{{ code }}{% if host %}\n@{{ host }} #{{ code }}{% endif %}"


def use_templates(settings: Any, *, change: str = CHANGE, **sources: str) -> None:
    """Let these be the messages, by locale; ``any`` is what the other languages get."""
    templates = {
        "phone_invites/message/change.txt": change,
        "phone_invites/message/changed.txt": "Changed.",
    }
    templates |= {
        f"phone_invites/message/login{'' if locale == 'any' else f'.{locale}'}.txt": source
        for locale, source in sources.items()
    }
    settings.TEMPLATES = [
        {**settings.TEMPLATES[0], "APP_DIRS": False}
        | {"OPTIONS": {**settings.TEMPLATES[0]["OPTIONS"], "loaders": [(LOADER, templates)]}}
    ]


def reported() -> list[str]:
    return [message.msg for message in found(deploy=True) if message.id == "phone_invites.W010"]


def test_the_packages_own_message_fits_with_codes_at_their_longest(settings: Any) -> None:
    settings.PHONE_INVITES_HOST = "example.com"
    assert reported() == []
    settings.PHONE_INVITES_HOST = "example.info"
    assert len(reported()) == 1


def test_a_message_of_two_segments_is_told_with_what_it_takes(settings: Any) -> None:
    settings.PHONE_INVITES_SITE_NAME = "Shop"
    settings.PHONE_INVITES_HOST = "shop.example"
    longest = "012345678901 — код для Shop. Действует 5 минут.\n\n@shop.example #012345678901"
    taken = segments.count(longest)
    message = one("phone_invites.W010", deploy=True)
    assert message.msg == (
        f"With a code of 12 digits the message takes 2 segments (UCS-2, {taken.units} units) in: ru (web), ru (api)."
    )
    assert not message.is_serious()
    assert "PHONE_INVITES_SITE_NAME" in (message.hint or "")
    assert "phone_invites.W010" not in ids()


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("PHONE_FAILURE_LENGTHS", {10: 8, 100: 12}),
        ("SITE_FAILURE_LENGTHS", {250: 12, 10: 8}),
        ("CODE_LENGTH", 12),
    ],
)
def test_the_longest_code_counts_wherever_it_comes_from(
    setting: str, value: Any, settings: Any
) -> None:
    settings.PHONE_INVITES_PHONE_FAILURE_LENGTHS = {}
    settings.PHONE_INVITES_SITE_FAILURE_LENGTHS = {}
    use_templates(settings, any="{{ code }}" + "я" * 59)
    assert reported() == []
    setattr(settings, f"PHONE_INVITES_{setting}", value)
    (told,) = reported()
    assert "12 digits" in told
    assert "UCS-2, 71 units" in told


def test_the_life_of_a_code_counts(settings: Any) -> None:
    settings.PHONE_INVITES_CODE_LIFETIME = dt.timedelta(minutes=10)
    use_templates(settings, any="{{ code }}{{ minutes }}" + "a" * 147)
    assert "GSM-7, 161 units" in reported()[0]
    settings.PHONE_INVITES_CODE_LIFETIME = dt.timedelta(minutes=9)
    assert reported() == []


def test_languages_that_take_the_same_are_told_together(settings: Any) -> None:
    settings.LANGUAGES = [("en", "English"), ("fr", "French"), ("ru", "Russian")]
    use_templates(settings, any="a" * 161, ru="я" * 135)
    same, russian = reported()
    assert same.endswith(
        "2 segments (GSM-7, 161 units) in: en (web), en (api), fr (web), fr (api)."
    )
    assert russian.endswith("3 segments (UCS-2, 135 units) in: ru (web), ru (api).")


def test_an_apps_hash_counts_through_the_api_only(settings: Any) -> None:
    settings.PHONE_INVITES_ANDROID_HASH = "FA+9qCX9VSu"
    use_templates(settings, any="a" * 149)
    assert [told.partition(" in: ")[2] for told in reported()] == ["en (api), ru (api)."]
    use_templates(settings, any="a" * 148)
    assert reported() == []


def test_a_text_of_one_channel_counts_through_that_one(settings: Any) -> None:
    use_templates(settings, any="{% if channel == 'web' %}" + "a" * 161 + "{% endif %}")
    assert [told.partition(" in: ")[2] for told in reported()] == ["en (web), ru (web)."]


@pytest.mark.parametrize(
    ("source", "error", "words"),
    [
        ("{% nonsense %}", "TemplateSyntaxError", "Invalid block tag on line 1: 'nonsense'"),
        ("{% include 'nowhere' %}", "TemplateDoesNotExist", "nowhere"),
    ],
)
def test_a_message_that_cannot_be_rendered_is_told_with_its_error(
    source: str, error: str, words: str, settings: Any
) -> None:
    use_templates(settings, any="{{ code }}", ru=source)
    message = one("phone_invites.W010", deploy=True)
    assert message.msg.startswith(f"The message cannot be rendered ({error}: ")
    assert words in message.msg
    assert message.msg.endswith(" in: ru (web), ru (api).")
    assert (message.hint or "").startswith("Nobody can log in.")


@pytest.mark.parametrize(
    "name",
    [
        "CODE_LENGTH",
        "CODE_LIFETIME",
        "PHONE_FAILURE_LENGTHS",
        "SITE_FAILURE_LENGTHS",
        "SITE_NAME",
        "HOST",
        "ANDROID_HASH",
        "UNDO_WINDOW",
    ],
)
def test_a_wrong_setting_is_told_by_its_own_check_alone(name: str, settings: Any) -> None:
    use_templates(settings, any="a" * 161)
    setattr(settings, f"PHONE_INVITES_{name}", 2.5)
    assert reported() == []


def test_the_notice_is_a_message_too_where_it_is_sent(settings: Any) -> None:
    settings.PHONE_INVITES_SITE_NAME = "A shop whose name is long, " * 3
    settings.PHONE_INVITES_SIGN_UP = "closed"
    without = reported()
    assert [told for told in without if "no account" in told] == []
    settings.PHONE_INVITES_SIGN_UP_NOTICE = True
    (notice,) = set(reported()) - set(without)
    assert notice.startswith("The message that there is no account takes 2 segments (UCS-2, ")
    assert notice.endswith(" in: ru (web), ru (api).")


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("{{ code }}\n\n@site.test #{{ code }}", []),
        ("{{ code }}\n\n@site.test #{{ code }} and more", []),
        ("your cod is {{ cod }}", ["The message does not hold the code in: en (web), en (api)."]),
        *(
            (source, ["The last line of the message is not what browsers look for in: en (web)."])
            for source in (
                "{{ code }}",
                "{{ code }}\n@ site.test # {{ code }}",
                "{{ code }}\n@site.test #{{ code }}0",
                "{{ code }}\n@site.test #{{ code }}\nBye.",
            )
        ),
    ],
)
def test_the_code_stands_where_people_and_browsers_look_for_it(
    source: str, told: list[str], settings: Any
) -> None:
    settings.PHONE_INVITES_HOST = "site.test"
    settings.LANGUAGES = [("en", "English")]
    use_templates(settings, any=source)
    assert [one.msg for one in found(deploy=True) if one.id == "phone_invites.W012"] == told


def test_the_message_to_a_new_number_is_told_apart(settings: Any) -> None:
    settings.LANGUAGES = [("en", "English")]
    use_templates(settings, any="{{ code }}", change="Hello")
    told = one("phone_invites.W012", deploy=True)
    assert told.msg.startswith("The message to a new number does not hold the code in: ")


def test_without_a_host_no_line_is_missed(settings: Any) -> None:
    use_templates(settings, any="{{ code }}")
    assert "phone_invites.W012" not in ids(deploy=True)


def test_the_message_to_a_new_number_is_one_segment(settings: Any) -> None:
    settings.PHONE_INVITES_SITE_NAME = "Shop in the street"
    told = [each for each in reported() if "to a new number" in each]
    assert told == []
    settings.PHONE_INVITES_SITE_NAME = "A shop whose name is long, " * 2
    (told,) = (each for each in reported() if "to a new number" in each)
    assert told.startswith("With a code of 12 digits the message to a new number takes 2 segments")


def test_the_notice_of_a_change_is_two_segments_at_most(settings: Any) -> None:
    settings.PHONE_INVITES_HOST = "example.com"
    assert [told for told in reported() if "was changed" in told] == []
    settings.PHONE_INVITES_SITE_NAME = "A shop whose name is long, " * 2
    (told,) = (told for told in reported() if "was changed" in told)
    assert told.startswith("The message that the number was changed takes 3 segments (UCS-2, ")
    settings.PHONE_INVITES_UNDO_WINDOW = dt.timedelta(0)
    assert [told for told in reported() if "was changed" in told] == []
