"""Pictures of the example's pages, for the documentation.

Start the example on a fresh database, and run this script::

    cd example_project
    DATABASE_URL=sqlite:///pictures.sqlite3 python manage.py demo --people 150 127.0.0.1:8077
    python ../docs/screenshots.py --url http://127.0.0.1:8077

It needs playwright and a Chromium (``--browser``), and Pillow for small files. A number gets one
code a minute, and every run asks for codes to a few numbers: start each on a fresh database.
"""

# ruff: noqa: INP001 - run by its path

from __future__ import annotations

import argparse
import base64
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

HERE = Path(__file__).resolve().parent

SIZES = {"phone": (390, 844), "desktop": (1280, 800)}
SCHEMES = ("light", "dark")
LANGUAGES = {"en": "en-GB", "ru": "ru-RU"}

#: Invited two people, and is invited by nobody.
INVITER = "+79096869722"
#: Activated the inviter's code.
INVITED = "+79096869723"
#: Gets the codes that are never entered; one more for each language.
STRANGERS = {"en": "+79096860101", "ru": "+79096860102"}
SESSION_COOKIE = "sessionid"


@dataclass(frozen=True)
class Look:
    """One way to look at a page."""

    language: str
    size: str
    scheme: str

    def __str__(self) -> str:
        return f"{self.language}-{self.size}-{self.scheme}"


LOOKS = [
    Look(language, size, scheme) for language in LANGUAGES for size in SIZES for scheme in SCHEMES
]


class Photographer:
    """Visits the pages of a running example and keeps their pictures."""

    def __init__(self, browser: Browser, url: str, folder: Path) -> None:
        self.browser = browser
        self.url = url.rstrip("/")
        self.folder = folder

    @contextmanager
    def page(self, look: Look, session: str = "", scale: int = 1) -> Iterator[Page]:
        """Open a page that looks like that, with the session of somebody."""
        width, height = SIZES[look.size]
        context: BrowserContext = self.browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=look.scheme,  # type: ignore[arg-type]
            locale=LANGUAGES[look.language],
            device_scale_factor=scale,
            reduced_motion="reduce",
        )
        if session:
            context.add_cookies([{"name": SESSION_COOKIE, "value": session, "url": self.url}])
        try:
            yield context.new_page()
        finally:
            context.close()

    def shoot(self, page: Page, name: str, *, full: bool = False) -> None:
        """Keep a picture of what the page shows; tell of what sticks out of it."""
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if wide > 0:
            sys.stderr.write(f"{name}: {wide} px wider than the window\n")
        page.screenshot(path=self.folder / f"{name}.png", full_page=full, animations="disabled")

    def ask(self, page: Page, phone: str) -> None:
        """Ask for a code to ``phone`` and wait for the page of the code."""
        page.goto(f"{self.url}/user/")
        page.locator("input[name=phone]").fill(phone)
        page.locator("form.pi-form button[type=submit]").click()
        page.wait_for_selector("input[name=auth_number]", timeout=15_000)

    def session_of(self, page: Page) -> str:
        """Return the session that the page's browser has."""
        return next(
            cookie["value"] for cookie in page.context.cookies() if cookie["name"] == SESSION_COOKIE
        )

    def log_in(self, phone: str) -> tuple[str, str]:
        """Log in with the code that the phone page shows; return session and profile's path."""
        with self.page(LOOKS[0]) as page:
            self.ask(page, phone)
            page.locator("input[name=auth_number]").fill(self.newest_code(phone))
            page.wait_for_url(re.compile("/deteil/"), timeout=15_000)
            return self.session_of(page), page.url

    def newest_code(self, phone: str) -> str:
        """Return the code that ``phone`` got last, from the page that shows the messages."""
        with urlopen(f"{self.url}/phone/") as answer:  # noqa: S310 - the address is the caller's
            text = answer.read().decode()
        found = re.search(re.escape(phone) + r"</strong>.*?<br>\s*(\d+)", text, re.DOTALL)
        if found is None:
            raise SystemExit(f"The page of the messages shows none to {phone}.")
        return found[1]

    def wrong(self, code: str) -> str:
        """Return digits that are not the code."""
        return str((int(code) + 1) % 10 ** len(code)).zfill(len(code))


def take_all(visit: Photographer) -> None:
    """Take every page in every look."""
    inviter, profile = visit.log_in(INVITER)
    invited, invited_profile = visit.log_in(INVITED)

    pending: dict[str, tuple[str, str]] = {}
    wrong: dict[str, str] = {}
    for language, phone in STRANGERS.items():
        with visit.page(Look(language, "phone", "light")) as page:
            visit.ask(page, phone)
            pending[language] = visit.session_of(page), page.url
        wrong[language] = visit.wrong(visit.newest_code(phone))

    for look in LOOKS:
        with visit.page(look) as page:
            page.goto(f"{visit.url}/user/")
            page.locator("input[name=phone]").fill("+7 909 686-97-22")
            visit.shoot(page, f"phone-{look}")
            page.locator("input[name=phone]").fill("12345")
            page.locator("form.pi-form button[type=submit]").click()
            page.wait_for_selector("[role=alert]:visible")
            visit.shoot(page, f"phone-error-{look}")
        session, code_url = pending[look.language]
        with visit.page(look, session) as page:
            page.goto(code_url)
            page.locator("input[name=auth_number]").press_sequentially(wrong[look.language])
            visit.shoot(page, f"code-{look}")
        with visit.page(look, inviter) as page:
            page.goto(profile)
            visit.shoot(page, f"profile-{look}")
            page.goto(f"{profile}invitees/")
            visit.shoot(page, f"invitees-{look}")
            for name in ("logins", "number", "undo"):
                page.goto(f"{visit.url}/user/{name}/")
                visit.shoot(page, f"{name}-{look}")
        with visit.page(look, invited) as page:
            page.goto(invited_profile)
            visit.shoot(page, f"profile-activated-{look}", full=True)
        with visit.page(look) as page:
            page.goto(f"{visit.url}/")
            visit.shoot(page, f"start-{look}")
            page.goto(f"{visit.url}/phone/")
            visit.shoot(page, f"messages-{look}")

    # One guess for all looks: the page after it is drawn again in other sizes and colours.
    for language, (session, code_url) in pending.items():
        with visit.page(Look(language, "phone", "light"), session) as page:
            page.goto(code_url)
            page.locator("input[name=auth_number]").press_sequentially(wrong[language])
            page.locator("form.pi-form button[type=submit]").click()
            page.wait_for_selector(".pi-error")
            for look in LOOKS:
                if look.language != language:
                    continue
                width, height = SIZES[look.size]
                page.set_viewport_size({"width": width, "height": height})
                page.emulate_media(color_scheme=look.scheme)  # type: ignore[arg-type]
                visit.shoot(page, f"code-error-{look}")


#: At full size: a README shows it at about half, which looks sharp on any screen.
SHEET = """<!doctype html><meta charset="utf-8"><style>
body { margin: 0; background: #dfe3ea; }
div { display: flex; gap: 26px; padding: 30px; width: max-content; }
img { width: 390px; height: 720px; object-fit: cover; object-position: top; display: block;
      border-radius: 24px; box-shadow: 0 2px 18px rgb(20 30 60 / 18%); }
</style><div>"""


def compose(browser: Browser, folder: Path) -> None:
    """Put the phone-width pages next to each other, for the README."""
    names = [
        "phone-en-phone-light",
        "code-en-phone-light",
        "profile-en-phone-light",
        "profile-en-phone-dark",
    ]
    pictures = [base64.b64encode((folder / f"{name}.png").read_bytes()).decode() for name in names]
    page = browser.new_page(viewport={"width": 1800, "height": 800})
    page.set_content(
        SHEET + "".join(f'<img src="data:image/png;base64,{data}">' for data in pictures)
    )
    page.locator("div").screenshot(path=folder / "pages.png")
    page.close()


def shrink(folder: Path) -> None:
    """Reduce the pictures to palettes, a third of the size, if Pillow is there."""
    try:
        from PIL import Image  # noqa: PLC0415 - optional
    except ImportError:
        sys.stderr.write("Without Pillow, the pictures stay as large as the browser made them.\n")
        return
    for path in folder.glob("*.png"):
        with Image.open(path) as picture:
            small = picture.convert("RGB").quantize(128, dither=Image.Dither.NONE)
        small.save(path, optimize=True)


def main() -> None:
    """Read the arguments and take the pictures."""
    parser = argparse.ArgumentParser(description="Take pictures of the running example's pages.")
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="Where the example is.")
    parser.add_argument("--browser", default="/usr/bin/chromium", help="The Chromium to use.")
    parser.add_argument("--folder", type=Path, default=HERE / "images", help="Where to put them.")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=arguments.browser,
            args=["--no-sandbox", "--disable-gpu", "--hide-scrollbars"],
        )
        take_all(Photographer(browser, arguments.url, arguments.folder))
        compose(browser, arguments.folder)
        browser.close()
    shrink(arguments.folder)
    total = sum(path.stat().st_size for path in arguments.folder.glob("*.png"))
    sys.stdout.write(f"{total / 1e6:.1f} MB in {arguments.folder}\n")


if __name__ == "__main__":
    main()
