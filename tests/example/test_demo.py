"""The commands of the example's README, and what its checks say."""

from __future__ import annotations

import re

#: What ``check --deploy`` must make an evaluator decide; W003 stands once for pages and once for the API.
DEPLOY = ["E010", "W002", "W003", "W003", "W004", "W005", "W006"]

SECRET_KEY = "".join(map(chr, range(33, 126)))

COUNT = """
import django; django.setup()
from django_phone_invites.models import InviteActivation, InviteCode, PhoneAccount
first, *others = PhoneAccount.objects.order_by("pk")
print(1 + len(others), InviteCode.objects.count(), InviteActivation.objects.count())
print(*[activation.invitee_phone for activation in first.user.invitations.order_by("pk")[:2]])
"""


LOOK = """
import django; django.setup()
from django.test import Client
start, phone = Client().get("/"), Client().get("/phone/")
print(start.status_code, b"/phone/" in start.content, phone.status_code)
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

    again = site.run("manage.py", "demo", "--no-serve", "--people", "30")
    assert (again.returncode, again.stderr) == (0, "")
    assert site.run("-c", COUNT).stdout.splitlines() == [counts, samples]

    unbroken = site.run("manage.py", "phone_invites_check")
    assert (unbroken.returncode, unbroken.stderr) == (0, "")


def test_demo_migrates_and_leaves_the_database_empty_if_nothing_else_is_said(site):
    done = site.run("manage.py", "demo", "--no-serve")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert site.run("manage.py", "migrate", "--check").returncode == 0


def test_the_models_have_all_their_migrations(site):
    done = site.run("manage.py", "makemigrations", "--check", "--dry-run")
    assert (done.returncode, done.stdout.strip()) == (0, "No changes detected")


def test_check_has_nothing_to_say(site):
    done = site.run("manage.py", "check")
    assert (done.returncode, done.stderr) == (0, "")
    assert "no issues" in done.stdout


def test_check_deploy_names_what_a_site_must_decide(site):
    done = site.run("manage.py", "check", "--deploy", DEBUG="0", SECRET_KEY=SECRET_KEY)
    assert done.returncode == 1
    assert sorted(re.findall(r"\(phone_invites\.(\w+)\)", done.stderr)) == DEPLOY
    # HSTS for subdomains and the preload list are a site's own to decide.
    assert re.findall(r"\(((?!phone_invites)\w+\.\w+)\)", done.stderr) == [
        "security.W005",
        "security.W021",
    ]


def test_without_debug_there_is_no_page_that_shows_messages(site):
    done = site.run(
        "-c",
        LOOK,
        DEBUG="0",
        SECRET_KEY="x",
        SECURE_SSL_REDIRECT="0",
        ALLOWED_HOSTS="testserver",
    )
    assert done.stdout.split() == ["200", "False", "404"], done.stderr


def test_production_has_no_secret_key_to_fall_back_on(site):
    script = "from django.conf import settings; settings.SECRET_KEY"
    assert site.run("-c", script).returncode == 0
    done = site.run("-c", script, DEBUG="0")
    assert done.returncode == 1
    assert "With DEBUG=0 the environment must have a SECRET_KEY." in done.stderr
