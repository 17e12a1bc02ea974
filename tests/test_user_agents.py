"""What a client says of itself: a few words, whatever it writes there."""

from __future__ import annotations

import pytest

from django_phone_invites import user_agents

MOZILLA = "Mozilla/5.0"
WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (f"{MOZILLA} (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox, Windows"),
        (f"{MOZILLA} (X11; Linux x86_64) {WEBKIT} Chrome/140.0.0.0 Safari/537.36", "Chrome, Linux"),
        (f"{MOZILLA} (X11; CrOS x86_64 14541.0.0) {WEBKIT} Chrome/140.0.0.0 Safari/537.36", "Chrome, ChromeOS"),
        (f"{MOZILLA} (Linux; Android 10; K) {WEBKIT} Chrome/140.0.0.0 Mobile Safari/537.36", "Chrome, Android"),
        (f"{MOZILLA} (Linux; Android 10; K) {WEBKIT} SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36", "Samsung Internet, Android"),
        (f"{MOZILLA} (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0", "Edge, Windows"),
        (f"{MOZILLA} (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/140.0.0.0 Safari/537.36 OPR/120.0.0.0", "Opera, Windows"),
        (f"{MOZILLA} (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/136.0.0.0 YaBrowser/25.6.0.0 Safari/537.36", "Yandex Browser, Windows"),
        (f"{MOZILLA} (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15", "Safari, macOS"),
        (f"{MOZILLA} (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1", "Safari, iPhone"),
        (f"{MOZILLA} (iPad; CPU OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140.0.0.0 Mobile/15E148 Safari/604.1", "Chrome, iPad"),
        (f"{MOZILLA} (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/140.0 Mobile/15E148 Safari/605.1.15", "Firefox, iPhone"),
        (f"{MOZILLA} (a device of tomorrow) Firefox/300.0", "Firefox"),
        ("okhttp/4.12.0", "okhttp"),
        ("Acme-App/2.1 (iPhone; iOS 18.5)", "Acme-App"),
        ("", ""),
        ("<script>alert(1)</script>", ""),
        ("\0\r\nSet-Cookie: a=b", ""),
        ("приложение/1.0", ""),
    ],
)  # fmt: skip
def test_a_client_is_told_in_a_few_words(header, words):
    assert user_agents.describe({"HTTP_USER_AGENT": header}) == words


def test_a_client_that_says_nothing_is_told_by_nothing():
    assert user_agents.describe({}) == ""


@pytest.mark.parametrize("header", ["a" * 100_000, f"Firefox/1 {'Windows' * 100_000}"])
def test_what_is_told_fits_its_column(header):
    assert 0 < len(user_agents.describe({"HTTP_USER_AGENT": header})) <= user_agents.MAX_LENGTH
