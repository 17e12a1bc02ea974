"""Forms that only parse; what they hold is judged by the services."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from django_phone_invites.codes import INVITE_MAX_LENGTH, fold_invite_code
from django_phone_invites.conf import app_settings
from django_phone_invites.phones import MAX_INPUT_LENGTH


class NumberForm(forms.Form):
    """Asks for a phone number."""

    phone = forms.CharField(
        label=_("Phone number"),
        max_length=MAX_INPUT_LENGTH,
        # What may stand around a number or an invite code is the services' to say; str.strip would
        # take control characters off as well.
        strip=False,
        widget=forms.TextInput(
            attrs={"type": "tel", "inputmode": "tel", "autocomplete": "tel", "autofocus": True}
        ),
    )


class PhoneForm(NumberForm):
    """Asks for a phone number, and carries the invite code of a link along."""

    # Whatever a link holds, it does not keep anybody from signing in.
    invite = forms.Field(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if app_settings.sign_up == "invite":
            self.fields["invite"] = forms.Field(
                label=_("Invite code, if you are new here"),
                required=False,
                widget=forms.TextInput(
                    attrs={"autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}
                ),
            )

    def clean_invite(self) -> str:
        """Drop what could not be an invite code."""
        return readable_invite(self.cleaned_data["invite"] or "")


def readable_invite(raw: str) -> str:
    """Return an invite code out of a link, "" for what could not be one."""
    return raw.strip() if fold_invite_code(raw) else ""


class CodeForm(forms.Form):
    """Asks for the code of a message."""

    # A bare field, which refuses nothing: a malformed guess, an empty one included, is for the
    # service to refuse, which counts it for its address.
    auth_number = forms.Field(
        label=_("Code"),
        required=False,
        widget=forms.TextInput(
            attrs={
                "required": True,
                "inputmode": "numeric",
                "autocomplete": "one-time-code",
                "pattern": "[0-9 \\-]*",
                "autofocus": True,
            }
        ),
    )

    def __init__(self, *args: Any, code_length: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Room for a space or two in a pasted "123 456".
        self.fields["auth_number"].widget.attrs["maxlength"] = code_length + 4

    def clean_auth_number(self) -> str:
        """Drop the spaces and hyphens that people group digits with."""
        return re.sub(r"[ \-]", "", (self.cleaned_data["auth_number"] or "").strip())


class InviteForm(forms.Form):
    """Asks for somebody else's invite code."""

    stranger_invite_code = forms.CharField(
        label=_("Invite code"),
        max_length=INVITE_MAX_LENGTH,
        strip=False,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}
        ),
    )


class UndoForm(forms.Form):
    """Asks for what the message about a changed number says."""

    token = forms.CharField(
        label=_("What the message says"),
        max_length=500,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}
        ),
    )

    def clean_token(self) -> str:
        """Take it in capitals too, and out of the whole message."""
        entered: str = self.cleaned_data["token"].lower()
        found = re.search(r"\b[0-9a-f]{32}\b", entered)
        return found[0] if found else entered
