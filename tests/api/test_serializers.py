"""What goes in is of its type, and what comes out has the published names."""

from __future__ import annotations

import json

import pytest

from django_phone_invites.api.serializers import (
    ActivateInviteSerializer,
    GuessField,
    RequestCodeSerializer,
    VerifyCodeSerializer,
)
from django_phone_invites.codes import INVITE_MAX_LENGTH
from django_phone_invites.phones import MAX_INPUT_LENGTH

NO_TEXT = [1, 7.9e10, True, False, None, [], ["x"], {}, {"a": 1}]


def codes_of(serializer, field):
    assert not serializer.is_valid()
    assert set(serializer.errors) == {field}
    return [error.code for error in serializer.errors[field]]


@pytest.mark.parametrize("value", NO_TEXT, ids=json.dumps)
def test_a_phone_is_text_and_nothing_that_could_be_read_as_such(value):
    expected = ["null" if value is None else "invalid"]
    assert codes_of(RequestCodeSerializer(data={"phone": value}), "phone") == expected


@pytest.mark.parametrize("value", NO_TEXT, ids=json.dumps)
def test_an_invite_code_is_text(value):
    expected = ["null" if value is None else "invalid"]
    data = {"stranger_invite_code": value}
    assert codes_of(ActivateInviteSerializer(data=data), "stranger_invite_code") == expected


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("", "blank"),
        ("+" * (MAX_INPUT_LENGTH + 1), "max_length"),
        ("+7\x00909", "null_characters_not_allowed"),
        ("+7\ud800", "surrogate_characters_not_allowed"),
    ],
)
def test_text_that_no_database_takes_is_refused_before_it(value, code):
    assert codes_of(RequestCodeSerializer(data={"phone": value}), "phone") == [code]


def test_the_bounds_themselves_are_allowed():
    phone, code = "+" * MAX_INPUT_LENGTH, "A" * INVITE_MAX_LENGTH
    assert RequestCodeSerializer(data={"phone": phone, "invite_code": code}).is_valid()
    assert ActivateInviteSerializer(data={"stranger_invite_code": code}).is_valid()


def test_over_the_bound_of_an_invite_code_is_refused():
    data = {"stranger_invite_code": "A" * (INVITE_MAX_LENGTH + 1)}
    assert codes_of(ActivateInviteSerializer(data=data), "stranger_invite_code") == ["max_length"]


@pytest.mark.parametrize(
    ("serializer", "field"),
    [
        (RequestCodeSerializer, "phone"),
        (VerifyCodeSerializer, "auth_number"),
        (ActivateInviteSerializer, "stranger_invite_code"),
    ],
)
def test_a_missing_field_is_required(serializer, field):
    assert codes_of(serializer(data={"other": 1}), field) == ["required"]


def test_the_invite_code_brought_along_may_be_left_out_or_empty():
    assert RequestCodeSerializer(data={"phone": "+7"}).is_valid()
    assert RequestCodeSerializer(data={"phone": "+7", "invite_code": ""}).is_valid()


@pytest.mark.parametrize("value", [917, "0917", True, [], "x"], ids=json.dumps)
def test_a_guess_passes_as_it_came(value):
    serializer = VerifyCodeSerializer(data={"auth_number": value})
    assert serializer.is_valid()
    assert serializer.validated_data["auth_number"] is value


def test_a_guess_is_shown_as_it_is():
    assert GuessField().to_representation("0917") == "0917"
