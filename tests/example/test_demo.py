"""The commands of the example's README, and what its checks say."""

from __future__ import annotations

import re
import socket

import django
import pytest

#: What ``check --deploy`` must make an evaluator decide; W003 stands once for pages and once for the API.
DEPLOY = ["E010", "W002", "W003", "W003", "W004", "W005", "W006"]

COUNT = """
import django; django.setup()
from django_phone_invites.models import InviteActivation, InviteCode, PhoneAccount
first, *others = PhoneAccount.objects.order_by("pk")
print(1 + len(others), InviteCode.objects.count(), InviteActivation.objects.count())
print(*[activation.invitee_phone for activation in first.user.invitations.order_by("pk")[:2]])
"""


EMPTY = """
import django; django.setup()
from django.apps import apps
print(not any(model.objects.exists() for model in apps.get_app_config("phone_invites").get_models()))
"""

ADMINS = """
import django; django.setup()
from django.contrib.auth.models import User
print(*User.objects.filter(is_superuser=True).values_list("username", flat=True))
"""

CODES = """
import django; django.setup()
from django_phone_invites.models import LoginCode
from django.utils import timezone
codes = LoginCode.objects.all()
print(*sorted(set(codes.values_list("delivery", flat=True))))
print(any(code.is_live(timezone.now()) for code in codes), codes.filter(used_at=None).exists())
"""


def test_demo_fills_an_empty_database_with_people(site):
    done = site.run("manage.py", "demo", "--no-serve", "--people", "30")
    assert (done.returncode, done.stderr) == (0, "")
    assert "30 of 30 people" in done.stdout
    counts, samples = site.run("-c", COUNT).stdout.splitlines()
    people, codes, activations = map(int, counts.split())
    assert people == codes == 30
    assert 10 <= activations <= 29
    assert samples == "+79096869723 +79096869724"

    fewer = site.run("manage.py", "demo", "--no-serve", "--people", "10")
    assert (fewer.returncode, fewer.stderr) == (0, "")
    assert fewer.stdout == "Made 0 people; 10 were there already.\n"
    assert site.run("-c", COUNT).stdout.splitlines() == [counts, samples]
    deliveries, states = site.run("-c", CODES).stdout.splitlines()
    assert deliveries == "delivered failed sent unknown"
    # None can be entered any more, and some never were.
    assert states == "False True"

    unbroken = site.run("manage.py", "phone_invites_check")
    assert (unbroken.returncode, unbroken.stderr) == (0, "")


def test_demo_migrates_and_makes_nobody_if_nothing_else_is_said(site):
    done = site.run("manage.py", "demo", "--no-serve")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert site.run("manage.py", "migrate", "--check").returncode == 0
    assert site.run("-c", EMPTY).stdout == "True\n"
    assert site.run("-c", ADMINS).stdout == "\n"


def test_demo_makes_the_admins_user_with_the_people_and_once(site):
    first = site.run("manage.py", "demo", "--no-serve", "--people", "2")
    assert "The admin's user is admin, and so is the password.\n" in first.stdout
    again = site.run("manage.py", "demo", "--no-serve", "--people", "2")
    assert "admin" not in again.stdout
    assert site.run("-c", ADMINS).stdout == "admin\n"


def test_without_debug_demo_makes_no_user_with_a_known_password(site):
    done = site.run_deployed("manage.py", "demo", "--no-serve", "--people", "3")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "3 of 3 people\nMade 3 people; 0 were there already.\n"
    assert site.run("-c", ADMINS).stdout == "\n"


@pytest.mark.parametrize("count", ["-3", "1000001", "x", "1.5", "²"])
def test_demo_refuses_what_is_no_number_of_people(site, count):
    done = site.run("manage.py", "demo", "--no-serve", "--people", count)
    assert done.returncode == 2
    assert "argument --people: must be a number from 0 to 1000000" in done.stderr
    assert not (site.folder / "test.sqlite3").exists()


def test_demo_says_that_it_serves_only_where_it_does(site):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = site.run("manage.py", "demo", f"127.0.0.1:{taken.getsockname()[1]}")
    assert done.returncode == 1
    assert "That port is already in use." in done.stderr
    # Django itself says so too early before 5.2.
    if django.VERSION >= (5, 2):
        assert "http://" not in done.stdout


def test_the_models_have_all_their_migrations(site):
    done = site.run("manage.py", "makemigrations", "--check", "--dry-run")
    assert (done.returncode, done.stdout.strip()) == (0, "No changes detected")


def test_check_has_nothing_to_say(site):
    done = site.run("manage.py", "check")
    assert (done.returncode, done.stderr) == (0, "")
    assert "no issues" in done.stdout


def test_check_deploy_names_what_a_site_must_decide(site):
    done = site.run_deployed("manage.py", "check", "--deploy", SECURE_SSL_REDIRECT="1")
    assert done.returncode == 1
    assert sorted(re.findall(r"\(phone_invites\.(\w+)\)", done.stderr)) == DEPLOY
    # HSTS for subdomains and the preload list are a site's own to decide.
    assert re.findall(r"\(((?!phone_invites)\w+\.\w+)\)", done.stderr) == [
        "security.W005",
        "security.W021",
    ]


def test_production_has_no_secret_key_to_fall_back_on(site):
    script = "from django.conf import settings; settings.SECRET_KEY"
    assert site.run("-c", script).returncode == 0
    done = site.run("-c", script, DEBUG="0")
    assert done.returncode == 1
    assert "With DEBUG=0 the environment must have a SECRET_KEY." in done.stderr
