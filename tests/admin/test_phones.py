"""Phone accounts and login codes: numbers are masked, and found as a whole only."""

from __future__ import annotations

import pytest

from tests.admin.pages import OTHER_PHONE, PHONE, changelist, page

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", ["token", "nonce"])
def test_no_query_tells_a_secret_sign_by_sign(root, rows, name):
    """Whoever may list rows may not ask whether a secret begins with some sign."""
    secret = getattr(rows["logincode"], name)
    counts = []
    for start in (secret[0], "g"):
        response = root.get(changelist("logincode"), {f"{name}__startswith": start})
        counts.append(response.context["cl"].result_count if response.status_code == 200 else None)
    assert counts[0] == counts[1]


@pytest.mark.parametrize("name", ["logincode", "phoneaccount"])
@pytest.mark.parametrize("lookup", ["startswith", "contains", "gte"])
def test_no_query_tells_a_masked_number_digit_by_digit(clerk, rows, name, lookup):
    counts = []
    for value in ("+7909", "+7999"):
        response = clerk.get(changelist(name), {f"phone__{lookup}": value})
        counts.append(response.context["cl"].result_count if response.status_code == 200 else None)
    assert counts[0] == counts[1]


@pytest.mark.parametrize("name", ["phoneaccount", "logincode"])
def test_numbers_are_masked_without_the_permission(clerk, rows, name):
    for url in (changelist(name), page(name, rows[name])):
        content = clerk.get(url).content.decode()
        assert "+7 •••-•••-••-22" in content
        assert "+7(909)686-97-22" not in content


@pytest.mark.parametrize("name", ["phoneaccount", "logincode"])
def test_numbers_are_shown_with_the_permission(root, rows, name):
    assert "+7(909)686-97-22" in root.get(changelist(name)).content.decode()
    assert "+7(909)686-97-22" in root.get(page(name, rows[name])).content.decode()


@pytest.mark.parametrize("name", ["phoneaccount", "logincode"])
@pytest.mark.parametrize(
    "written", [PHONE, "+7 909 686-97-22", "8 (909) 686-97-22", " 89096869722 "]
)
def test_a_number_is_found_in_any_spelling(clerk, rows, name, written, settings):
    settings.PHONE_INVITES_DEFAULT_REGION = "RU"
    found = clerk.get(changelist(name), {"q": written}).context["cl"].queryset
    assert list(found) == [rows[name]]


@pytest.mark.parametrize("name", ["phoneaccount", "logincode"])
@pytest.mark.parametrize("part", ["+7909", "686", "22", "x", "•", "' OR 1=1", "+79096869723"])
def test_a_part_of_a_number_finds_nothing(clerk, rows, name, part):
    assert not clerk.get(changelist(name), {"q": part}).context["cl"].queryset.exists()


def test_the_list_filters_by_what_it_shows_and_by_its_filters(reader, rows):
    for lookup, value, count in [
        ("region", "RU", 1),
        ("region", "KZ", 0),
        ("delivery__exact", "sent", 1),
        ("channel__exact", "api", 0),
        ("created_at__year", str(rows["logincode"].created_at.year), 1),
    ]:
        response = reader.get(changelist("logincode"), {lookup: value})
        assert response.context["cl"].result_count == count, lookup


def test_a_phone_is_not_broken_into_two_lines(root, rows):
    for name in ("logincode", "phoneaccount"):
        content = root.get(changelist(name)).content.decode()
        assert '<span class="nowrap">+7(909)686-97-22</span>' in content


@pytest.mark.parametrize("used", [True, False])
def test_the_list_tells_whether_a_code_was_entered(root, rows, used):
    rows["logincode"].used_at = rows["logincode"].created_at if used else None
    rows["logincode"].save()
    content = root.get(changelist("logincode")).content.decode()
    assert f'alt="{used}"' in content


def test_the_page_of_a_code_says_what_became_of_its_message(reader, rows):
    content = reader.get(page("logincode", rows["logincode"])).content.decode()
    assert "Sent through MemorySender at " in content
    assert "<td>MemorySender</td>" in content
    assert "<td>Sent</td>" in content


def test_the_page_of_a_code_that_was_not_tried_has_a_dash(reader, rows):
    rows["logincode"].tries = []
    rows["logincode"].save()
    content = reader.get(page("logincode", rows["logincode"])).content.decode()
    assert "pi-tries" not in content


def test_what_a_provider_says_is_text_and_no_markup(root, rows):
    rows["logincode"].tries[-1] |= {"error": "<script>"}
    rows["logincode"].delivered_by = "<b>"
    rows["logincode"].save()
    content = root.get(page("logincode", rows["logincode"])).content.decode()
    assert "&lt;script&gt;" in content
    assert "Sent through &lt;b&gt;" in content


# Changes of a number


def test_a_change_is_found_by_both_numbers(clerk, rows):
    for phone in (PHONE, OTHER_PHONE):
        listed = clerk.get(changelist("phonechange"), {"q": phone}).context["cl"].queryset
        assert list(listed) == [rows["phonechange"]]
    for part in ("+7909", "x", "+79096869723"):
        found = clerk.get(changelist("phonechange"), {"q": part}).context["cl"].queryset
        assert not found.exists()


def test_a_change_shows_both_numbers_with_the_permission(root, rows):
    for url in (changelist("phonechange"), page("phonechange", rows["phonechange"])):
        shown = root.get(url).content.decode()
        assert "+7(909)686-97-22" in shown
        assert "+7(926)123-45-67" in shown


def test_a_change_masks_both_numbers_without_it(clerk, rows):
    for url in (changelist("phonechange"), page("phonechange", rows["phonechange"])):
        shown = clerk.get(url).content.decode()
        assert "+7 •••-•••-••-22" in shown
        assert "+7 •••-•••-••-67" in shown


def test_a_first_number_has_none_before_it(root, rows):
    type(rows["phonechange"]).objects.update(old="")
    page_ = root.get(page("phonechange", rows["phonechange"])).content.decode()
    assert '<span class="nowrap">-</span>' in page_


@pytest.mark.parametrize("lookup", ["old__startswith", "new__gte", "undo_digest__startswith"])
def test_no_query_tells_a_change_sign_by_sign(clerk, rows, lookup):
    assert clerk.get(changelist("phonechange"), {lookup: "+7"}).status_code == 400


def test_changes_are_listed_by_when(reader, rows):
    response = reader.get(changelist("phonechange"), {"undone_at__isnull": "True"})
    assert response.context["cl"].result_count == 1
