"""A fresh project, on which the documentation is followed."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.docs.markdown import SOURCE, Block

#: ``compilemessages`` needs it.
HAS_GETTEXT = shutil.which("msgfmt") is not None


LOG_IN = """
import contextlib, io, re
from django.test import Client
from django_phone_invites.models import PhoneAccount

client = Client(SERVER_NAME="localhost")
page = client.get("/account/")
assert page.status_code == 200, page.status_code
assert 'name="phone"' in page.content.decode()
assert client.get("/account/profile/").url == "/account/?next=%2Faccount%2Fprofile%2F"
printed = io.StringIO()
with contextlib.redirect_stdout(printed):
    asked = client.post("/account/", {"phone": "+79096869722"})
assert asked.status_code == 302, asked.content.decode()
code = re.search(r"[+]79096869722 ([0-9]{6})", printed.getvalue()).group(1)
assert client.get(asked.url).status_code == 200
wrong = client.post(asked.url, {"auth_number": str((int(code) + 1) % 10**6).zfill(6)})
assert wrong.status_code == 200
right = client.post(asked.url, {"auth_number": code})
assert (right.status_code, right.url) == (302, "/account/profile/"), right.content.decode()
profile = client.get(right.url)
assert profile.status_code == 200
account = PhoneAccount.objects.get()
assert account.e164 == "+79096869722"
assert account.user.invite_code.code in profile.content.decode()
assert client.post("/account/logout/").status_code == 302
assert client.get("/account/profile/").status_code == 302
"""


class Project:
    """A project made by ``startproject``, in which commands run as a site's would."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def python(self, *arguments: str, stdin: str = "", **variables: str) -> str:
        kept = {
            key: value
            for key, value in os.environ.items()
            if key not in ("DATABASE_URL", "DJANGO_SETTINGS_MODULE")
        }
        environment = {
            **kept,
            "PYTHONPATH": str(SOURCE.parent),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONIOENCODING": "utf-8",
            **variables,
        }
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.root,
            env=environment,
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{arguments}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def manage(self, *arguments: str, **variables: str) -> str:
        return self.python("manage.py", *arguments, **variables)

    def script(self, text: str, **given: Any) -> str:
        """Run ``text`` with Django set up and ``given`` as its global names."""
        setup = (
            "import json, os, sys; sys.path.insert(0, '')\n"
            "os.environ['DJANGO_SETTINGS_MODULE'] = 'mysite.settings'\n"
            "import django; django.setup()\n"
            "globals().update(json.load(sys.stdin))\n"
        )
        return self.python("-c", setup + text, stdin=json.dumps(given))

    def follow(self, blocks: Iterable[Block], *, prefix: str = "", without: str = "") -> str:
        """Append, write and run as the marks of ``blocks`` say; return what was printed.

        A mark is ``append: PATH``, ``write: PATH``, ``run`` or, where gettext is installed,
        ``gettext run``, after ``prefix``: a page may hold two recipes that exclude each other.
        """
        printed = ""
        for block in blocks:
            for mark in block.marks:
                if not mark.startswith(prefix) or (without and mark.startswith(without)):
                    continue
                action, _, argument = mark.removeprefix(prefix).partition(": ")
                if action in ("append", "write"):
                    self._put(self.root / argument, block.text, append=action == "append")
                elif action == "run" or (action == "gettext run" and HAS_GETTEXT):
                    for line in block.text.splitlines():
                        printed += self.python(*shlex.split(line.removeprefix("python ")))
        return printed

    def _put(self, path: Path, text: str, *, append: bool) -> None:
        assert path.exists() or not append, path
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.read_text("utf-8") + "\n" if append else ""
        path.write_text(before + text, "utf-8")
