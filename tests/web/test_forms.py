"""Forms parse, and judge nothing but the shape."""

from __future__ import annotations

import pytest

from django_phone_invites.web.forms import CodeForm, InviteForm, PhoneForm


def codes_of(form):
    return {
        name: [error.code for error in errors] for name, errors in form.errors.as_data().items()
    }


def test_a_phone_is_taken_as_it_was_written():
    form = PhoneForm({"phone": " 8 (909) 686-97-22 "})
    assert form.is_valid()
    assert form.cleaned_data == {"phone": " 8 (909) 686-97-22 ", "invite": ""}


@pytest.mark.parametrize(
    ("data", "errors"),
    [
        ({}, {"phone": ["required"]}),
        ({"phone": ""}, {"phone": ["required"]}),
        ({"phone": "1" * 65}, {"phone": ["max_length"]}),
        ({"phone": "1\0"}, {"phone": ["null_characters_not_allowed"]}),
    ],
)
def test_what_is_no_phone_by_its_shape_is_refused(data, errors):
    assert codes_of(PhoneForm(data)) == errors


def test_a_phone_may_be_64_characters():
    assert PhoneForm({"phone": "1" * 64, "invite": "x" * 32}).is_valid()


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("123456", "123456"),
        (" 123 456 ", "123456"),
        ("\t123456\r\n", "123456"),
        ("12345\0", "12345\0"),
        ("12-34-56", "123456"),
        ("- -", ""),
        ("012", "012"),
        ("ab", "ab"),
    ],
)
def test_grouping_is_taken_out_of_a_code(typed, read):
    form = CodeForm({"auth_number": typed}, code_length=6)
    assert form.is_valid()
    assert form.cleaned_data["auth_number"] == read


@pytest.mark.parametrize("data", [{}, {"auth_number": ""}, {"auth_number": "1" * 33}])
def test_a_malformed_guess_is_left_to_the_service_which_counts_it(data):
    assert CodeForm(data, code_length=6).is_valid()


@pytest.mark.parametrize("length", [4, 12])
def test_the_field_has_room_for_a_grouped_code(length):
    field = CodeForm(code_length=length).fields["auth_number"]
    assert field.widget.attrs["maxlength"] == length + 4


def test_one_form_s_length_is_not_another_s():
    CodeForm(code_length=12)
    assert CodeForm(code_length=4).fields["auth_number"].widget.attrs["maxlength"] == 8


@pytest.mark.parametrize("typed", ["TwXK36", "à", "x" * 32])
def test_an_invite_code_is_judged_by_the_service(typed):
    form = InviteForm({"stranger_invite_code": typed})
    assert form.is_valid()
    assert form.cleaned_data == {"stranger_invite_code": typed}


@pytest.mark.parametrize(
    ("typed", "error"),
    [("", "required"), ("x" * 33, "max_length"), ("x\0", "null_characters_not_allowed")],
)
def test_what_is_no_invite_code_by_its_shape_is_refused(typed, error):
    assert codes_of(InviteForm({"stranger_invite_code": typed})) == {
        "stranger_invite_code": [error]
    }
