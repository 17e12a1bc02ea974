"""The page that says why a phone got no code. Its number is posted: it stands in no access log."""

from __future__ import annotations

from dataclasses import dataclass

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from django_phone_invites import phones
from django_phone_invites.admin import reasons
from django_phone_invites.admin.base import change_url
from django_phone_invites.admin.facts import KINDS, Fact, Says, facts_of
from django_phone_invites.exceptions import PhoneInvalid
from django_phone_invites.models import LoginCode
from django_phone_invites.services.explain import Explanation


class PhoneForm(forms.Form):
    """Asks for a whole number, in any spelling."""

    phone = forms.CharField(
        label=_("phone"),
        max_length=phones.MAX_INPUT_LENGTH,
        help_text=_("A whole phone number, in any spelling."),
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autofocus": True, "class": "vTextField", "type": "tel"}
        ),
    )

    def clean_phone(self) -> str:
        """Return it in E.164."""
        try:
            return phones.parse(self.cleaned_data["phone"])
        except PhoneInvalid as refusal:
            raise ValidationError(refusal.message, code=refusal.code) from None


@dataclass(frozen=True)
class Story:
    """One code, in words."""

    url: str
    at: str
    channel: str
    sentences: list[str]
    tries: list[reasons.Tried]


@dataclass(frozen=True)
class Answer:
    """What the page says of a number."""

    phone: str
    region: str
    kind: str
    is_test: bool
    facts: list[Fact]
    stories: list[Story]

    @property
    def is_stopped(self) -> bool:
        """Tell whether something keeps a code that is asked for now away."""
        return any(fact.says is Says.STOPS for fact in self.facts)


def answer(found: Explanation, *, shows_number: bool, site_name: str) -> Answer:
    """Put an explanation in words."""
    return Answer(
        phone=phones.display(found.phone) if shows_number else phones.mask(found.phone),
        region=found.region,
        kind=str(KINDS[found.kind]),
        is_test=found.is_test,
        facts=list(facts_of(found)),
        stories=[_story(code, found, site_name) for code in found.codes],
    )


def _story(code: LoginCode, found: Explanation, site_name: str) -> Story:
    return Story(
        url=change_url(code, site_name),
        at=reasons.moment(code.created_at),
        channel=code.get_channel_display(),
        sentences=[
            sentence
            for sentence in (
                reasons.of_message(code, found.now),
                reasons.of_purpose(code),
                reasons.of_end(code, found),
            )
            if sentence
        ],
        tries=reasons.tries(code),
    )
