"""What goes in and out as JSON. The field names are the published contract's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from django_phone_invites import phones
from django_phone_invites.api.examples import INVITE, PHONE, UNDO
from django_phone_invites.api.ids import CodeIdField, NumberCodeIdField, UserIdField
from django_phone_invites.api.issuers import get_issuer
from django_phone_invites.codes import INVITE_MAX_LENGTH
from django_phone_invites.logins import KnownLogin
from django_phone_invites.models import InviteActivation
from django_phone_invites.phones import MAX_INPUT_LENGTH


class TextField(serializers.CharField):
    """A string, and nothing that could be read as one.

    It is passed on untrimmed: what may stand around a number or a code is the services' to say, and
    ``str.strip`` would take control characters off as well.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(trim_whitespace=False, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        """Refuse numbers too: REST framework would take ``7.9e10`` for text."""
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


@extend_schema_field(
    {
        "oneOf": [
            {"type": "integer", "minimum": 0},
            {"type": "string", "pattern": "^[0-9]{4,12}$"},
        ]
    }
)
class GuessField(serializers.Field):
    """An integer or a string of ASCII digits; the service says which of them could be a code."""

    def validate_empty_values(self, data: Any) -> tuple[bool, Any]:
        """Take null for a guess, which the service refuses and counts like any malformed one."""
        return (True, data) if data is None else super().validate_empty_values(data)

    def to_internal_value(self, data: Any) -> Any:
        """Pass the value on as it came."""
        return data

    def to_representation(self, value: Any) -> Any:
        """Pass the value on as it is."""
        return value


class PositionField(serializers.IntegerField):
    """The number of a row, in ASCII digits."""

    def get_value(self, dictionary: Mapping[str, Any]) -> Any:
        """Return "" for "": REST framework takes a query for a form, and "" there for nothing."""
        return dictionary.get(str(self.field_name), serializers.empty)

    def to_internal_value(self, data: Any) -> Any:
        """Refuse what the pages do not read either: REST framework takes ``1_0`` and ``7.0``."""
        if not re.fullmatch("[0-9]+", str(data)):
            self.fail("invalid")
        return super().to_internal_value(data)


@extend_schema_serializer(
    examples=[
        OpenApiExample("a phone", {"phone": PHONE}),
        OpenApiExample("a phone and an invite", {"phone": PHONE, "invite_code": INVITE}),
    ]
)
class RequestCodeSerializer(serializers.Serializer):
    """Asks for a code."""

    phone = TextField(max_length=MAX_INPUT_LENGTH, help_text="With the country code.")
    invite_code = TextField(
        max_length=INVITE_MAX_LENGTH,
        required=False,
        allow_blank=True,
        help_text="An invite code to activate if this turns out to be a first login.",
    )


class ChallengeSerializer(serializers.Serializer):
    """A code that was asked for."""

    id = CodeIdField(help_text="Names the code in the URL where it is entered.")
    phone = serializers.CharField(help_text="E.164.")
    expires_at = serializers.DateTimeField()
    resend_at = serializers.DateTimeField(help_text="When the next code can be asked for.")
    attempts_left = serializers.IntegerField()


@extend_schema_serializer(
    examples=[
        OpenApiExample("a string", {"auth_number": "8917"}),
        OpenApiExample("an integer", {"auth_number": 8917}),
    ]
)
class VerifyCodeSerializer(serializers.Serializer):
    """Enters a code."""

    auth_number = GuessField(help_text='917 and "0917" both mean 0917.')


@extend_schema_serializer(examples=[OpenApiExample("a phone", {"phone": PHONE})])
class RequestChangeSerializer(serializers.Serializer):
    """Asks for a code that changes the number."""

    phone = TextField(
        max_length=MAX_INPUT_LENGTH, help_text="The new number, with the country code."
    )


class NumberChallengeSerializer(ChallengeSerializer):
    """A code that changes the number."""

    id = NumberCodeIdField(  # type: ignore[assignment]  # of another route
        help_text="Names the code in the URL where it is entered."
    )


class NumberSerializer(serializers.Serializer):
    """The own number."""

    phone = serializers.CharField(help_text="E.164.")


@extend_schema_serializer(examples=[OpenApiExample("a token", {"token": UNDO})])
class UndoSerializer(serializers.Serializer):
    """Undoes a change of the number."""

    token = TextField(max_length=32, help_text="Out of the message to the old number.")


class InviteeSerializer(serializers.Serializer):
    """Somebody who activated the own code."""

    phone = serializers.SerializerMethodField()
    activated_at = serializers.DateTimeField()

    def get_phone(self, activation: InviteActivation) -> str:
        """Return the phone, masked unless the site shows it."""
        return phones.shown_to_inviter(activation.invitee_phone)


class ProfileSerializer(serializers.Serializer):
    """What a user sees of their own."""

    id = UserIdField(source="account.user_id", help_text="The user's id.")
    phone = serializers.CharField(source="account.e164", help_text="E.164.")
    invite_code = serializers.CharField(source="invite_code.code")
    stranger_invite_code = serializers.CharField(source="activated_code", allow_null=True)
    invite_user = InviteeSerializer(source="invitees", many=True, help_text="The newest 100.")
    invite_user_count = serializers.IntegerField(source="invite_code.uses")


@extend_schema_serializer(examples=[OpenApiExample("an invite", {"stranger_invite_code": INVITE})])
class ActivateInviteSerializer(serializers.Serializer):
    """Activates somebody's invite code. Other fields are ignored."""

    # drf-spectacular makes the serializer of every PATCH partial, which would require no field.
    partial = property(lambda self: False, lambda self, value: None)

    stranger_invite_code = TextField(max_length=INVITE_MAX_LENGTH)


class InviteeQuerySerializer(serializers.Serializer):
    """Asks for a page of invitees."""

    older_than = PositionField(
        required=False,
        min_value=1,
        max_value=2**63 - 1,
        help_text="From the answer before this one; left out for the newest.",
    )


class InviteePageSerializer(serializers.Serializer):
    """A page of invitees."""

    invite_user = InviteeSerializer(source="invitees", many=True)
    older_than = serializers.IntegerField(
        allow_null=True, help_text="Pass it on for the next page; null at the last."
    )


class FieldErrorSerializer(serializers.Serializer):
    """What is wrong with one field."""

    code = serializers.CharField()
    detail = serializers.CharField()


class LoginSerializer(serializers.Serializer):
    """What the token issuer gave out, and the user's id."""

    id = UserIdField(help_text="The user's id.")
    invite_refusal = FieldErrorSerializer(
        required=False,
        help_text="Why the invite code that was brought along was not activated, if it was not.",
    )

    def get_fields(self) -> dict[str, serializers.Field]:
        """Put what the issuer in force gives out in front."""
        return {**get_issuer().answer().get_fields(), **super().get_fields()}


class KnownLoginSerializer(serializers.Serializer):
    """What the user is logged in with."""

    id = serializers.CharField(source="reference", help_text="Names the login. It opens nothing.")
    kind = serializers.SerializerMethodField()
    issuer = serializers.CharField(help_text="What gave out its token; empty for a session.")
    began_at = serializers.DateTimeField(allow_null=True)
    ends_at = serializers.DateTimeField(
        allow_null=True, help_text="null where it is not known, or comes with a logout only."
    )
    user_agent = serializers.CharField(
        help_text="A few words of the client, which may say anything; empty if not kept."
    )
    is_present = serializers.BooleanField(help_text="Whether this request was made with it.")

    @extend_schema_field({"type": "string", "enum": ["session", "token"]})
    def get_kind(self, login: KnownLogin) -> str:
        """Return what the login is kept in."""
        return "token" if login.issuer else "session"


class KnownLoginsSerializer(serializers.Serializer):
    """All that the user is logged in with, as far as it is known."""

    logins = KnownLoginSerializer(many=True, help_text="Newest first.")
    unknown = serializers.ListField(
        child=serializers.CharField(),
        help_text='What else may go on: "sessions", or the path of an issuer.',
    )


class RefusalSerializer(serializers.Serializer):
    """A request that was not granted; ``code`` is stable, ``detail`` is for people."""

    code = serializers.CharField()
    detail = serializers.CharField()
    errors = serializers.DictField(  # type: ignore[assignment]  # a field of that name, not the property
        child=FieldErrorSerializer(many=True), required=False
    )
    attempts_left = serializers.IntegerField(required=False)
    resend_at = serializers.DateTimeField(required=False)
